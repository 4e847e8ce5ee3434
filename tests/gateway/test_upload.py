"""Content on its way up while the answer may already be on its way down (R83, R33)."""

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
Reset = Callable[[asyncio.StreamWriter], None]

HEAD = b"POST / HTTP/1.1\r\nHost: p\r\nOrigin: http://localhost:3001\r\n"
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"
SIZE = 30_000_000


async def uploaded(under_test: Proxy, raw: bytes, end: bytes) -> bytes:
    """Send a head and as much content as is taken, and return what is answered."""
    reader, writer = await under_test.connect()
    writer.write(raw)

    async def send() -> None:
        try:
            for _ in range(SIZE // 50_000):
                writer.write(bytes(50_000))
                await writer.drain()
        except ConnectionError:
            pass

    sending = asyncio.ensure_future(send())
    received: bytes = await asyncio.wait_for(reader.readuntil(end), 5)
    sending.cancel()
    await asyncio.wait([sending])
    writer.transport.abort()
    return received


# R83
async def test_an_answer_that_comes_before_the_upload_ends_is_delivered(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(TOO_LARGE)
        await writer.drain()
        while await reader.read(65536):
            pass

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        raw = HEAD + b"Content-Length: %d\r\n\r\n" % SIZE
        received = await uploaded(under_test, raw, b"\r\n\r\nno")
        exchanges = await under_test.reported()
    assert received.startswith(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n")
    assert [(e.status, e.error) for e in exchanges] == [(413, None)]
    assert exchanges[0].received < SIZE


# R33 R83
async def test_an_answer_passes_while_the_upload_waits_for_it(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    """Both ways at once: each piece up is answered by a piece down."""

    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while (size := int(await reader.readline(), 16)) > 0:
            piece = (await reader.readexactly(size + 2))[:-2]
            writer.write(b"%x\r\n%b\r\n" % (size, piece.upper()))
        writer.write(b"0\r\n\r\n")

    before = await upstream(script)
    under_test = await proxy(before.url, timeouts={"idle": 0.4, "response": 0.2})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        loop = asyncio.get_running_loop()
        for piece in (b"a", b"b", b"c", b"d"):
            writer.write(b"1\r\n" + piece + b"\r\n")
            await asyncio.wait_for(reader.readuntil(b"1\r\n" + piece.upper() + b"\r\n"), 1)
            end = loop.time() + 0.2
            while loop.time() < end:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 1) == b"0\r\n\r\n"
        exchanges = await under_test.reported()
        writer.close()
        await writer.wait_closed()
    assert [(e.status, e.error, e.received, e.sent) for e in exchanges] == [(200, None, 4, 4)]


async def test_a_long_upload_is_not_bound_by_the_time_for_an_answer(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    before = await upstream(script)
    under_test = await proxy(before.url, timeouts={"idle": 0.4, "response": 0.2})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(HEAD + b"Connection: close\r\nContent-Length: 4\r\n\r\n")
        loop = asyncio.get_running_loop()
        for _ in range(4):
            end = loop.time() + 0.15
            while loop.time() < end:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
            writer.write(b"a")
        received = await asyncio.wait_for(reader.read(), 1)
        writer.close()
        await writer.wait_closed()
    assert received.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert before.bodies == [b"aaaa"]


# R84
async def test_an_upstream_that_stops_is_blamed_though_the_upload_goes_on(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        await reader.read()

    before = await upstream(script)
    under_test = await proxy(before.url, timeouts={"idle": 0.2})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(HEAD + b"Content-Length: 4\r\n\r\nab")
        await asyncio.wait_for(reader.readuntil(b"12345"), 2)
        writer.write(b"cd")
        exchanges = await under_test.reported()
        writer.transport.abort()
    shown = [(e.status, e.error, e.received, e.sent) for e in exchanges]
    assert shown == [(200, "connection_read_timeout", 4, 5)]


# R80
@pytest.mark.parametrize("how", ["closes", "resets"])
async def test_an_upstream_that_goes_in_the_middle_of_an_upload(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset, how: str
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read(1000)
        if how == "resets":
            reset(writer)

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        raw = HEAD + b"Content-Length: %d\r\n\r\n" % SIZE
        received = await uploaded(under_test, raw, b"\r\n\r\n")
        exchanges = await under_test.reported()
    assert received.startswith(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n")
    assert b"\r\nProxy-Status: corsproxy; error=connection_terminated\r\n" in received
    assert b"\r\nAccess-Control-Allow-Origin: http://localhost:3001\r\n" in received
    assert [(e.status, e.error) for e in exchanges] == [(502, "connection_terminated")]


# R43
async def test_a_malformed_chunk_is_refused_quietly_and_never_ends_at_the_upstream(
    upstream: Start, proxy: Start, leaves_nothing: Watch, caplog: pytest.LogCaptureFixture
):
    async def script(
        state: State, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        state.heads.append(await reader.readuntil(b"\r\n\r\n"))
        state.bodies.append(await reader.read())

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        async with asyncio.timeout(5):
            while not before.heads:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        writer.write(b"nonsense\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.transport.abort()
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert before.bodies in ([], [b"1\r\na\r\n"])
    assert caplog.text == ""


# R83
@pytest.mark.parametrize("how", ["closes", "resets"])
async def test_an_answer_overtakes_the_reset_behind_it(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset, how: str
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(TOO_LARGE)
        if how == "resets":
            reset(writer)

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        raw = HEAD + b"Content-Length: %d\r\n\r\n" % SIZE
        received = await uploaded(under_test, raw, b"\r\n\r\nno")
        exchanges = await under_test.reported()
    assert received.startswith(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n")
    assert [(e.status, e.error) for e in exchanges] == [(413, None)]
