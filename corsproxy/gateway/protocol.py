"""A client's connection: what comes in is answered, one request after the other.

aiohttp's own `RequestHandler` stands aside, of which parser and flow control are left: it makes
a task, a request and a writer for every request, it answers what its parser refuses in text/plain
with a traceback in the log, and nothing limits how long a head may take.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.exchange import Exchange
from corsproxy.core.messages import Client, Passage
from corsproxy.core.verdicts import Verdict
from corsproxy.gateway.handler import Visit
from corsproxy.gateway.intake import Intake
from corsproxy.gateway.memory import Memory
from corsproxy.gateway.pieces import Chunks, Head, Sized
from corsproxy.gateway.refusals import from_parser, too_large, too_late
from corsproxy.gateway.relay import render
from corsproxy.gateway.request import Request

if TYPE_CHECKING:
    from corsproxy.gateway.server import Listening

log = logging.getLogger("corsproxy.gateway")

_LINGER = 2.0  # seconds in which a client may go on sending what nobody reads (RFC 9112 §9.6)


class ClientProtocol(Intake):
    """One connection of a client, with one exchange at a time."""

    __slots__ = ("_listening", "_next", "_task", "_turn", "client", "memory", "refusal")

    def __init__(self, listening: "Listening", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop, listening.limits.header_size)
        self._listening = listening
        self._next: Request | Visit | None = None  # what the task is to take up
        self._turn: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self.client = Client(None)
        self.memory = Memory()
        self.refusal: GatewayError | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, and start counting: against the limit, and against the clock."""
        super().connection_made(transport)
        self.client = self._listening.meet(transport)
        self.refusal = self._listening.admit(self)
        self._patience.set(self._listening.header_timeout)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let the connection go, and with it the exchange that is under way."""
        self._closing = True
        self._patience.close()
        self._listening.leave(self)
        super().connection_lost(exc)
        if self._task is not None:
            self._task.cancel()
        self._parser = self._tunnel = None

    def _open(self, message: RawRequestMessage, content: StreamReader, octets: int) -> None:
        """Take up a request whose head is whole; what is behind its content waits."""
        self._ready, self._waits = False, True
        self._patience.clear()
        self._content = content
        if octets > self._limit:
            self.refusal = self.refusal or too_large()
        request = Request(message, content, self)
        if content.is_eof():
            visit = self._receive(request)
            if visit is not None and visit.over:
                self._end(keep_alive=visit.answer.keep_alive)
            elif visit is not None:
                self._wake(visit)
            return
        if message.chunked:
            self._body = Chunks(self._limit + 1)
        else:
            self._body = Sized(int(message.headers[hdrs.CONTENT_LENGTH].lstrip("0")))
        self._wake(request)  # later, for its content may be here as well

    def _spoil(self, error: HttpProcessingError) -> None:
        """End the connection with the request whose content is malformed."""
        self._body = None
        if isinstance(self._next, Request):
            self._next = None  # nobody has begun with it
            self._refuse(from_parser(error, self._limit))
        else:
            # its reader must not wait for content that will never come
            self._closing = True
            self._content.set_exception(web.RequestPayloadError(error.message))

    def tunnel(self, take: Callable[[bytes], None]) -> None:
        """Give all that follows the request to a tunnel."""
        self._tunnel = take
        waiting, self._held, self._at = self._held[self._at :], b"", 0
        self._hold_back(0)
        if waiting:
            take(waiting)

    # Answering, one request after the other.

    @property
    def _header_timeout(self) -> float | None:
        return self._listening.header_timeout

    def _receive(self, request: Request) -> Visit | None:
        """Have a request taken up; None where a bug keeps it from that."""
        gateway = self._listening.gateway
        try:
            return gateway.receive(request, self.client, self.memory, self.refusal)
        except Exception:
            log.exception("a bug in corsproxy")
            self._refuse(GatewayError(ProxyErrorType.PROXY_INTERNAL_ERROR))
            return None

    def _wake(self, what: Request | Visit) -> None:
        """Have the task go on with a request; it is made for the first that needs one."""
        self._next = what
        if self._task is None:
            self._task = self._loop.create_task(self._serve())
            self._task.add_done_callback(self._over)
        elif self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    async def _serve(self) -> None:
        while True:
            if self._next is None:
                self._turn = self._loop.create_future()
                await self._turn
            what, self._next = self._next, None
            if what is not None:
                await self._carry(what)

    def _over(self, task: asyncio.Task[None]) -> None:
        """End with the task, which may have been cancelled before it began."""
        if isinstance(self._next, Visit):
            self._listening.gateway.abandon(self._next)
        if not task.cancelled() and (error := task.exception()):
            log.error("a bug in corsproxy", exc_info=error)
        self.force_close()

    async def _carry(self, what: Request | Visit) -> None:
        visit = what if isinstance(what, Visit) else self._receive(what)
        if visit is None:
            return
        if not visit.over:
            await self._listening.gateway.carry(visit)
        if not self._content.is_eof() and not self._closing:
            await self._linger(self._content)
        self._end(keep_alive=visit.answer.keep_alive)
        if self._held and not self._closing:
            self._read_on()

    async def _linger(self, content: StreamReader) -> None:
        """Take what a client still sends: a reset would take the answer from it."""
        with suppress(TimeoutError, web.RequestPayloadError):
            async with asyncio.timeout(_LINGER):
                await asyncio.sleep(0)  # until whoever read it before has stopped
                while not content.is_eof():
                    await content.readany()

    def _end(self, *, keep_alive: bool) -> None:
        """End an exchange; now it is the turn of what waited for that."""
        if self._closing or not keep_alive or not self._content.is_eof():
            self.force_close()
            return
        if self._upgraded and self._parser is not None:
            self._parser.set_upgraded(False)
            self._upgraded = False
        self._waits = False
        if self._head.timed:
            self._head = Head()
        self._ready = not self._held and self._body is None
        self._patience.set(self._listening.limits.keepalive)

    # The end, and what others ask.

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way or about to be, or the connection about to end."""
        return self._waits

    @property
    def ending(self) -> bool:
        """Whether nothing more is read, whatever an answer under way says."""
        return self._closing

    @property
    def write_buffer_size(self) -> int:
        """How many octets still wait for the client to take them."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    async def drained(self) -> None:
        """Wait until the client takes more; raise `ConnectionError` where it is gone."""
        await self._drain_helper()

    def part(self) -> None:
        """End the connection, and the exchange that is under way on it."""
        if self._waits and self._task is not None:
            self._task.cancel()
        else:
            self.force_close()

    def force_close(self) -> None:
        """Read no more, and close once what is written has left."""
        self._closing = True
        if self.transport is not None:
            self.transport.close()

    def _too_late(self) -> None:
        """Part from a client that doesn't finish its head (RFC 9110 §15.5.9), or sends none."""
        if self._head.octets:
            self._refuse(too_late())
        self.force_close()

    def _refuse(self, error: GatewayError) -> None:
        """Answer a request whose head was never whole: without CORS, for its Origin is unknown."""
        self._waits = True
        passage = Passage(Verdict(), None, self.client)
        reply, content = self._listening.gateway.explainer.explain_error(error, passage, None)
        if self.transport is not None:
            head = render(reply, content, passage, ((b"Connection", b"close"),))
            self.transport.write(head + content)
        now = time.perf_counter()
        exchange = Exchange(client=self.client.address or "unix", started=now, finished=now)
        exchange.status, exchange.sent = error.status, len(content)
        exchange.error, exchange.detail = error.kind.token, error.inside or error.detail
        self._listening.gateway.report(exchange)
        self.force_close()
