"""Where the proxy listens: TCP, IPv6, unix sockets; and what it says where it can't (R91)."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from corsproxy.app import App
from corsproxy.config.loader import load_mapping
from corsproxy.gateway.server import ListenError

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

ASTERISK = b"OPTIONS * HTTP/1.1\r\nHost: p\r\nMax-Forwards: 0\r\nConnection: close\r\n\r\n"

Listen = Callable[..., Awaitable[App]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Start proxies on the given addresses."""
    async with AsyncExitStack() as stack:

        async def start(*addresses: str) -> App:
            document = {
                "listen": list(addresses),
                "admin": "off",
                "log": {"access": False},
                "cors": {"allow_origins": ["*"]},
                "routes": [{"upstream": "http://127.0.0.1:9"}],
            }
            app = App(load_mapping(document, "test"))
            await app.start()
            stack.push_async_callback(app.drain, 0)
            return app

        yield start


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(ASTERISK)
    received = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return received.split(b"\r\n")[0]


async def test_it_listens_on_any_free_port_and_says_which(listen: Listen):
    app = await listen("127.0.0.1:0")
    (address,) = app.addresses
    port = int(address.removeprefix("http://127.0.0.1:"))
    assert await answer(*await asyncio.open_connection("127.0.0.1", port)) == (
        b"HTTP/1.1 204 No Content"
    )


async def test_it_listens_on_ipv6(listen: Listen):
    app = await listen("[::1]:0")
    (address,) = app.addresses
    port = int(address.removeprefix("http://[::1]:"))
    assert await answer(*await asyncio.open_connection("::1", port)) == b"HTTP/1.1 204 No Content"


async def test_it_listens_on_a_unix_socket_and_takes_it_away_with_it(
    listen: Listen, tmp_path: Path
):
    path = tmp_path / "proxy.sock"
    app = await listen(f"unix:{path}")
    assert app.addresses == (f"unix:{path}",)
    assert await answer(*await asyncio.open_unix_connection(path)) == b"HTTP/1.1 204 No Content"
    await app.drain(0)
    assert not path.exists()


async def test_it_takes_the_place_of_a_socket_that_a_dead_process_left(
    listen: Listen, tmp_path: Path
):
    path = tmp_path / "proxy.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    await listen(f"unix:{path}")
    assert await answer(*await asyncio.open_unix_connection(path)) == b"HTTP/1.1 204 No Content"


async def test_it_leaves_the_socket_of_a_living_process_alone(listen: Listen, tmp_path: Path):
    path = tmp_path / "proxy.sock"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        with pytest.raises(ListenError) as caught:
            await listen(f"unix:{path}")
        assert str(caught.value) == f"can't listen on unix:{path}: a running server has this socket"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


async def test_it_leaves_a_file_alone_that_is_no_socket(listen: Listen, tmp_path: Path):
    path = tmp_path / "proxy.sock"
    path.write_text("precious")
    with pytest.raises(ListenError, match=r"^can't listen on unix:.*in use"):
        await listen(f"unix:{path}")
    assert path.read_text() == "precious"


async def test_it_says_which_port_is_taken_and_lets_the_others_go(listen: Listen):
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        first, second = free.getsockname()[1], taken.getsockname()[1]
        free.close()
        with pytest.raises(ListenError, match=rf"^can't listen on 127.0.0.1:{second}: .*in use"):
            await listen(f"127.0.0.1:{first}", f"127.0.0.1:{second}")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", first)


async def test_it_says_that_an_address_is_not_its_own(listen: Listen):
    with pytest.raises(ListenError, match=r"^can't listen on 192\.0\.2\.1:0: "):
        await listen("192.0.2.1:0")


NONSENSE = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "nothing but zeros": bytes(5000),
    "a line without end": b"A" * 100_000,
    "line ends": b"\r\n" * 1000,
}


# R91
@pytest.mark.parametrize("raw", NONSENSE.values(), ids=NONSENSE)
async def test_no_octets_stop_the_listener(listen: Listen, raw: bytes):
    app = await listen("127.0.0.1:0")
    port = int(app.addresses[0].rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    writer.write_eof()
    await asyncio.wait({asyncio.ensure_future(reader.read())}, timeout=5)
    writer.transport.abort()
    assert await answer(*await asyncio.open_connection("127.0.0.1", port)) == (
        b"HTTP/1.1 204 No Content"
    )


# R92
async def test_tls_on_the_plain_port_is_told_so(listen: Listen):
    app = await listen("127.0.0.1:0")
    port = int(app.addresses[0].rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(NONSENSE["TLS"])
    received = await asyncio.wait_for(reader.readuntil(b"}\n"), 5)
    writer.transport.abort()
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"this is TLS, and this port speaks plain HTTP: use http://" in received
