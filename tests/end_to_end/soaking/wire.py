"""One end of a TCP connection, read piece by piece, and HTTP/1.1 content as it stands there.

asyncio's own streams forget what came before a reset; here every octet that arrived is judged.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, NamedTuple, cast

_HIGH_WATER = 256 * 1024
_PIECE = 64 * 1024
_LINGER_RESET = struct.pack("ii", 1, 0)


class Cut(Exception):  # noqa: N818 it is no error of ours
    """The connection ended: by an orderly `eof`, or by a `reset`."""


class Line(asyncio.Protocol):
    """A connection; `serve` is run for one that was accepted."""

    def __init__(self, serve: Callable[["Line"], Coroutine[Any, Any, None]] | None = None) -> None:
        self._serve = serve
        self._loop = asyncio.get_running_loop()
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []
        self._writing_paused = self._reading_paused = False
        self._task: asyncio.Task[None] | None = None
        self.buffer = bytearray()
        self.ended = ""
        self.taken = self.given = 0
        self.closed = self._loop.create_future()
        self.transport: asyncio.Transport

    def __str__(self) -> str:
        waiting = 0 if self.closed.done() else self.transport.get_write_buffer_size()
        return (
            f"a connection ({self.ended or 'open'}; {self.taken} octets received, {self.given} sent"
            f", {len(self.buffer)} unread{', paused' * self._reading_paused}"
            f", {waiting} unsent{', paused' * self._writing_paused})"
        )

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        if self._serve:
            self._task = asyncio.ensure_future(self._serve(self))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.taken += len(data)
        if len(self.buffer) > _HIGH_WATER and not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self.ended = self.ended or "eof"
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = self.ended or ("reset" if exc else "eof")
        self._wake()
        self.resume_writing()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        for writer in self._writers:
            if not writer.done():
                writer.set_result(None)
        self._writers.clear()

    def _wake(self) -> None:
        if self._reader and not self._reader.done():
            self._reader.set_result(None)

    # Reading.

    async def _more(self) -> None:
        """Wait for octets; raise `Cut` where none will come."""
        if self.ended:
            raise Cut(self.ended)
        if self._reading_paused:
            self._reading_paused = False
            self.transport.resume_reading()
        self._reader = self._loop.create_future()
        await self._reader

    def _take(self, size: int) -> bytes:
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        if self._reading_paused and len(self.buffer) < _HIGH_WATER // 2 and not self.ended:
            self._reading_paused = False
            self.transport.resume_reading()
        return data

    async def until(self, end: bytes) -> bytes:
        while (at := self.buffer.find(end)) < 0:
            await self._more()
        return self._take(at + len(end))

    async def some(self, most: int = _PIECE) -> bytes:
        while not self.buffer:
            await self._more()
        return self._take(most)

    async def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            await self._more()
        return self._take(size)

    async def end(self) -> str:
        """Read away what still comes; return how it ended."""
        while True:
            try:
                await self.some()
            except Cut as cut:
                return str(cut)

    # Writing, and ends.

    async def write(self, data: bytes | memoryview) -> None:
        if self.closed.done() or self.transport.is_closing():
            raise Cut(self.ended or "eof")
        self.transport.write(data)
        self.given += len(data)
        if self._writing_paused:
            writer = self._loop.create_future()
            self._writers.append(writer)
            await writer

    def close(self) -> None:
        self.transport.close()

    def reset(self) -> None:
        sock = self.transport.get_extra_info("socket")
        if sock is not None and not self.transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        self.transport.abort()


async def connect(port: int, *, narrow: bool = False) -> Line:
    """Open a connection; a `narrow` one holds little that was not read."""
    sock = socket.socket()
    sock.setblocking(False)
    if narrow:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(sock, ("127.0.0.1", port))
        _, line = await loop.create_connection(Line, sock=sock)
    except BaseException:
        sock.close()
        raise
    return line


Fields = list[tuple[str, str]]


class Head(NamedTuple):
    """The head of a message: its start line in three parts, and its fields."""

    start: tuple[str, str, str]
    fields: Fields

    def named(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name]


async def read_head(line: Line) -> Head:
    raw = (await line.until(b"\r\n\r\n")).decode("latin-1")
    start, *lines = raw.removesuffix("\r\n\r\n").split("\r\n")
    first, second, third = start.split(" ", 2)
    fields = [(name, value) for name, _, value in (field.partition(": ") for field in lines)]
    return Head((first, second, third), fields)


async def content(
    line: Line, head: Head, *, bodiless: bool = False, most: int = _PIECE
) -> AsyncIterator[bytes]:
    """Yield the content of a message; raise `Cut` where it ends short."""
    if bodiless:
        return
    if head.named("transfer-encoding"):
        async for piece in _chunks(line, most):
            yield piece
    elif lengths := head.named("content-length"):
        left = int(lengths[0])
        while left:
            piece = await line.some(min(left, most))
            left -= len(piece)
            yield piece
    elif head.start[0].startswith("HTTP/"):
        try:
            while True:
                yield await line.some(most)
        except Cut as cut:
            if str(cut) != "eof":
                raise


async def _chunks(line: Line, most: int) -> AsyncIterator[bytes]:
    while left := int((await line.until(b"\r\n"))[:-2], 16):
        while left:
            piece = await line.some(min(left, most))
            left -= len(piece)
            yield piece
        if await line.exactly(2) != b"\r\n":
            raise ValueError("a chunk without its end")
    while await line.until(b"\r\n") != b"\r\n":
        pass
