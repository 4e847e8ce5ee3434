"""A client's connection: aiohttp's protocol, with our own answers, limits and deadlines.

A subclass, for three things aiohttp leaves no hook for: what its parser refuses is answered in
text/plain with a traceback in the log; nothing limits how long a request's head may take; and
content that turns out malformed leaves its reader waiting. `tests/gateway/test_protocol.py` fails
when aiohttp changes under it.
"""

import asyncio
import time
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod, HttpProcessingError, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import _ErrInfo

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.exchange import Exchange
from corsproxy.core.messages import Client, Passage
from corsproxy.core.verdicts import Verdict
from corsproxy.gateway.deadline import Deadline
from corsproxy.gateway.memory import Memory
from corsproxy.gateway.relay import render, written

if TYPE_CHECKING:
    from corsproxy.gateway.server import Listening

_EMPTY_LINE = b"\r\n\r\n"  # with the end of the line before it
_A_YEAR = 365 * 86400.0  # what `off` is to aiohttp's timer, in seconds


class ClientProtocol(web.RequestHandler):
    """One connection of a client, with one exchange at a time."""

    __slots__ = ("_chunked", "_content", "_heard", "_heavy", "_last", "_listening", "_patience",
                 "_request", "_unfinished", "client", "memory", "refusal")  # fmt: skip

    def __init__(self, listening: "Listening", loop: asyncio.AbstractEventLoop) -> None:
        limits = listening.limits
        super().__init__(
            listening,
            loop=loop,
            keepalive_timeout=_A_YEAR if limits.keepalive is None else limits.keepalive,
            max_line_size=limits.header_size,
            max_field_size=limits.header_size + 1,  # told apart by which limit was passed
            max_headers=limits.header_size // 32,
            lingering_time=2,
            read_bufsize=64 * 1024,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # None is what aiohttp's own docs say
        )
        self._listening = listening
        self._patience = Deadline(loop, self._head_too_slow)
        self._heard = False
        self._request: web.BaseRequest | None = None
        self._content: StreamReader = EMPTY_PAYLOAD
        self._chunked = False
        self._last = b""  # the last octets received
        self._unfinished = 0  # octets of a head that is not whole yet, as far as they are known
        self._heavy = False
        self.client = Client(None)
        self.memory = Memory()
        self.refusal: GatewayError | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, and start counting: against the limit, and against the clock."""
        self.client = self._listening.meet(transport)
        self.refusal = self._listening.admit()
        self._patience.set(self._listening.header_timeout)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let the connection go."""
        self._patience.close()
        self._listening.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take octets; the first of a head start its clock."""
        self._heard = True
        known, between = self._request_count, self._content.is_eof()
        had = self._content.total_bytes
        super().data_received(data)
        heads = self._request_count - known
        if heads == 1 and between and self._is_plain(data):
            return
        if not between and self._chunked and (heads or self._is_leaking(data)):
            self._close = True
        if heads:
            self._take_heads(data, heads)
        elif between and self._payload_parser is None and not self._upgraded:
            self._take_part(data)
        elif self._content.is_eof() and not (between or self._chunked):
            rest = data[self._content.total_bytes - had :]
            self._unfinished = bool(rest.strip(b"\r\n"))
        # as long as the end of chunked content: aiohttp takes what it held back with no data at all
        self._last = (self._last + data[-7:])[-7:]
        request = self._request
        if request is None:
            if self._unfinished and not self._patience.pending:
                self._patience.set(self._listening.header_timeout)
        elif self._gave_up() and not request.content.is_eof():
            # its reader must not wait for content that will never come
            request.content.set_exception(web.RequestPayloadError("malformed content"))

    def _is_plain(self, data: bytes) -> bool:
        """Whether `data` was one whole head as most are, of which there is no more to know."""
        message, content = self._messages[-1]
        if (
            self._unfinished
            or (content.is_eof() and not data.endswith(_EMPTY_LINE))
            or len(data) > self._listening.limits.header_size
            or isinstance(message, _ErrInfo)
            or message.chunked
            or message.upgrade
        ):
            return False
        self._content, self._chunked, self._last = content, False, b""
        return True

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """End an exchange; what came behind an upgrade that was declined is requests after all."""
        self.end()
        known, tail = self._request_count, self._message_tail
        result = await super().finish_response(request, resp, start_time)
        if self._request_count > known:
            self._take_heads(tail, self._request_count - known)
        if self._unfinished and resp.keep_alive and not self._messages:
            self._heard = True
            self._patience.set(self._listening.header_timeout)
        return result

    def _take_heads(self, data: bytes, heads: int) -> None:
        """Look at the requests whose heads ended in `data`, before they are served."""
        self._unfinished += len(data)
        self._heavy = self._heavy or self._unfinished > self._listening.limits.header_size
        self._unfinished = 0
        self._content = self._messages[-1][1]
        for i in range(-heads, 0):
            message, content = self._messages[i]
            if isinstance(message, _ErrInfo):
                return
            self._chunked = message.chunked
            # aiohttp drops what it was given behind an upgrade that it doesn't know
            lost = message.upgrade and not self._upgraded and not _is_head_alone(data, content)
            if lost or (message.chunked and (i < -1 or self._is_leaking(data))):
                self._messages[i] = message._replace(should_close=True), content
        self._unfinished = self._goes_on(data)

    def _goes_on(self, data: bytes) -> bool:
        """Whether there is more in `data` than requests; a needless CRLF is nothing (§2.2)."""
        octets = self._last + data
        end = len(octets) - self._content.total_bytes
        if self._chunked or not self._content.is_eof() or end < len(_EMPTY_LINE):
            return False
        needless = octets.endswith(b"\r\n") and octets.endswith(_EMPTY_LINE, 0, end - 2)
        return not (needless or octets.endswith(_EMPTY_LINE, 0, end))

    def _is_leaking(self, data: bytes) -> bool:
        """Whether chunked content ended in `data`, perhaps with trailers.

        aiohttp takes the last trailer for a field of the next request: there must be none.
        """
        return self._content.is_eof() and not (self._last + data[-7:]).endswith(b"\r\n0\r\n\r\n")

    def _take_part(self, data: bytes) -> None:
        """Part from a client whose head is too large before it is whole (RFC 6585 §5)."""
        if not (self._unfinished or data.strip(b"\r\n")):
            return
        self._unfinished += len(data)
        if self._unfinished <= self._listening.limits.header_size or self._force_close:
            return
        if self._waiter is not None:  # no answer to an earlier request is on its way
            self._refuse(_too_large())
        self.force_close()

    def _gave_up(self) -> bool:
        """Whether the parser refused what came after the head of this request."""
        return bool(self._messages) and isinstance(self._messages[-1][0], _ErrInfo)

    def begin(self, request: web.BaseRequest) -> None:
        """Note that a head is complete, and its exchange under way."""
        self._request = request
        self._patience.clear()
        if self._heavy and _octets(request) > self._listening.limits.header_size:
            self.refusal = self.refusal or _too_large()

    def end(self) -> None:
        """Note that the exchange is over."""
        self._request = None
        self._heard = False

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way, or about to be."""
        return self._request is not None or bool(self._messages)

    @property
    def ending(self) -> bool:
        """Whether the connection ends with this exchange, whatever its answer says."""
        return self._close

    def part(self) -> None:
        """End the connection, and the exchange that is under way on it."""
        if self._request is not None and self._task_handler is not None:
            self._task_handler.cancel()
        else:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 ours is found from the exception
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what the parser refused; the connection ends with it."""
        if isinstance(exc, ConnectionError) or request.writer.output_size > 0:
            raise ConnectionResetError("the answer was cut")
        if isinstance(exc, HttpProcessingError | web.RequestPayloadError):
            error = _from_parser(exc, self._listening.limits.header_size)
            error.inside = message or str(exc)
        else:
            self.logger.error("a bug in corsproxy", exc_info=exc)
            error = GatewayError(ProxyErrorType.PROXY_INTERNAL_ERROR)
        self._refuse(error)
        return written(keep_alive=False)

    def log_exception(self, *args: object, **kwargs: object) -> None:
        """Log a bug; content cut short is the client's, and a closed connection our own doing."""
        if not (self._force_close or isinstance(kwargs.get("exc_info"), web.RequestPayloadError)):
            super().log_exception(*args, **kwargs)

    def _head_too_slow(self) -> None:
        """Part from a client that doesn't finish its head (RFC 9110 §15.5.9)."""
        if self._heard:
            detail = "the request's head took too long"
            self._refuse(GatewayError(ProxyErrorType.HTTP_REQUEST_ERROR, detail, status=408))
        self.force_close()

    def _refuse(self, error: GatewayError) -> None:
        """Answer a request whose head was never whole: without CORS, for its Origin is unknown."""
        passage = Passage(Verdict(), None, self.client)
        reply, content = self._listening.explainer.explain_error(error, passage, None)
        if self.transport is not None:
            head = render(reply, content, passage, ((b"Connection", b"close"),))
            self.transport.write(head + content)
        now = time.perf_counter()
        exchange = Exchange(client=self.client.address or "unix", started=now, finished=now)
        exchange.status, exchange.sent = error.status, len(content)
        exchange.error, exchange.detail = error.kind.token, error.inside or error.detail
        self._listening.report(exchange)


