"""A client that is too slow: with its head, with its content, with reading (R84)."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Proxy = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: p\r\n\r\n"
POST = (
    b"POST / HTTP/1.1\r\nHost: p\r\nOrigin: http://localhost:3001\r\nContent-Length: 10\r\n\r\n123"
)
WHOLE = b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 4\r\n\r\nhihi"
LARGE = WHOLE.replace(b": 4\r\n\r\nhihi", b": 200000\r\n\r\n") + bytes(200_000)
CHUNKS = WHOLE.replace(b"Content-Length: 4\r\n\r\nhihi", b"Transfer-Encoding: chunked\r\n\r\n")
UPGRADE = b"GET / HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

SLOW_HEADS = {
    "part of a head": (b"", b"GET / HTTP/1.1\r\nHost"),
    "part of a head on a kept-alive connection": (GET, b"GET /b HTTP/1.1\r\nHost"),
    "part of a head in the packet of a request": (b"", GET + b"GET /b HTTP/1.1\r\nHost"),
    "part of a head behind an upgrade declined": (b"", UPGRADE + b"GET /b HTTP/1.1\r\nHost"),
    "part of a head behind content": (b"", WHOLE + b"GET /b HTTP/1.1\r\nHost"),
    "part of a head behind content that is held back": (b"", LARGE + b"GET /b HTTP/1.1\r\nHo"),
    "part of a head behind chunks": (CHUNKS + b"0", b"\r\nA: b\r\n\r\nGET /b HTTP/1.1\r\nHost"),
    "part of a head in the packet that ends content": (WHOLE[:-2], b"hiGET /b HTTP/1.1\r\nHost"),
}


# R84
@pytest.mark.parametrize(("first", "then"), SLOW_HEADS.values(), ids=SLOW_HEADS)
async def test_a_head_that_does_not_end(
    answering: Start, proxy: Start, leaves_nothing: Watch, first: bytes, then: bytes
):
    before = await answering(OK)
    under_test = await proxy(before.url, top={"timeouts": {"header": 0.2}})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(first)
        if first.endswith(b"\r\n\r\n"):
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\nok"), 2)
        async with asyncio.timeout(2):
            while first and not before.heads:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        writer.write(then)
        received = await asyncio.wait_for(reader.read(), 2)
        writer.close()
        await writer.wait_closed()
    last = received.rpartition(b"HTTP/1.1 ")[2]
    assert last.startswith(b"408 Request Timeout\r\nConnection: close\r\n")
    assert b"Proxy-Status: corsproxy; error=http_request_error\r\n" in last
    shown = [(e.status, e.error) for e in under_test.exchanges][-1]
    assert shown == (408, "http_request_error")


# R84
@pytest.mark.parametrize("first", [GET, UPGRADE, WHOLE], ids=["GET", "an upgrade", "content"])
async def test_a_head_that_does_not_end_while_another_request_is_under_way(
    upstream: Start, proxy: Start, first: bytes
):
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        asked.set()
        await go_on.wait()
        writer.write(OK)

    before = await upstream(script)
    under_test = await proxy(before.url, top={"timeouts": {"header": 0.2}})
    reader, writer = await under_test.connect()
    writer.write(first)
    await asyncio.wait_for(asked.wait(), 2)
    writer.write(b"GET /b HTTP/1.1\r\nHost")
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.3
    while loop.time() < end:  # noqa: ASYNC110 it is another's state
        await asyncio.sleep(0)
    go_on.set()
    received = await asyncio.wait_for(reader.read(), 2)
    writer.close()
    _, answered, late = received.split(b"HTTP/1.1 ")
    assert answered.startswith(b"200 OK\r\n")
    assert late.startswith(b"408 Request Timeout\r\nConnection: close\r\n")


BETWEEN = {
    "after a request": (GET, b""),
    "after content": (WHOLE, b""),
    "after content and a needless CRLF": (WHOLE + b"\r\n", b""),
    "after a needless CRLF by itself": (WHOLE, b"\r\n"),
    "after chunks": (CHUNKS + b"2\r\nhi\r\n0\r\n\r\n", b""),
    "after an upgrade declined": (UPGRADE, b"\r\n"),
    "after two requests in a packet": (GET + WHOLE, b""),
    "after more than are queued": ((GET + WHOLE) * 40, b""),
}


# R84
@pytest.mark.parametrize(("sent", "then"), BETWEEN.values(), ids=BETWEEN)
async def test_the_time_for_a_head_is_not_for_the_time_between_two(
    answering: Start, proxy: Start, sent: bytes, then: bytes
):
    before = await answering(*[OK] * 100)
    under_test = await proxy(before.url, top={"timeouts": {"header": 0.1}})
    reader, writer = await under_test.connect()
    writer.write(sent)
    for _ in range(sent.count(b"HTTP/1.1")):
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\nok"), 2)
    writer.write(then)
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.3
    while loop.time() < end:  # noqa: ASYNC110 it is another's state
        await asyncio.sleep(0)
    writer.write(GET)
    assert (await asyncio.wait_for(reader.readuntil(b"ok"), 2)).startswith(b"HTTP/1.1 200 OK\r\n")


# R84
async def test_a_connection_on_which_nothing_is_said_is_closed_without_a_word(
    answering: Start, proxy: Start, leaves_nothing: Watch
):
    before = await answering()
    under_test = await proxy(before.url, top={"timeouts": {"header": 0.2}})
    async with leaves_nothing(under_test):
        assert await under_test.ending(b"") == (b"", "eof")
    assert under_test.exchanges == []


# R84
@pytest.mark.parametrize("first", [b"", b"\r\n", b"GET"], ids=["", "CRLF first", "in two packets"])
@pytest.mark.parametrize("before", [0, 1], ids=["the first", "a later one"])
async def test_the_time_for_a_head_is_not_for_what_follows(
    upstream: Start, proxy: Start, first: bytes, before: int
):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for late in [*[0.0] * before, 0.3]:
            await state.request(reader)
            loop = asyncio.get_running_loop()
            end = loop.time() + late
            while loop.time() < end:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
            writer.write(OK)

    server = await upstream(script)
    under_test = await proxy(server.url, top={"timeouts": {"header": 0.15}})
    reader, writer = await under_test.connect()
    for _ in range(before):
        writer.write(GET)
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\nok"), 2)
    writer.write(first)
    async with asyncio.timeout(2):
        while not under_test.left_behind[0]:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
    for _ in range(20):  # which the proxy reads
        await asyncio.sleep(0)
    writer.write(GET.removeprefix(first))
    assert (await asyncio.wait_for(reader.read(65536), 2)).endswith(b"\r\n\r\nok")


# R84
@pytest.mark.parametrize("before", [b"", GET], ids=["the first", "a later one"])
async def test_a_head_that_trickles(answering: Start, proxy: Start, before: bytes):
    server = await answering(OK)
    under_test = await proxy(server.url, top={"timeouts": {"header": 0.2}})
    reader, writer = await under_test.connect()
    if before:
        writer.write(before)
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\nok"), 2)
    answer = asyncio.ensure_future(reader.read(65536))
    loop = asyncio.get_running_loop()
    begun = due = loop.time()
    octets = iter(range(256))
    writer.write(b"GET /")
    async with asyncio.timeout(2):
        while not answer.done():
            if loop.time() >= due:
                writer.write(b"%x" % next(octets))
                due += 0.05
            await asyncio.sleep(0)
    assert (await answer).startswith(b"HTTP/1.1 408 ")
    assert loop.time() - begun < 1


# R84
async def test_content_that_stops(upstream: Start, proxy: Start, leaves_nothing: Watch):
    async def script(
        _state: State, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        await reader.read()

    before = await upstream(script)
    under_test = await proxy(before.url, timeouts={"idle": 0.2})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(POST)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
        writer.close()
        await writer.wait_closed()
        await asyncio.wait_for(before.ended.wait(), 1)
        exchanges = await under_test.reported()
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n")
    assert b"Access-Control-Allow-Origin: http://localhost:3001\r\n" in head
    assert [(e.status, e.error, e.detail, e.received) for e in exchanges] == [
        (408, "http_request_error", "the client stopped sending", 3)
    ]


# R84
async def test_an_upstream_that_stops_reading(upstream: Start, proxy: Start, leaves_nothing: Watch):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()
        await done.wait()

    done = asyncio.Event()
    before = await upstream(script)
    under_test = await proxy(before.url, timeouts={"idle": 0.3})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        size = 16 << 20
        writer.write(b"PUT / HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % size)
        writer.write(bytes(size))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.transport.abort()
        done.set()
        exchanges = await under_test.reported()
    assert head.startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
    assert [(e.status, e.error) for e in exchanges] == [(504, "connection_write_timeout")]


async def endless(state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send as much as is taken."""
    head = await state.request(reader)
    size = int(head.split(b"/")[1].split(b" ")[0])
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size)
    for start in range(0, size, 1 << 16):
        writer.write(bytes(min(1 << 16, size - start)))
        await writer.drain()
    await reader.read()


