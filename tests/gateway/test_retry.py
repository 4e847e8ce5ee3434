"""A kept-alive connection that its upstream closes just as it is used (R81, R87)."""

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

Play = Callable[..., Awaitable[None]]

FIRST = b"GET /first HTTP/1.1\r\nHost: proxy\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def request(method: bytes, body: bytes | None = None) -> bytes:
    length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
    end = b"Connection: close\r\n\r\n" + (body or b"")
    return method + b" /second HTTP/1.1\r\nHost: proxy\r\n" + length + end


CHUNKS = b" /second HTTP/1.1\r\nHost: p\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"

REPEATED = {
    "GET": request(b"GET"),
    "HEAD": request(b"HEAD"),
    "OPTIONS": request(b"OPTIONS"),
    "DELETE": request(b"DELETE"),
    "PUT with content at hand": request(b"PUT", b"body"),
    "PUT with chunks at hand": b"PUT" + CHUNKS + b"4\r\nbody\r\n0\r\n\r\n",
}
NOT_REPEATED = {
    "POST": request(b"POST", b"body"),
    "POST without content": request(b"POST", b""),
    "PATCH": request(b"PATCH", b"body"),
    "an unknown method": request(b"LOCK"),
}


def closing_on_reuse(reset: Reset, how: str) -> Play:
    """Answer once on the first connection, and close it on the second request; then serve."""

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if state.connections > 1:
            await state.request(reader)
            writer.write(OK)
            return
        await state.request(reader)
        writer.write(NO_CONTENT)
        await state.request(reader)
        if how == "resets":
            reset(writer)
        elif how == "begins to answer":
            writer.write(b"HTTP/1.1 2")

    return script


async def second(under_test: Proxy, raw: bytes) -> bytes:
    """Make one request to fill the pool, and then another."""
    reader, writer = await under_test.connect()
    writer.write(FIRST)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
    await under_test.reported()
    assert under_test.left_behind[2] == 1
    received: bytes = await under_test.send(raw)
    writer.close()
    await writer.wait_closed()
    return received


# R81
@pytest.mark.parametrize("how", ["closes", "resets"])
@pytest.mark.parametrize("raw", REPEATED.values(), ids=REPEATED)
async def test_what_may_be_repeated_is_sent_again_once(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset, raw: bytes, how: str
):
    before = await upstream(closing_on_reuse(reset, how))
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        assert (await second(under_test, raw)).startswith(b"HTTP/1.1 200 OK\r\n")
    sent = [head.split(b"\r\n")[0] for head in before.heads]
    asked = raw.split(b"\r\n")[0]
    assert (before.connections, sent) == (2, [b"GET /first HTTP/1.1", asked, asked])
    assert before.bodies[1] == before.bodies[2]
    assert [(e.status, e.error) for e in under_test.exchanges] == [(204, None), (200, None)]


# R81
@pytest.mark.parametrize("raw", NOT_REPEATED.values(), ids=NOT_REPEATED)
async def test_what_may_not_be_repeated_is_answered_502(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset, raw: bytes
):
    before = await upstream(closing_on_reuse(reset, "closes"))
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        assert (await second(under_test, raw)).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert (before.connections, len(before.heads)) == (1, 2)
    assert under_test.exchanges[1].error == "connection_terminated"


# R81
async def test_what_was_answered_in_part_is_not_repeated(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset
):
    before = await upstream(closing_on_reuse(reset, "begins to answer"))
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        received = await second(under_test, request(b"GET"))
    assert received.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert (before.connections, len(before.heads)) == (1, 2)


# R81
async def test_what_arrives_on_a_fresh_connection_is_not_repeated(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        state: State, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        received = await under_test.send(request(b"GET"))
    assert received.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert (before.connections, len(before.heads)) == (1, 1)


# R81
async def test_the_second_connection_is_the_last(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        if state.connections == 1:
            writer.write(NO_CONTENT)
            await state.request(reader)

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        received = await second(under_test, request(b"GET"))
    assert received.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert (before.connections, len(before.heads)) == (2, 3)


IDLE = {
    "closes": lambda _writer: None,
    "talks unasked": lambda writer: writer.write(OK),
}


# R81 R87
@pytest.mark.parametrize("does", IDLE.values(), ids=IDLE)
async def test_a_connection_that_ended_while_idle_is_not_used(
    upstream: Start, proxy: Start, leaves_nothing: Watch, does: Callable[[Any], None]
):
    end = asyncio.Event()

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(NO_CONTENT)
        if state.connections == 1:
            await end.wait()
            does(writer)
            await writer.drain()

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(FIRST)
        await reader.readuntil(b"\r\n\r\n")
        await under_test.reported()
        end.set()
        async with asyncio.timeout(2):
            while under_test.left_behind[2]:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        received = await under_test.send(request(b"POST", b"body"))
        assert received.startswith(b"HTTP/1.1 204 No Content\r\n")
        writer.close()
        await writer.wait_closed()
    assert (before.connections, before.bodies) == (2, [b"", b"body"])
