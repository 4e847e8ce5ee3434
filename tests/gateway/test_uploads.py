"""R31-R34, R43, R69: a request's content, framed as it came and passed on as it comes."""

import asyncio
import gzip
import re
import resource
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSE = b"Connection: close\r\n"
SIZED = b"Content-Length: 2\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"2\r\nhi\r\n0\r\n\r\n"
GZIP = gzip.compress(b"hello")


async def record(
    state: Any,  # noqa: ANN401 the fixtures' own type is not importable
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Keep every octet, and answer only when a request is whole, chunked or not."""
    head = await reader.readuntil(b"\r\n\r\n")
    state.heads.append(re.sub(rb"(?m)^(Host|X-F|Forw|Via).*\r\n", b"", head))
    state.bodies.append(b"")
    length = re.search(rb"Content-Length: (\d+)", head)
    while data := await reader.read(65536):
        state.bodies[0] += data
        if state.bodies[0].endswith(b"0\r\n\r\n") or (
            length and len(state.bodies[0]) == int(length[1])
        ):
            writer.write(OK)


@pytest.mark.parametrize(
    ("method", "fields", "body"),
    [
        pytest.param(b"GET", SIZED, b"hi", id="R31 GET"),
        pytest.param(b"DELETE", SIZED, b"hi", id="R31 DELETE"),
        pytest.param(b"QUERY", SIZED, b"hi", id="R31 QUERY"),
        pytest.param(b"OPTIONS", SIZED, b"hi", id="R31 OPTIONS"),
        pytest.param(b"HEAD", SIZED, b"hi", id="R31 HEAD"),
        pytest.param(b"GET", CHUNKED, CHUNKS, id="R31 GET, chunked"),
        pytest.param(b"DELETE", CHUNKED, CHUNKS, id="R31 DELETE, chunked"),
        pytest.param(b"POST", SIZED, b"hi", id="R33 Content-Length stays"),
        pytest.param(b"POST", CHUNKED, CHUNKS, id="R33 chunked stays"),
        pytest.param(b"POST", CHUNKED, b"0\r\n\r\n", id="R33 chunked and empty"),
        pytest.param(
            b"PUT",
            b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(GZIP),
            GZIP,
            id="R34 a coded body is not decoded",
        ),
        pytest.param(
            b"PUT",
            b"Content-Encoding: gzip\r\n" + SIZED,
            b"no",
            id="R34 nor is what is no gzip",
        ),
    ],
)
async def test_content_keeps_its_framing(
    upstream: Start, proxy: Start, method: bytes, fields: bytes, body: bytes
):
    server = await upstream(record)
    front = await proxy(server.url)
    await front.send(method + b" / HTTP/1.1\r\nHost: h\r\n" + fields + CLOSE + b"\r\n" + body)
    assert server.heads == [method + b" / HTTP/1.1\r\n" + fields + b"\r\n"]
    assert server.bodies == [body]


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        pytest.param(b"GET", b"", id="R32 R23 GET without content"),
        pytest.param(b"DELETE", b"", id="R32 DELETE without content"),
        pytest.param(b"POST", b"", id="R32 POST without content"),
        pytest.param(b"POST", b"Content-Length: 0\r\n", id="R32 POST that says so"),
    ],
)
async def test_no_content_stays_none(answering: Start, proxy: Start, method: bytes, fields: bytes):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    await front.send(method + b" / HTTP/1.1\r\nHost: h\r\n" + fields + CLOSE + b"\r\n")
    head = re.sub(rb"(?m)^(Host|X-F|Forw|Via).*\r\n", b"", upstream.heads[0])
    assert head == method + b" / HTTP/1.1\r\n" + fields + b"\r\n"


@pytest.mark.parametrize(
    ("fields", "first", "rest", "whole"),
    [
        pytest.param(SIZED, b"h", b"i", b"hi", id="R33 the first octet of Content-Length"),
        pytest.param(
            CHUNKED,
            b"1\r\nh\r\n",
            b"1\r\ni\r\n0\r\n\r\n",
            b"1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
            id="R33 a chunk",
        ),
        pytest.param(
            CHUNKED,
            b"2\r\nh",
            b"i\r\n0\r\n\r\n",
            b"1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
            id="R33 half a chunk",
        ),
    ],
)
async def test_content_is_passed_on_before_its_end(
    upstream: Start, proxy: Start, fields: bytes, first: bytes, rest: bytes, whole: bytes
):
    server = await upstream(record)
    front = await proxy(server.url)
    reader, writer = await front.connect()
    writer.write(b"POST / HTTP/1.1\r\nHost: h\r\n" + fields + CLOSE + b"\r\n" + first)
    async with asyncio.timeout(5):
        while not server.bodies or not server.bodies[0]:  # noqa: ASYNC110 the fixture keeps octets
            await asyncio.sleep(0)
    writer.write(rest)
    assert (await asyncio.wait_for(reader.read(-1), 5)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert server.bodies == [whole]
    writer.close()


@pytest.mark.parametrize(
    ("first", "bad", "seen"),
    [
        pytest.param(b"2\r\nhi\r\n", b"zz\r\n", b"2\r\nhi\r\n", id="R43 R45 no size"),
        pytest.param(b"2\r\nhi\r\n", b"-1\r\n", b"2\r\nhi\r\n", id="R43 a sign"),
        pytest.param(b"2\r\nhi\r\n", b"2\nhi\r\n", b"2\r\nhi\r\n", id="R43 bare LF"),
        pytest.param(b"2\r\nhi", b"0\r\n\r\n", b"2\r\nhi\r\n", id="R43 no CRLF"),
        pytest.param(
            b"2\r\nhi\r\n", b"0\r\nA : b\r\n\r\n", b"2\r\nhi\r\n", id="R43 R44 a malformed trailer"
        ),
    ],
)
async def test_content_that_turns_out_malformed_is_never_complete(
    upstream: Start, proxy: Start, first: bytes, bad: bytes, seen: bytes
):
    server = await upstream(record)
    front = await proxy(server.url)
    reader, writer = await front.connect()
    writer.write(b"POST / HTTP/1.1\r\nHost: h\r\n" + CHUNKED + b"\r\n" + first)
    async with asyncio.timeout(5):
        while not server.bodies or not server.bodies[0]:  # noqa: ASYNC110 the fixture keeps octets
            await asyncio.sleep(0)
    writer.write(bad + b"GET /behind HTTP/1.1\r\nHost: h\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(-1), 5)
    writer.close()
    await asyncio.wait_for(server.ended.wait(), 5)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
    assert answer.count(b"\r\n\r\n") == 1
    assert (len(server.heads), server.bodies) == (1, [seen])


async def test_r69_a_large_upload_to_a_slow_upstream_takes_little_memory(
    upstream: Start, proxy: Start
):
    size, piece = 256 << 20, bytes(1 << 20)

    async def slow(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        state.heads.append(await reader.readuntil(b"\r\n\r\n"))
        reader._limit = 1 << 16  # the test's own buffer must not count
        left = size
        while left:
            left -= len(await reader.read(1 << 16))
            for _ in range(8):
                await asyncio.sleep(0)
        writer.write(OK)

    server = await upstream(slow)
    front = await proxy(server.url)
    reader, writer = await front.connect()
    writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n" % size + CLOSE + b"\r\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(size // len(piece)):
        writer.write(piece)
        await writer.drain()
    assert (await asyncio.wait_for(reader.read(-1), 60)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024
    writer.close()


@pytest.mark.parametrize("octets", [2, 200_000, 1 << 20])
async def test_a_connection_lives_on_after_chunked_content_of_any_size(
    upstream: Start, proxy: Start, octets: int
):
    async def script(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        while await state.request(reader):
            writer.write(OK)

    front = await proxy((server := await upstream(script)).url)
    reader, writer = await front.connect()
    content = b"%x\r\n" % octets + bytes(octets) + b"\r\n0\r\n\r\n"
    writer.write(b"POST / HTTP/1.1\r\nHost: h\r\n" + CHUNKED + b"\r\n" + content)
    async with asyncio.timeout(5):
        assert b"Connection: close" not in await reader.readuntil(b"\r\n\r\nok")
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n" + CLOSE + b"\r\n")
        assert (await reader.read(-1)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert server.bodies == [bytes(octets), b""]
