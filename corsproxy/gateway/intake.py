"""What a client sends, on its way to aiohttp's parser: one head at a time, or a piece of content.

Given all that is here, the parser lets one message have a say in another: an error takes the sound
requests of its packet along, a trailer becomes a field of the next request, and what follows an
upgrade is lost. `tests/gateway/test_protocol.py` fails when aiohttp changes under this.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable

from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from corsproxy.core.errors import GatewayError
from corsproxy.gateway.deadline import Deadline
from corsproxy.gateway.pieces import EMPTY_LINE, Chunks, Head, Sized
from corsproxy.gateway.refusals import from_parser, too_large

_READ_SIZE = 64 * 1024  # octets of content, or of what has to wait, before no more are read
_REMEMBERED = 4096  # octets of a head


class Intake(BaseProtocol):
    """The reading half of a client's connection."""

    __slots__ = ("_at", "_body", "_closing", "_content", "_head", "_held", "_last",
                 "_last_message", "_limit", "_patience", "_ready", "_stopped", "_tunnel",
                 "_waits")  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, head_limit: int) -> None:
        """Read heads of `head_limit` octets at most."""
        self._limit = head_limit
        super().__init__(loop, self._new_parser(loop))
        self._patience = Deadline(loop, self._too_late)
        self._content: StreamReader = EMPTY_PAYLOAD
        self._head = Head(timed=True)
        self._body: Sized | Chunks | None = None  # content that aiohttp doesn't have in whole
        self._held = b""  # what is received, and from `_at` on not handed to aiohttp
        self._at = 0
        self._ready = True  # whether nothing is here, and nothing under way
        self._waits = False  # whether what follows has to wait for an answer
        self._stopped = False
        self._closing = False
        self._tunnel: Callable[[bytes], None] | None = None
        self._last = b""  # the last head that had no content, and what the parser made of it
        self._last_message: RawRequestMessage | None = None

    @property
    @abstractmethod
    def _header_timeout(self) -> float | None:
        """How long a head may take, in seconds."""

    @abstractmethod
    def _open(self, message: RawRequestMessage, content: StreamReader, octets: int) -> None:
        """Take up a request whose head is whole, of so many octets."""

    @abstractmethod
    def _refuse(self, error: GatewayError) -> None:
        """Part from a client whose head is none."""

    @abstractmethod
    def _spoil(self, error: HttpProcessingError) -> None:
        """Part from a client whose content is none."""

    @abstractmethod
    def _too_late(self) -> None:
        """Part from a client that takes too long."""

    def _new_parser(self, loop: asyncio.AbstractEventLoop) -> HttpRequestParser:
        return HttpRequestParser(
            self,
            loop,
            _READ_SIZE,
            max_line_size=self._limit,
            max_field_size=self._limit + 1,  # told apart by which limit was passed
            max_headers=self._limit // 32,
            payload_exception=web.RequestPayloadError,
            auto_decompress=False,
        )

    def data_received(self, data: bytes) -> None:
        """Take octets; without any, it is aiohttp that has room for what it held back."""
        if self._closing and self._body is None:
            return
        if self._ready and data == self._last and self._last_message is not None:
            self._open(self._last_message, EMPTY_PAYLOAD, len(data))
        elif self._ready and data.endswith(EMPTY_LINE) and data.rfind(EMPTY_LINE, 0, -1) < 0:
            self._remember(data, self._feed_head(data, len(data)))  # one whole head, as most are
        elif self._tunnel is not None:
            self._tunnel(data)
        else:
            self._ready = False
            if data:
                self._held, self._at = self._held[self._at :] + data, 0
            elif self._body is not None:
                self._give(self._body, data)
            self._read_on()

    # Reading, in the order of a message.

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
                self._ready = True
            elif not self._head.timed:
                self._head.timed = True
                self._patience.set(self._header_timeout)

    def _read_head(self) -> None:
        """Hand on what is here of a head; too large, it is refused before its end (RFC 6585 §5)."""
        head = self._head
        piece = head.take(self._held, self._at)
        self._at += len(piece)
        self._feed_head(piece, head.octets)
        if self._waits:
            self._head = Head()
        elif head.octets > self._limit:
            self._refuse(too_large())

    def _feed_head(self, piece: bytes, octets: int) -> RawRequestMessage | None:
        try:
            messages, self._upgraded, _ = self._parser.feed_data(piece)  # type: ignore[union-attr]
        except HttpProcessingError as error:
            self._refuse(from_parser(error, self._limit))
            return None
        if not messages:
            return None
        message, content = messages[0]
        if message.path is None:  # CONNECT to nowhere is no error to the parser
            self._refuse(from_parser(BadHttpMessage("no target"), self._limit))
            return None
        self._open(message, content, octets)
        return message if content is EMPTY_PAYLOAD else None

    def _remember(self, data: bytes, message: RawRequestMessage | None) -> None:
        """Keep a head that may come again: the same octets then need no parser."""
        if message and not (message.upgrade or message.should_close) and len(data) <= _REMEMBERED:
            self._last, self._last_message = data, message

    def _read_content(self, body: Sized | Chunks) -> None:
        try:
            piece = body.take(self._held, self._at)
        except HttpProcessingError as error:
            self._spoil(error)
        else:
            self._at += len(piece)
            self._give(body, piece)

    def _give(self, body: Sized | Chunks, piece: bytes) -> None:
        """Hand content to aiohttp, which holds some of it back while its reader has enough."""
        try:
            _, self._upgraded, _ = self._parser.feed_data(piece)  # type: ignore[union-attr]
        except HttpProcessingError as error:
            self._spoil(error)
            return
        if body.ended and self._content.is_eof():
            self._body = None
            if isinstance(body, Chunks):
                # the old one would take the last trailer for a field of the next request
                self._parser = self._new_parser(self._loop)

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
