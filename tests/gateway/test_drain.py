"""The end of the proxy: what is under way ends well, what doesn't end is cut (R88)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Proxy = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]

Play = Callable[..., Awaitable[None]]

GET = b"GET / HTTP/1.1\r\nHost: p\r\nOrigin: http://localhost:3001\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"


def when(event: asyncio.Event, reply: bytes) -> Play:
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        await event.wait()
        writer.write(reply)

    return script


async def streaming(
    state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await state.request(reader)
    writer.write(STREAM)
    await reader.read()


async def under_way(under_test: Proxy, count: int = 1) -> None:
    async with asyncio.timeout(5):
        while under_test.left_behind[1] < count:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)


# R88
@pytest.mark.parametrize(
    ("reply", "status"),
    [(OK, b"200 OK"), (b"nonsense\r\n\r\n", b"502 Bad Gateway")],
    ids=["an answer", "a fault"],
)
async def test_what_is_under_way_ends_and_says_that_the_connection_does(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reply: bytes, status: bytes
):
    event = asyncio.Event()
    under_test = await proxy((await upstream(when(event, reply))).url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(GET)
        await under_way(under_test)
        drain = asyncio.ensure_future(under_test.app.drain(5))
        with pytest.raises(ConnectionRefusedError):  # noqa: PT012 once the listener is closed
            while True:
                await asyncio.sleep(0)
                _, late = await under_test.connect()
                late.close()
        assert not drain.done()
        event.set()
        received = await asyncio.wait_for(reader.read(), 2)
        await asyncio.wait_for(drain, 2)
        writer.close()
        await writer.wait_closed()
    assert received.startswith(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n")


# R88
async def test_idle_connections_close_at_once_however_long_the_grace(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    event = asyncio.Event()
    before = await upstream(when(event, OK))
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        idle, busy = await under_test.connect(), await under_test.connect()
        busy[1].write(GET)
        await under_way(under_test)
        drain = asyncio.ensure_future(under_test.app.drain(5))
        assert await asyncio.wait_for(idle[0].read(), 1) == b""
        assert not drain.done()
        event.set()
        await asyncio.wait_for(drain, 2)
        for _, writer in (idle, busy):
            writer.close()
            await writer.wait_closed()


# R88
async def test_a_request_just_received_is_answered(
    answering: Start, proxy: Start, leaves_nothing: Watch
):
    before = await answering(OK)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        async with asyncio.timeout(5):
            while not under_test.left_behind[0]:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        protocol = next(iter(under_test.app._listenings[0].connections))
        protocol.data_received(GET)  # received, but not yet begun
        under_test.app._listenings[0].stop_accepting()
        received = await asyncio.wait_for(reader.readuntil(b"ok"), 2)
        writer.close()
        await writer.wait_closed()
        await under_test.reported()
        under_test.app._pools.close()
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")


ENDLESS = {
    "chunks": (GET, b"5\r\n12345\r\n", "eof"),
    "until the close": (GET.replace(b"HTTP/1.1", b"HTTP/1.0"), b"12345", "reset"),
}


# R88
@pytest.mark.parametrize(("raw", "content", "end"), ENDLESS.values(), ids=ENDLESS)
async def test_what_does_not_end_is_cut_when_the_grace_is_over(
    upstream: Start, proxy: Start, leaves_nothing: Watch, raw: bytes, content: bytes, end: str
):
    before = await upstream(streaming)
    under_test = await proxy(before.url)
    drains: list[asyncio.Future[None]] = []

    def drain() -> None:
        drains.append(asyncio.ensure_future(under_test.app.drain(0.2)))

    async with leaves_nothing(under_test):
        received, how = await under_test.ending(raw, until=content, then=drain)
        await asyncio.wait_for(drains[0], 2)
        await asyncio.wait_for(before.ended.wait(), 1)
    assert (received.partition(b"\r\n\r\n")[2], how) == (content, end)


# R88
async def test_a_request_that_still_comes_is_answered_503(
    answering: Start, proxy: Start, leaves_nothing: Watch
):
    before = await answering(OK)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        under_test.app._gateway.draining = True
        received = await under_test.send(GET)
    assert received.startswith(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n")
    assert b"\r\nRetry-After: 1\r\n" in received
    assert b"\r\nProxy-Status: corsproxy; error=destination_unavailable\r\n" in received
    assert b"\r\nAccess-Control-Allow-Origin: http://localhost:3001\r\n" in received
    assert before.connections == 0


# R88
async def test_a_client_that_reads_nothing_does_not_hold_the_end_up(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n" + bytes(99_000_000))
        await reader.read()

    under_test = await proxy((await upstream(script)).url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.transport.pause_reading()
        writer.write(GET)
        await under_way(under_test)
        await asyncio.wait_for(under_test.app.drain(0.2), 3)
        assert under_test.left_behind == (0, 0, 0)
        writer.transport.abort()
        del reader
