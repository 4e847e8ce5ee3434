"""One HTTP/1.1 connection to an upstream: head out, content out, head in, content in."""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.fields import Fields
from corsproxy.gateway.deadline import Deadline
from corsproxy.gateway.known import KnownHeads
from corsproxy.gateway.parser import ReplyParser
from corsproxy.gateway.remains import remains
from corsproxy.gateway.replies import Reply

_HIGH_WATER = 256 * 1024  # octets of content held before the upstream is told to wait
_CONTINUE = 100


class Expiry(NamedTuple):
    """What it means that a deadline has passed."""

    kind: ProxyErrorType
    detail: str = ""
    status: int | None = None


class Connection(asyncio.Protocol):
    """A connection that carries one exchange at a time, and perhaps another after it.

    Every method that waits raises `GatewayError` when the upstream fails or a deadline passes.
    """

    def __init__(
        self,
        head_limit: int,
        lost: Callable[["Connection"], None],
        known: KnownHeads | None = None,
    ) -> None:
        """Make one whose response heads have `head_limit` octets at most; `lost` hears its end."""
        self._loop = loop = asyncio.get_running_loop()
        self._head_limit = head_limit
        self._known = known
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._parser: ReplyParser | None = None
        self._failure: GatewayError | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writers: set[asyncio.Future[None]] = set()
        self._expiry = Expiry(ProxyErrorType.CONNECTION_READ_TIMEOUT)
        self._deadline = Deadline(loop, self._expired)
        self._patience: float | None = None
        self._held = 0
        self._reading_paused = False
        self._tunnelling = False
        self.continued = asyncio.Event()
        self.writing_paused = False
        self.closed = False
        self.received = False
        self.exchanges = 0

    # An exchange, in the order of time.

    def send(self, head: bytes, *, bodiless: bool) -> None:
        """Begin an exchange: write a request's head, with its content if that is at hand."""
        self._parser = ReplyParser(bodiless=bodiless, limit=self._head_limit, known=self._known)
        self.continued.clear()
        self.received = False
        self.exchanges += 1
        if self.closed:
            self._ended(None)
        self.write(head)

    def write(self, data: bytes) -> None:
        """Write octets; `drain` afterwards holds the writer back while the upstream is slow."""
        if self._transport is not None and not self.closed:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the upstream takes more."""
        if self._failure is not None:
            raise self._failure
        if self.writing_paused and not self.closed:
            writer = self._loop.create_future()
            self._writers.add(writer)
            try:
                await writer
            finally:
                self._writers.discard(writer)

    async def reply(self) -> Reply:
        """Wait for the next head: of an interim response, or of the final one."""
        parser = cast("ReplyParser", self._parser)
        while not parser.replies:
            await self._readable()
        return parser.replies.pop(0)

    async def final(self) -> Reply:
        """Wait for the head that none follows: interim ones are passed over, and 101 is none."""
        reply = await self.reply()
        while reply.head.status < 200 and reply.head.status != 101:  # noqa: PLR2004
            reply = await self.reply()
        return reply

    async def content(self) -> None:
        """Wait until there is content to take, or the response has ended."""
        parser = cast("ReplyParser", self._parser)
        while not (parser.body or parser.complete):
            await self._readable()

    def take(self) -> bytes:
        """Return the content that is here, perhaps none."""
        parser = cast("ReplyParser", self._parser)
        body = parser.body
        data = body[0] if len(body) == 1 else b"".join(body)
        body.clear()
        self._held = 0
        if self._reading_paused and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()
        return data

    @property
    def complete(self) -> bool:
        """Whether the response was received to its end."""
        return self._parser is not None and self._parser.complete

    @property
    def trailers(self) -> Fields:
        """The trailer fields of the response, known once it is complete (RFC 9110 §6.5)."""
        return self._parser.trailers if self._parser else ()

    @property
    def answered(self) -> bool:
        """Whether the head of the final response is here."""
        return self._parser is not None and self._parser.final is not None

    @property
    def reusable(self) -> bool:
        """Whether another exchange may follow on this connection."""
        return self.idle and self._parser is not None and self._parser.reusable

    @property
    def idle(self) -> bool:
        """Whether the connection may be taken for an exchange right now."""
        transport = self._transport
        return not self.closed and transport is not None and not transport.is_closing()

    @property
    def certificate(self) -> Mapping[str, object]:
        """The upstream's certificate as `ssl` gives it; empty without TLS, and unverified."""
        return (self._transport and self._transport.get_extra_info("peercert")) or {}

    # Deadlines and ends.

    def expect(self, seconds: float | None, expiry: Expiry) -> None:
        """Fail with `expiry` unless the deadline is moved within `seconds`."""
        self._expiry = expiry
        self._patience = seconds
        self._deadline.set(seconds)

    def touch(self) -> None:
        """Move the deadline: something moved."""
        if self._deadline.pending:
            self._deadline.set(self._patience)

    def rest(self) -> None:
        """Wait for nothing just now."""
        self._deadline.clear()

    def park(self, seconds: float | None) -> None:
        """Wait for the next exchange, `seconds` at most; whatever comes meanwhile ends it."""
        if self._held:
            self.take()  # what a client that left did not; it may have held reading back
        self._parser = None
        self._deadline.set(seconds)

    def fail(self, error: GatewayError) -> None:
        """End the exchange with an error, and the connection with it."""
        self._failure = self._failure or error
        self._wake()
        self.abort()

    def abort(self) -> None:
        """Close the connection at once; what was not yet sent is lost."""
        self.closed = True
        self._deadline.close()
        if self._transport is not None:
            self._transport.abort()

    def _expired(self) -> None:
        kind, detail, status = self._expiry
        self.fail(GatewayError(kind, detail, status=status))

    # A tunnel takes over what follows a 101 (RFC 9110 §7.8).

    def tunnel(self) -> None:
        """Turn to opaque octets, to be had with `take`; those that came with the head first."""
        parser = cast("ReplyParser", self._parser)
        self._tunnelling = True
        parser.complete = self.closed
        if parser.tail:
            parser.body.append(parser.tail)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take octets of a response, or of a tunnel."""
        parser = self._parser
        self.received = True
        if parser is None:  # an upstream that talks unasked is not in step
            self.abort()
            return
        if self._tunnelling:
            parser.body.append(data)
            self._held += len(data)
        else:
            self._feed(parser, data)
        if self._held > _HIGH_WATER and not self._reading_paused and self._transport:
            self._reading_paused = True
            self._transport.pause_reading()
        self._wake()

    def _feed(self, parser: ReplyParser, data: bytes) -> None:
        try:
            parser.feed(data)
        except GatewayError as error:
            self.fail(error)
            return
        if parser.body or parser.tail:
            self._held += len(data)
        if any(reply.head.status == _CONTINUE for reply in parser.replies):
            self.continued.set()

    def eof_received(self) -> None:
        """Take the orderly end of what the upstream sends."""
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection, orderly or not."""
        transport = self._transport
        if transport is not None and transport.get_extra_info("sslcontext") is None:
            for data in remains(transport, exc):
                self.data_received(data)
        self.closed = True
        self._deadline.close()
        self._ended(exc)
        self._transport = None
        self._let_write()
        self._lost(self)

    def _ended(self, exc: Exception | None) -> None:
        parser = self._parser
        if parser is not None and self._failure is None:
            parser.complete = parser.complete or self._tunnelling
            try:
                parser.feed_eof(exc)
            except GatewayError as error:
                self._failure = error
        self.closed = True
        self._wake()

    def pause_writing(self) -> None:
        """Hold the writer back."""
        self.writing_paused = True

    def resume_writing(self) -> None:
        """Let the writer go on."""
        self.writing_paused = False
        self._let_write()

    def _let_write(self) -> None:
        for writer in self._writers:
            if not writer.done():
                writer.set_result(None)
        self._writers.clear()

    async def _readable(self) -> None:
        """Wait for something to be received, or for the end."""
        if self._failure is not None:
            raise self._failure
        if self.closed:
            raise GatewayError(ProxyErrorType.CONNECTION_TERMINATED)
        self._reader = self._loop.create_future()
        try:
            await self._reader
        finally:
            self._reader = None
        # content that came before a failure is read first
        failure, parser = self._failure, self._parser
        if failure is not None and not (parser and (parser.body or parser.replies)):
            raise failure

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
