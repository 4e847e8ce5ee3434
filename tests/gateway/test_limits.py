"""How much is taken: content, connections, requests in a row; and what is never forwarded."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"POST /a HTTP/1.1\r\nHost: proxy\r\nOrigin: http://localhost:3001\r\n"

TOO_MUCH = {
    "declared": HEAD + b"Content-Length: 11\r\n\r\n",
    "declared, with the content": HEAD + b"Content-Length: 11\r\n\r\n12345678901",
    "declared, and announced": HEAD + b"Content-Length: 11\r\nExpect: 100-continue\r\n\r\n",
    "declared, and huge": HEAD + b"Content-Length: 9223372036854775806\r\n\r\n",
    "in chunks at hand": HEAD + b"Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n",
}


# R85
@pytest.mark.parametrize("raw", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_too_much_content_is_refused_before_the_upstream_is_met(
    answering: Start, proxy: Start, leaves_nothing: Watch, raw: bytes
):
    before = await answering(OK)
    under_test = await proxy(before.url, limits={"request_body": 10})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(raw)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()
        await writer.wait_closed()
        exchanges = await under_test.reported()
    assert head.startswith(b"HTTP/1.1 413 Content Too Large\r\n")
    assert b"Proxy-Status: corsproxy; error=http_request_denied\r\n" in head
    assert b"Access-Control-Allow-Origin: http://localhost:3001\r\n" in head
    assert before.connections == 0
    assert [(e.status, e.error) for e in exchanges] == [(413, "http_request_denied")]


# R85
async def test_too_much_content_that_comes_in_chunks_never_ends_at_the_upstream(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    seen: list[bytes] = []
    begun = asyncio.Event()

    async def script(
        state: State, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
    ) -> None:
        state.heads.append(await reader.readuntil(b"\r\n\r\n"))
        begun.set()
        while data := await reader.read(65536):
            seen.append(data)

    before = await upstream(script)
    under_test = await proxy(before.url, limits={"request_body": 10})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n")
        await begun.wait()
        writer.write(b"6\r\n789012\r\n")
        received = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()
        await writer.wait_closed()
        await asyncio.wait_for(before.ended.wait(), 1)
    assert received.startswith(b"HTTP/1.1 413 Content Too Large\r\n")
    assert b"Connection: close\r\n" in received
    assert b"".join(seen) in (b"", b"6\r\n123456\r\n")


# R85
async def test_as_much_content_as_is_allowed_passes(answering: Start, proxy: Start):
    before = await answering(OK, OK)
    under_test = await proxy(before.url, limits={"request_body": 10})
    for framed in (
        b"Content-Length: 10\r\n\r\n1234567890",
        b"Transfer-Encoding: chunked\r\n\r\na\r\n1234567890\r\n0\r\n\r\n",
    ):
        received = await under_test.send(HEAD + b"Connection: close\r\n" + framed)
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert before.bodies == [b"1234567890"] * 2


# R80
async def test_a_connection_too_many_is_answered_503_and_closed(
    answering: Start, proxy: Start, leaves_nothing: Watch
):
    before = await answering(OK)
    under_test = await proxy(before.url, top={"limits": {"connections": 2}})
    async with leaves_nothing(under_test):
        held = [await under_test.connect() for _ in range(2)]
        async with asyncio.timeout(5):
            while under_test.left_behind[0] < 2:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        request = b"GET / HTTP/1.1\r\nHost: p\r\nOrigin: http://localhost:3001\r\n\r\n"
        received = await under_test.send(request)
        assert received.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: 1\r\n" in received
        assert b"\r\nConnection: close\r\n" in received
        assert b"\r\nProxy-Status: corsproxy; error=connection_limit_reached\r\n" in received
        assert b"\r\nAccess-Control-Allow-Origin: http://localhost:3001\r\n" in received
        assert before.connections == 0
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(5):
            while under_test.left_behind[0]:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        received = await under_test.send(
            request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"TRACE / HTTP/1.1\r\nHost: p\r\nCookie: a=b\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    ],
    ids=["TRACE", "CONNECT"],
)
async def test_what_is_never_forwarded(
    answering: Start, proxy: Start, leaves_nothing: Watch, raw: bytes
):
    before = await answering(OK)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(raw)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()
        await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    assert b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" in head
    assert before.connections == 0


# R46
async def test_many_requests_in_a_row_are_answered_in_order(upstream: Start, proxy: Start):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            target = (await state.request(reader)).split(b" ")[1]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(target) + target)

    before = await upstream(script)
    under_test = await proxy(before.url)
    count = 500
    requests = [b"GET /%d HTTP/1.1\r\nHost: p\r\n\r\n" % n for n in range(count)]
    last = b"GET /last HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"
    received = await under_test.send(b"".join(requests) + last)
    answers = [
        part.rsplit(b"\r\n\r\n", 1)[1] for part in received.split(b"HTTP/1.1 200 OK\r\n")[1:]
    ]
    assert answers == [b"/%d" % n for n in range(count)] + [b"/last"]
    assert before.connections == 1


# R86
async def test_many_endless_responses_hold_no_other_request_up(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await state.request(reader)
        if head.startswith(b"GET /events "):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            await reader.read()
        writer.write(OK)

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        streams = [await under_test.connect() for _ in range(150)]
        for reader, writer in streams:
            writer.write(b"GET /events HTTP/1.1\r\nHost: p\r\n\r\n")
            await asyncio.wait_for(reader.readuntil(b"data: 1\n\n"), 5)
        received = await under_test.send(b"GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n")
        assert received.endswith(b"\r\n\r\nok")
        for _, writer in streams:
            writer.close()
            await writer.wait_closed()


async def test_an_idle_client_connection_is_closed(
    answering: Start, proxy: Start, leaves_nothing: Watch
):
    before = await answering(OK)
    under_test = await proxy(before.url, top={"limits": {"keepalive": 0.2}})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: p\r\n\r\n")
        received = await asyncio.wait_for(reader.read(), 2)
        writer.close()
        await writer.wait_closed()
    assert received.endswith(b"\r\n\r\nok")
    assert b"Connection" not in received
