"""Where the parts of a request end in what is received: its head, and its content.

aiohttp's parser says what is in a message, and not where it ends. Here only ends are looked for;
what stands between is the parser's to judge, but for the lines that frame chunks.
"""

import re

from aiohttp.http_exceptions import LineTooLong, TransferEncodingError

EMPTY_LINE = b"\r\n\r\n"  # with the end of the line before it

# 64 bits are as much as aiohttp's parser counts
_SIZE = re.compile(rb"(0*[0-9A-Fa-f]{1,16})(?:;[^\r\n]*)?\r\n")


class Head:
    """A head, up to its empty line (RFC 9112 §2.1); `octets` is how much of it has come.

    CRLF before it is no part of it (§2.2). `timed` is for who waits for it, to note that a clock
    runs.
    """

    __slots__ = ("_seam", "octets", "timed")

    def __init__(self, *, timed: bool = False) -> None:
        self.octets = 0
        self.timed = timed
        self._seam = b""  # its last octets: the empty line may come in two packets

    def take(self, data: bytes, at: int) -> bytes:
        """Return what there is of it in `data` from `at` on."""
        start, end, seam = at, len(data), self._seam
        while not self.octets and start < end and data[start] in b"\r\n":
            start += 1
        if (found := (seam + data[start : start + 3]).find(EMPTY_LINE)) >= 0:
            end = start + found + 4 - len(seam)
        elif (found := data.find(EMPTY_LINE, start)) >= 0:
            end = found + 4
        self.octets += end - start
        self._seam = (seam + data[max(start, end - 3) : end])[-3:]
        return data[at:end]


class Sized:
    """Content of so many octets, more than none (RFC 9112 §6.2)."""

    __slots__ = ("_left", "ended")

    def __init__(self, octets: int) -> None:
        self._left = octets
        self.ended = False

    def take(self, data: bytes, at: int) -> bytes:
        """Return what there is of it in `data` from `at` on."""
        piece = data[at : at + self._left]
        self._left -= len(piece)
        self.ended = not self._left
        return piece


class Chunks:
    """Content in chunks, up to and with its trailers (RFC 9112 §7.1)."""

    __slots__ = ("_between", "_last", "_left", "_limit", "_line", "_trailers", "ended")

    def __init__(self, limit: int) -> None:
        """Take no line, nor trailers together, that are over `limit` octets."""
        self._limit = limit
        self._left = 0  # octets of a chunk that are still to come
        self._line = b""  # as much of a line as has come
        self._between = False  # whether a chunk's own CRLF is due
        self._last = False
        self._trailers = 0
        self.ended = False

    def take(self, data: bytes, at: int) -> bytes:
        """Return what there is of it in `data` from `at` on.

        Raises `TransferEncodingError` where its framing is not what RFC 9112 says, and
        `LineTooLong`. A line that has not ended yet is not looked at.
        """
        start, size = at, len(data)
        while at < size and not self.ended:
            if self._left:
                step = min(self._left, size - at)
                self._left -= step
                at += step
                continue
            end = data.find(b"\n", at) + 1
            self._line += data[at : end or size]
            if len(self._line) + self._trailers > self._limit:
                raise LineTooLong(self._line[:100], self._limit)
            if end:
                self._end_line()
            at = end or size
        return data[start:at]

    def _end_line(self) -> None:
        line, self._line = self._line, b""
        if self._last:
            self.ended = line == b"\r\n"
            self._trailers += len(line)
            sound = line.endswith(b"\r\n") and line.count(b"\r") == 1
        elif self._between:
            self._between = False
            sound = line == b"\r\n"
        else:
            match = _SIZE.fullmatch(line)
            sound = match is not None
            self._left = int(match[1], 16) if match else 0
            self._last = not self._left
            self._between = True
        if not sound:
            raise TransferEncodingError("malformed chunks")
