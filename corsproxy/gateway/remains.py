"""What the socket of a failed connection still holds is read before the connection is let go.

Once a reset has come, writing fails, and event loops give the connection up at that; but an answer
that came before the reset may yet be waiting in the kernel (Windows discards it there).
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

_PIECE = 256 * 1024  # octets, as asyncio reads at once


def remains(transport: asyncio.BaseTransport, error: Exception | None) -> Iterator[bytes]:
    """Yield what a connection that was lost to a system's `error` had received, but not read.

    To be called in `connection_lost`: right after it the loop closes the socket.
    """
    if isinstance(error, OSError):
        with suppress(OSError), transport.get_extra_info("socket").dup() as sock:
            while data := sock.recv(_PIECE):
                yield data


class TlsSocket(asyncio.BufferedProtocol):
    """Stands between a socket and its TLS, so that what remains is decrypted, too."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Take the place of the TLS that was begun on `transport`, and pass all on to it."""
        self._transport = transport
        self._tls = cast("asyncio.BufferedProtocol", transport.get_protocol())
        transport.set_protocol(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the room that the TLS has."""
        return memoryview(self._tls.get_buffer(sizehint))

    def buffer_updated(self, nbytes: int) -> None:
        """Tell the TLS how much was received."""
        self._tls.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        """Tell the TLS of the orderly end."""
        return self._tls.eof_received()

    def pause_writing(self) -> None:
        """Hold the TLS back."""
        self._tls.pause_writing()

    def resume_writing(self) -> None:
        """Let the TLS go on."""
        self._tls.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the TLS of the end, and of what came before it first."""
        for data in remains(self._transport, exc):
            rest = data
            while rest:
                room = self.get_buffer(len(rest))
                size = min(len(room), len(rest))
                room[:size] = rest[:size]
                self.buffer_updated(size)
                rest = rest[size:]
        self._tls.connection_lost(exc)