def _is_head_alone(data: bytes, content: StreamReader) -> bool:
    """Tell whether `data` ends with the only head in it, and that has no content."""
    return content.is_eof() and data.find(b"\r\n\r\n") == len(data) - 4


def _octets(request: web.BaseRequest) -> int:
    """Count the octets of a request's head."""
    line = len(request.method) + len(request.raw_path) + len("  HTTP/1.1\r\n")
    return line + sum(len(n) + len(v) + 4 for n, v in request.raw_headers) + 2


def _too_large() -> GatewayError:
    kind = ProxyErrorType.HTTP_REQUEST_ERROR
    return GatewayError(kind, "the request's head is too large", status=431)


def _from_parser(exc: BaseException | None, header_size: int) -> GatewayError:
    """Say in our own words what aiohttp's parser refused."""
    kind = ProxyErrorType.HTTP_REQUEST_ERROR
    if isinstance(exc, LineTooLong):
        if exc.args[1] == header_size:
            return GatewayError(kind, "the request target is too long", status=414)
        return GatewayError(kind, "a field of the request is too long", status=431)
    text = str(exc)
    if "Too many headers" in text:
        return GatewayError(kind, "the request has too many fields", status=431)
    if isinstance(exc, BadHttpMethod) and "HTTPS traffic" in text:
        return GatewayError(kind, "this is TLS, and this port speaks plain HTTP: use http://")
    if "HTTP version" in text:
        return GatewayError(kind, "only HTTP/1.1 and HTTP/1.0 are spoken here", status=505)
    return GatewayError(kind, "the request is malformed")