def narrow(under_test: Proxy) -> socket.socket:
    """Connect with a small window, so that little is taken unread."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", under_test.port))
    sock.setblocking(False)
    return sock


STALLED = {
    "a long answer": (b"GET /100000000 HTTP/1.1\r\nHost: p\r\n\r\n", "client_stalled"),
    "the end of an answer": (
        b"GET /3000000 HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n", "client_stalled"
    ),
}  # fmt: skip


# R84
@pytest.mark.parametrize(("raw", "error"), STALLED.values(), ids=STALLED)
async def test_a_client_that_stops_reading_is_cut_off(
    upstream: Start, proxy: Start, leaves_nothing: Watch, raw: bytes, error: str
):
    before = await upstream(endless)
    under_test = await proxy(before.url, timeouts={"idle": 0.3})
    async with leaves_nothing(under_test):
        with narrow(under_test) as sock:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, raw)
            exchanges = await under_test.reported()
            await asyncio.wait_for(before.ended.wait(), 1)
            async with asyncio.timeout(2):
                while under_test.left_behind[0]:  # noqa: ASYNC110 it is another's state
                    await asyncio.sleep(0)
            with pytest.raises(ConnectionResetError):  # noqa: PT012 what was on its way comes first
                while await loop.sock_recv(sock, 65536):
                    pass
    assert [(e.status, e.error) for e in exchanges] == [(200, error)]
