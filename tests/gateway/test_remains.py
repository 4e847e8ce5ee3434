"""What a socket still holds when it fails: an answer overtakes the reset behind it (R83)."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from corsproxy.core.errors import GatewayError
from corsproxy.core.limits import Limits
from corsproxy.core.upstreams import Address, UpstreamTls
from corsproxy.gateway.upstream import Pools
from corsproxy.gateway.wire import Connection

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

Wired = tuple[Connection, socket.socket]
Wire = Callable[[bool], Awaitable[Wired]]

AUTHORITY = trustme.CA()
SIZE = 50_000  # of content, which waits unread in the kernel
HEAD = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: %d\r\n\r\n"


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    """Connect to an upstream whose own side is a blocking socket, with TLS or without."""
    ca = str(tmp_path / "ca.pem")
    AUTHORITY.cert_pem.write_to_path(ca)
    pools = Pools(Limits())

    async def connect(tls: bool) -> Wired:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def accept() -> socket.socket:
                sock, _ = server.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return server_context().wrap_socket(sock, server_side=True) if tls else sock

            address = Address(*server.getsockname(), tls=UpstreamTls(ca) if tls else None)
            accepting = asyncio.ensure_future(asyncio.to_thread(accept))
            return await pools.connect(address, 5), await accepting

    yield connect
    pools.close()
    async with asyncio.timeout(5):
        while pools.size:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)


async def within_one_turn(act: Callable[[], None]) -> None:
    """Do something while the loop handles what sockets have: it sees none of it before the next."""
    loop = asyncio.get_running_loop()
    mine, other = socket.socketpair()
    done = asyncio.Event()

    def once() -> None:
        loop.remove_reader(mine)
        act()
        done.set()

    with mine, other:
        loop.add_reader(mine, once)
        other.send(b"x")
        await asyncio.wait_for(done.wait(), 5)


async def received(connection: Connection) -> tuple[int, bytes, str | None]:
    """Return the status and the content of what is answered, and the error that ends it."""
    status, content = 0, b""
    async with asyncio.timeout(5):
        try:
            status = (await connection.reply()).head.status
            while not connection.complete:
                await connection.content()
                content += connection.take()
        except GatewayError as error:
            return status, content, error.kind.token
    return status, content + connection.take(), None


ANSWERS = {
    "whole": (HEAD % SIZE + bytes(SIZE), (413, bytes(SIZE), None)),
    "none": (b"", (0, b"", "connection_terminated")),
    "a part of a head": (HEAD[:20], (0, b"", "connection_terminated")),
    "a part of its length": (HEAD % 10 + b"12345", (413, b"12345", "http_response_incomplete")),
    "without a length": (
        b"HTTP/1.1 413 No\r\n\r\n12345", (413, b"12345", "http_response_incomplete")
    ),
    "malformed": (b"HTTP/1.1 nonsense\r\n\r\n", (0, b"", "http_protocol_error")),
}  # fmt: skip


# R83 R59
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize(("raw", "answer"), ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_is_read_though_the_write_before_it_failed(
    wire: Wire, tls: bool, raw: bytes, answer: tuple[int, bytes, str | None]
):
    connection, sock = await wire(tls)
    connection.send(b"POST / HTTP/1.1\r\n\r\n", bodiless=False)

    def act() -> None:
        sock.sendall(raw)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        connection.write(b"more")

    await within_one_turn(act)
    assert await received(connection) == answer
    assert not connection.reusable
