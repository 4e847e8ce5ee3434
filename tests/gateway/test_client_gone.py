"""A client that leaves takes its upstream request along, at every point of the way (R82)."""

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Proxy = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]
Reset = Callable[[asyncio.StreamWriter], None]

Play = Callable[..., Awaitable[None]]

GET = b"GET / HTTP/1.1\r\nHost: proxy\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: proxy\r\nContent-Length: 10\r\n\r\n12345"
CHUNKS = b"POST / HTTP/1.1\r\nHost: proxy\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"
EXPECT = b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"
BEGUN = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"


def hearing(say: bytes = b"", until: bytes = b"\r\n\r\n") -> Play:
    """Read so far, say that, and keep what comes until the end."""

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(until)
        writer.write(say)
        state.heads.append(head)
        state.bodies.append(await reader.read())

    return script


STAGES = {
    "waiting for the head": (GET, hearing(), b"", 499, b""),
    "in the content": (GET, hearing(BEGUN), b"12345\r\n", 200, b""),
    "after an interim response": (GET, hearing(HINTS), b"\r\n\r\n", 499, b""),
    "sending content": (POST, hearing(until=b"12345"), b"", 499, b""),
    "sending chunks": (CHUNKS, hearing(until=b"12345\r\n"), b"", 499, b""),
    "waiting for 100 Continue": (EXPECT, hearing(), b"", 499, b""),
    "sending content while the answer comes": (
        POST, hearing(BEGUN, until=b"12345"), b"12345\r\n", 200, b""
    ),
}  # fmt: skip


# R82
@pytest.mark.parametrize("how", ["closes", "resets"])
@pytest.mark.parametrize(("raw", "script", "seen", "status", "rest"), STAGES.values(), ids=STAGES)
async def test_a_client_that_leaves(
    upstream: Start,
    proxy: Start,
    leaves_nothing: Watch,
    reset: Reset,
    raw: bytes,
    script: Play,
    seen: bytes,
    status: int,
    rest: bytes,
    how: str,
):
    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(raw)
        if seen:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            if seen != b"\r\n\r\n":
                await asyncio.wait_for(reader.readuntil(seen), 5)
        async with asyncio.timeout(5):
            while not before.heads:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        if how == "resets":
            reset(writer)
        else:
            writer.close()
        await asyncio.wait_for(before.ended.wait(), 1)
        exchanges = await under_test.reported()
    assert before.bodies in ([], [rest])  # none where the proxy's own end was a reset
    assert [(e.status, e.error) for e in exchanges] == [(status, "client_gone")]


# R82
async def test_a_client_that_leaves_while_the_upstream_is_connected_to(
    proxy: Start, leaves_nothing: Watch
):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):
            under_test = await proxy(f"http://127.0.0.1:{listener.getsockname()[1]}")
            async with leaves_nothing(under_test):
                _, writer = await under_test.connect()
                writer.write(GET)
                async with asyncio.timeout(5):
                    while not under_test.left_behind[1]:  # noqa: ASYNC110 it is another's state
                        await asyncio.sleep(0)
                writer.close()
                await writer.wait_closed()
                exchanges = await under_test.reported()
    assert [(e.status, e.error) for e in exchanges] == [(499, "client_gone")]


async def is_held_back(under_test: Proxy) -> bool:
    """Whether the client isn't read from any more, though there was time for it."""
    for _ in range(50):
        await asyncio.sleep(0)
        connections = under_test.app._listenings[0].connections
        if not any(connection._reading_paused for connection in connections):
            return False
    return True


# Where the system doesn't tell, the upstream's patience is what ends it.
NOTICED = (499, "client_gone") if sys.platform == "linux" else (504, "connection_write_timeout")


# R82
@pytest.mark.parametrize("how", ["closes", "resets"])
async def test_a_client_that_leaves_while_the_upstream_holds_it_back(
    upstream: Start, proxy: Start, leaves_nothing: Watch, how: str
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()
        await gone.wait()

    gone = asyncio.Event()
    under_test = await proxy((await upstream(script)).url, timeouts={"idle": 3})
    async with leaves_nothing(under_test):
        with socket.create_connection(("127.0.0.1", under_test.port)) as sock:
            sock.setblocking(False)
            loop = asyncio.get_running_loop()
            head = b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 99999999\r\n\r\n"
            await loop.sock_sendall(sock, head)
            async with asyncio.timeout(10):
                while not await is_held_back(under_test):
                    await loop.sock_sendall(sock, bytes(65536))
            if how == "resets":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        async with asyncio.timeout(1 if sys.platform == "linux" else 5):
            exchanges = await under_test.reported()
        gone.set()
    assert [(e.status, e.error) for e in exchanges] == [NOTICED]


# R82
async def test_a_client_that_leaves_in_its_head_is_no_exchange(
    answering: Start, proxy: Start, leaves_nothing: Watch
):
    before = await answering()
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        _, writer = await under_test.connect()
        writer.write(b"GET / HTTP/1.1\r\nHo")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    assert (under_test.exchanges, before.connections) == ([], 0)


# R82
async def test_a_client_that_leaves_disturbs_no_other(upstream: Start, proxy: Start):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        await left.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    left = asyncio.Event()
    before = await upstream(script)
    under_test = await proxy(before.url)
    _, leaving = await under_test.connect()
    leaving.write(GET)
    staying = asyncio.ensure_future(
        under_test.send(b"GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n")
    )
    async with asyncio.timeout(5):
        while len(before.heads) < 2:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
    leaving.close()
    await leaving.wait_closed()
    await under_test.reported()
    left.set()
    assert (await staying).endswith(b"\r\n\r\nok")
