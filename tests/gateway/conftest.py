"""Real sockets on loopback: an upstream that does as it is told, and a proxy before it."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop

from corsproxy.app import App
from corsproxy.config.loader import load_mapping
from corsproxy.core.exchange import Exchange
from corsproxy.core.limits import Limits
from corsproxy.gateway.upstream import Pools

PAGE = "http://localhost:3001"
POLICY = {
    "allow_origins": [PAGE],
    "allow_methods": ["PUT", "DELETE"],
    "allow_headers": ["Content-Type"],
    "allow_credentials": True,
    "max_age": 600,
}

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_FACTORIES = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 the hook's own names
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run under asyncio's loop, and what asks for it by its mark under uvloop's too."""
    mark = item.get_closest_marker("asyncio")
    if mark is not None and "loop_factories" in mark.kwargs:
        return _FACTORIES
    return {"asyncio": asyncio.new_event_loop}


@dataclass
class Upstream:
    """An upstream that plays a script on each connection, and keeps what it was sent."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        """Read one request's head, and its content by Content-Length or chunks."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        lowered = head.lower()
        body = b""
        if b"transfer-encoding: chunked" in lowered:
            body = await read_chunks(reader)
        elif b"content-length:" in lowered:
            length = lowered.split(b"content-length:")[1].split(b"\r\n")[0]
            body = await reader.readexactly(int(length))
        self.bodies.append(body)
        return head


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    while await reader.readline() != b"\r\n":
        pass
    return body


@dataclass
class Proxy:
    """A proxy under test: where it listens, and what it reported."""

    app: App
    port: int
    exchanges: list[Exchange]
    clients: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        self.clients.append(writer)
        return reader, writer

    async def send(self, raw: bytes) -> bytes:
        """Send octets on a connection of their own, and return all that comes until it closes."""
        reader, writer = await self.connect()
        try:
            writer.write(raw)
            return await asyncio.wait_for(reader.read(-1), 10)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def ending(
        self, raw: bytes, until: bytes = b"", then: Callable[[], None] = lambda: None
    ) -> tuple[bytes, str]:
        """Send octets, and return all that comes, and whether `eof` or a `reset` ended it.

        Once what has come ends with `until`, `then` is called.
        """
        with socket.create_connection(("127.0.0.1", self.port)) as sock:
            sock.setblocking(False)
            loop, received = asyncio.get_running_loop(), b""
            await loop.sock_sendall(sock, raw)
            async with asyncio.timeout(10):
                try:
                    while data := await loop.sock_recv(sock, 65536):
                        received += data
                        if until and received.endswith(until):
                            then()
                except ConnectionResetError:
                    return received, "reset"
            return received, "eof"

    async def reported(self, count: int = 1) -> list[Exchange]:
        """Wait until so many exchanges were reported, and return them."""
        async with asyncio.timeout(10):
            while len(self.exchanges) < count:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        return self.exchanges

    @property
    def left_behind(self) -> tuple[int, int, int]:
        """How many client connections, exchanges and upstream connections there are."""
        gateway = self.app._gateway
        return gateway.connections, gateway.under_way, self.app._pools.size


StartUpstream = Callable[[Script], Awaitable[Upstream]]
StartProxy = Callable[..., Awaitable[Proxy]]


@pytest.fixture
async def upstream() -> AsyncIterator[StartUpstream]:
    """Start upstreams that play a script."""
    async with AsyncExitStack() as stack:

        async def start(
            script: Callable[..., Awaitable[None]], tls: ssl.SSLContext | None = None
        ) -> Upstream:
            state = Upstream(scheme="https" if tls else "http")

            async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                state.connections += 1
                try:
                    await script(state, reader, writer)
                except (OSError, asyncio.IncompleteReadError):
                    pass
                finally:
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()
                    state.ended.set()

            state.server = await asyncio.start_server(play, "127.0.0.1", 0, limit=1 << 24, ssl=tls)
            state.port = state.server.sockets[0].getsockname()[1]
            stack.callback(state.server.close)
            return state

        yield start


@pytest.fixture
async def proxy() -> AsyncIterator[StartProxy]:
    """Start proxies before an upstream: keys of a route by name, the top level's in `top`."""
    async with AsyncExitStack() as stack:

        async def start(
            url: str, top: Mapping[str, object] | None = None, **route: object
        ) -> Proxy:
            document = {
                "listen": "127.0.0.1:0",
                "admin": "off",
                "cors": POLICY,
                "log": {"access": False},
                "routes": [{"upstream": url, **route}],
                **(top or {}),
            }
            app = App(load_mapping(document, "test"))
            await app.start()
            stack.push_async_callback(app.drain, 0.2)
            exchanges: list[Exchange] = []
            app._gateway.report = exchanges.append
            started = Proxy(app, int(app.addresses[0].rpartition(":")[2]), exchanges)
            stack.push_async_callback(_part, started.clients)
            return started

        yield start


@pytest.fixture
async def pools() -> AsyncIterator[Pools]:
    """Connections to upstreams, of which none may be left."""
    kept = Pools(Limits())
    yield kept
    async with asyncio.timeout(10):
        while kept.size:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)


async def _part(clients: list[asyncio.StreamWriter]) -> None:
    for writer in clients:
        writer.transport.abort()
    for writer in clients:
        with suppress(OSError):
            await writer.wait_closed()


async def answer(
    state: Upstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *replies: bytes
) -> None:
    """Read requests and answer each with the next reply, then close."""
    for reply in replies:
        await state.request(reader)
        writer.write(reply)
        await writer.drain()


@pytest.fixture
def answering(upstream: StartUpstream) -> Callable[..., Awaitable[Upstream]]:
    """Start an upstream that answers each request of a connection with the next reply."""

    async def start(*replies: bytes) -> Upstream:
        async def script(
            state: Upstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await answer(state, reader, writer, *replies)

        return await upstream(script)

    return start


@pytest.fixture
def reset() -> Callable[[asyncio.StreamWriter], None]:
    """Close connections by a reset, as a process that dies does."""

    def close(writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return close


def _counts(proxy: Proxy) -> dict[str, int]:
    clients, exchanges, upstreams = proxy.left_behind
    return {
        "client connections": clients,
        "exchanges": exchanges,
        "upstream connections": upstreams,
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(list(Path("/dev/fd").iterdir())),
    }


def _more(proxy: Proxy, before: Mapping[str, int]) -> Mapping[str, int]:
    return {what: n for what, n in _counts(proxy).items() if n > before[what]}


@pytest.fixture
def leaves_nothing() -> Callable[[Proxy], AbstractAsyncContextManager[None]]:
    """Fail unless connections, exchanges, tasks and descriptors come back to where they were."""

    @asynccontextmanager
    async def watch(proxy: Proxy) -> AsyncIterator[None]:
        before = _counts(proxy)
        async with asyncio.timeout(20):
            yield
        with suppress(TimeoutError):
            async with asyncio.timeout(3):
                while _more(proxy, before):  # noqa: ASYNC110 it is another's state
                    await asyncio.sleep(0)
        assert _more(proxy, before) == {}

    return watch
