"""A real proxy on loopback before an upstream of a harness, one pair for each worker."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from corsproxy.app import App
from corsproxy.config import load_mapping

PAGE = "http://localhost:3001"
_POLICY = {
    "allow_origins": [PAGE],
    "allow_methods": ["PUT", "DELETE"],
    "allow_headers": ["Content-Type"],
    "allow_credentials": True,
}


class Complaints(logging.Handler):
    """Keeps what the proxy logs as an error: there is none, whatever comes."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.records.append(self.format(record))

    def none(self) -> None:
        """Fail where there was one."""
        records, self.records = self.records, []
        assert not records, "\n".join(records)


@asynccontextmanager
async def complaints() -> AsyncIterator[Complaints]:
    """Listen to the log, and to what the event loop complains of."""
    handler, logger = Complaints(), logging.getLogger()
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)


@asynccontextmanager
async def proxy(
    upstream: Callable[[], asyncio.Protocol], timeouts: Mapping[str, object]
) -> AsyncIterator[tuple[App, int]]:
    """Start a proxy before an upstream, and give it with the port that it listens on."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(upstream, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    document = {
        "listen": "127.0.0.1:0",
        "admin": "off",
        "cors": _POLICY,
        "log": {"access": False},
        "timeouts": timeouts,
        "limits": {"keepalive": 0.1, "upstream_keepalive": 1, "request_body": 100_000},
        "routes": [{"upstream": url}],
    }
    app = App(load_mapping(document, "fuzz"))
    await app.start()
    try:
        yield app, int(app.addresses[0].rpartition(":")[2])
    finally:
        await app.drain(0.1)
        server.close()


async def talk(port: int, *pieces: bytes, patience: float = 10.0) -> tuple[bytes, bool]:
    """Send octets, and return all that comes and whether its end is orderly.

    Fail where the proxy keeps the connection for longer than `patience`, in seconds.
    """
    loop = asyncio.get_running_loop()
    received = bytearray()
    with socket.socket() as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        with suppress(ConnectionError):
            for piece in pieces:
                await loop.sock_sendall(sock, piece)
                await asyncio.sleep(0)
        async with asyncio.timeout(patience):
            try:
                while data := await loop.sock_recv(sock, 65536):
                    received += data
            except ConnectionError:
                return bytes(received), False
    return bytes(received), True


async def settled(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0.001)
