"""WebSocket text in one piece, echoed: the server, and the clients that keep it busy.

    python echo.py serve PORT
    python echo.py ask PORT PATH CONNECTIONS SECONDS    prints one line of JSON

A client has one message under way on each connection (RFC 6455 §5.2, 64 octets of payload). Its
masking key is zero, so that masking costs the load's core nothing; a proxy looks at none of it.
"""

import asyncio
import base64
import hashlib
import json
import re
import sys
import time
from typing import cast

import uvloop

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
ORIGIN = b"http://localhost:3001"
PAYLOAD = b"m" * 64
MESSAGE = bytes((0x81, 0x80 | len(PAYLOAD))) + bytes(4) + PAYLOAD
ANSWER = bytes((0x81, len(PAYLOAD))) + PAYLOAD
KEY = base64.b64encode(bytes(16))
_LATE = 10.0  # seconds in which all connections must be open
_KEY_FIELD = re.compile(rb"(?i)\r\nsec-websocket-key: *([^\r ]+)")


class Echo(asyncio.Protocol):
    """One connection of the server."""

    def __init__(self) -> None:
        self.open = False
        self.kept = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods only

    def data_received(self, data: bytes) -> None:
        """Answer the handshake, then each whole message."""
        self.kept += data
        if not self.open:
            if not self.kept.endswith(b"\r\n\r\n"):
                return
            self.transport.write(switching(self.kept))
            self.open, self.kept = True, b""
            return
        whole = len(self.kept) // len(MESSAGE)
        if whole:
            self.kept = self.kept[whole * len(MESSAGE) :]
            self.transport.write(ANSWER * whole)


def switching(head: bytes) -> bytes:
    """Return the answer to a handshake (RFC 6455 §4.2.2)."""
    found = _KEY_FIELD.search(head)
    key = found[1] if found else b""
    accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class Asker(asyncio.Protocol):
    """One client: a message, its echo, the next message."""

    def __init__(self, path: bytes, opened: asyncio.Queue["Asker"]) -> None:
        self.path = path
        self.opened = opened
        self.count = self.got = 0
        self.open = False
        self.head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a tunnel (RFC 6455 §4.1)."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(
            b"GET " + self.path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: " + ORIGIN + b"\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: " + KEY + b"\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        """Count an echo that is whole, and send the next message."""
        if self.open:
            self.got += len(data)
            if self.got >= len(ANSWER):
                self.got -= len(ANSWER)
                self.count += 1
                self.transport.write(MESSAGE)
            return
        self.head += data
        if self.head.endswith(b"\r\n\r\n"):
            if not self.head.startswith(b"HTTP/1.1 101"):
                sys.exit(f"no tunnel: {self.head!r}")
            self.open = True
            self.opened.put_nowait(self)


async def serve(port: int) -> None:
    """Echo until ended."""
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


async def ask(port: int, path: str, connections: int, seconds: float) -> dict[str, float]:
    """Send messages for a time; return how many came back, and in which time."""
    loop = asyncio.get_running_loop()
    opened: asyncio.Queue[Asker] = asyncio.Queue()
    for _ in range(connections):
        await loop.create_connection(lambda: Asker(path.encode(), opened), "127.0.0.1", port)
    async with asyncio.timeout(_LATE):
        askers = [await opened.get() for _ in range(connections)]
    begun = time.monotonic()
    for asker in askers:
        asker.transport.write(MESSAGE)
    await asyncio.sleep(seconds)
    taken = time.monotonic() - begun
    silent = sum(asker.count == 0 or asker.transport.is_closing() for asker in askers)
    return {"messages": sum(a.count for a in askers), "seconds": taken, "silent": silent}


def main() -> None:
    """Be the one or the other."""
    match sys.argv[1:]:
        case ["serve", port]:
            uvloop.run(serve(int(port)))
        case ["ask", port, path, connections, seconds]:
            print(json.dumps(uvloop.run(ask(int(port), path, int(connections), float(seconds)))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
