"""A client's connection: aiohttp's protocol, with our own answers, limits and deadlines.

A subclass, for what aiohttp leaves no hook for: what its parser refuses is answered in text/plain
with a traceback in the log; nothing limits how long a request's head may take; content that turns
out malformed leaves its reader waiting; and what comes with one message has a say in another, for
an error takes the sound requests of its packet along, a trailer becomes a field of the next
request, and what follows an upgrade is lost. So the parser is given one head at a time, or what is
here of one content, and a request waits until the one before it is answered.
`tests/gateway/test_protocol.py` fails when aiohttp changes under it.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser
from aiohttp.http_websocket import WebSocketReader
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import _ErrInfo

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.exchange import Exchange
from corsproxy.core.messages import Client, Passage
from corsproxy.core.verdicts import Verdict
from corsproxy.gateway.deadline import Deadline
from corsproxy.gateway.memory import Memory
from corsproxy.gateway.pieces import EMPTY_LINE, Chunks, Head, Sized
from corsproxy.gateway.refusals import from_parser, too_large
from corsproxy.gateway.relay import render, written

if TYPE_CHECKING:
    from corsproxy.gateway.server import Listening

_READ_SIZE = 64 * 1024  # octets of content, or of what has to wait, before no more are read
_A_YEAR = 365 * 86400.0  # what `off` is to aiohttp's timer, in seconds


class ClientProtocol(web.RequestHandler):
    """One connection of a client, with one exchange at a time."""

    __slots__ = ("_at", "_body", "_content", "_head", "_held", "_listening", "_patience", "_ready",
                 "_request", "_stopped", "_tunnelled", "_waits", "client", "memory",
                 "refusal")  # fmt: skip

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
            read_bufsize=_READ_SIZE,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # None is what aiohttp's own docs say
        )
        self._listening = listening
        self._patience = Deadline(loop, self._head_too_slow)
        self._request: web.BaseRequest | None = None
        self._content: StreamReader = EMPTY_PAYLOAD
        self._head = Head()
        self._body: Sized | Chunks | None = None  # content that aiohttp doesn't have in whole
        self._held = b""  # what is received, and from `_at` on not handed to aiohttp
        self._at = 0
        self._ready = False  # whether nothing is here, nothing under way, and no clock runs
        self._waits = False  # whether what follows has to wait for an answer
        self._stopped = False
        self._tunnelled = False
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
        """Take octets; without any, it is aiohttp that has room for what it held back."""
        if self._ready and data.endswith(EMPTY_LINE) and data.rfind(EMPTY_LINE, 0, -1) < 0:
            # one whole head, as most are
            super().data_received(data)
            if self._messages:
                self._open(len(data))
        elif self._tunnelled or self.ending:
            super().data_received(data)
        else:
            self._ready = False
            if data:
                self._held, self._at = self._held[self._at :] + data, 0
            elif self._body is not None:
                self._give(self._body, data)
            self._read_on()

    def _read_on(self) -> None:
        """Hand on what has its turn; the first octets of a head start its clock."""
        while self._at < len(self._held):
            if self._body is not None and not self._body.ended:
                self._read_content(self._body)
            elif self._body is None and not self._waits:
                self._read_head()
            else:
                break
        else:
            self._held, self._at = b"", 0
        self._hold_back(len(self._held) - self._at)
        if self._body is None and not self._waits:
            if not self._head.octets:
                self._ready = not self._patience.pending
            elif not self._patience.pending:
                self._patience.set(self._listening.header_timeout)

    def _read_head(self) -> None:
        """Hand on what is here of a head; too large, it is refused before its end (RFC 6585 §5)."""
        piece = self._head.take(self._held, self._at)
        self._at += len(piece)
        super().data_received(piece)
        if self._messages:
            self._patience.clear()
            self._open(self._head.octets)
            self._head = Head()
        elif self._head.octets > self.max_line_size:
            self._waits = True
            self._refuse(too_large())
            self.force_close()

    def _open(self, octets: int) -> None:
        """Take up a request whose head is whole; what is behind its content waits."""
        self._ready, self._waits = False, True
        message, content = self._messages[-1]
        self._content = content
        if octets > self.max_line_size:
            self.refusal = self.refusal or too_large()
        if content is EMPTY_PAYLOAD or content.is_eof() or isinstance(message, _ErrInfo):
            return
        if message.chunked:
            self._body = Chunks(self.max_field_size)
        else:
            self._body = Sized(int(message.headers[hdrs.CONTENT_LENGTH].lstrip("0")))

    def _read_content(self, body: Sized | Chunks) -> None:
        try:
            piece = body.take(self._held, self._at)
        except HttpProcessingError as error:
            self._spoil(_ErrInfo(400, error, error.message))
        else:
            self._at += len(piece)
            self._give(body, piece)

    def _give(self, body: Sized | Chunks, piece: bytes) -> None:
        """Hand content to aiohttp, which holds some of it back while its reader has enough."""
        known = len(self._messages)
        super().data_received(piece)
        if len(self._messages) > known:
            error, _ = self._messages.pop()
            self._spoil(cast("_ErrInfo", error))
        elif body.ended and self._content.is_eof():
            self._body = None
            if isinstance(body, Chunks):
                # the old one would take the last trailer for a field of the next request
                self._parser = self._new_parser()

    def _spoil(self, error: _ErrInfo) -> None:
        """End the connection with the request whose content is malformed."""
        self._body, self._waits = None, True
        if self._messages:
            # which nobody has begun with
            self._messages[0] = error, EMPTY_PAYLOAD
        else:
            # its reader must not wait for content that will never come
            self._content.set_exception(web.RequestPayloadError(error.message))
            self.close()

    def _new_parser(self) -> HttpRequestParser:
        return HttpRequestParser(
            self,
            asyncio.get_running_loop(),
            _READ_SIZE,
            max_line_size=self.max_line_size,
            max_field_size=self.max_field_size,
            max_headers=self.max_headers,
            payload_exception=web.RequestPayloadError,
            auto_decompress=False,
        )

    def _hold_back(self, octets: int) -> None:
        """Read no more while so many octets wait that they are enough."""
        if self.transport is None:
            return
        if octets >= _READ_SIZE:
            self._stopped = True
            self.transport.pause_reading()
        elif self._stopped:
            self._stopped = False
            self.transport.resume_reading()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """End an exchange; now it is the turn of what waited for that."""
        self._request = None
        result = await super().finish_response(request, resp, start_time)
        if resp.keep_alive:
            self._waits = False
            if self._held and not self.ending:
                self._read_on()
            else:
                self._ready = self._body is None
        return result

    def set_parser(
        self, parser: WebSocketReader, data_received_cb: Callable[[], None] | None = None
    ) -> None:
        """Give all that follows the request to a tunnel."""
        super().set_parser(parser, data_received_cb)
        waiting, self._held = self._held[self._at :], b""
        self._tunnelled = True
        self._hold_back(0)
        super().data_received(waiting)

    def begin(self, request: web.BaseRequest) -> None:
        """Note that the exchange of a request is under way."""
        self._request = request

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way or about to be, or the connection about to end."""
        return self._waits

    @property
    def ending(self) -> bool:
        """Whether nothing more is read, whatever an answer under way says."""
        return self._close or self._force_close

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
            error = from_parser(exc, self.max_line_size)
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
        if self._head.octets:
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
