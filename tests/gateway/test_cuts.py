"""A response that its upstream does not finish never looks finished to the client (R59, R60)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]
Reset = Callable[[asyncio.StreamWriter], None]

Play = Callable[..., Awaitable[None]]

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"
CLOSE = b"HTTP/1.1 200 OK\r\n\r\n12345"

HTTP10 = b"GET /a HTTP/1.0\r\nHost: proxy\r\n\r\n"
HTTP11 = b"GET /a HTTP/1.1\r\nHost: proxy\r\n\r\n"

INCOMPLETE = "http_response_incomplete"
STALLED = "connection_read_timeout"
MALFORMED = "http_protocol_error"

# What the upstream does after five octets of content, and the token in the log.
FIN, RST, STALL, BAD_CHUNK = "closes", "resets", "stalls", "sends a bad chunk"

CUTS = {
    "a length, closed": (HTTP11, LENGTH, FIN, b"12345", "eof", INCOMPLETE),
    "a length, reset": (HTTP11, LENGTH, RST, b"12345", "eof", INCOMPLETE),
    "a length, stalled": (HTTP11, LENGTH, STALL, b"12345", "eof", STALLED),
    "a length, closed, HTTP/1.0": (HTTP10, LENGTH, FIN, b"12345", "eof", INCOMPLETE),
    "chunks, closed": (HTTP11, CHUNKED, FIN, b"5\r\n12345\r\n", "eof", INCOMPLETE),
    "chunks, reset": (HTTP11, CHUNKED, RST, b"5\r\n12345\r\n", "eof", INCOMPLETE),
    "chunks, stalled": (HTTP11, CHUNKED, STALL, b"5\r\n12345\r\n", "eof", STALLED),
    "chunks, malformed": (HTTP11, CHUNKED, BAD_CHUNK, b"5\r\n12345\r\n", "eof", MALFORMED),
    "chunks, closed, HTTP/1.0": (HTTP10, CHUNKED, FIN, b"12345", "reset", INCOMPLETE),
    "chunks, reset, HTTP/1.0": (HTTP10, CHUNKED, RST, b"12345", "reset", INCOMPLETE),
    "chunks, stalled, HTTP/1.0": (HTTP10, CHUNKED, STALL, b"12345", "reset", STALLED),
    "chunks, malformed, HTTP/1.0": (HTTP10, CHUNKED, BAD_CHUNK, b"12345", "reset", MALFORMED),
    "until the close, reset": (HTTP11, CLOSE, RST, b"5\r\n12345\r\n", "eof", INCOMPLETE),
    "until the close, stalled": (HTTP11, CLOSE, STALL, b"5\r\n12345\r\n", "eof", STALLED),
    "until the close, reset, HTTP/1.0": (HTTP10, CLOSE, RST, b"12345", "reset", INCOMPLETE),
    "until the close, stalled, HTTP/1.0": (HTTP10, CLOSE, STALL, b"12345", "reset", STALLED),
}


# R59 R60
@pytest.mark.parametrize(
    ("request_", "response", "does", "content", "end", "token"), CUTS.values(), ids=CUTS
)
async def test_a_response_that_is_cut(
    upstream: Start,
    proxy: Start,
    leaves_nothing: Watch,
    reset: Reset,
    request_: bytes,
    response: bytes,
    does: str,
    content: bytes,
    end: str,
    token: str,
):
    seen = asyncio.Event()

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(response)
        await seen.wait()
        if does == RST:
            reset(writer)
        elif does == BAD_CHUNK:
            writer.write(b"no chunk\r\n")
            await reader.read()
        elif does == STALL:
            await reader.read()

    under_test = await proxy((await upstream(script)).url, timeouts={"idle": 0.2})
    async with leaves_nothing(under_test):
        received, how = await under_test.ending(request_, until=content, then=seen.set)
        exchanges = await under_test.reported()
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (received.partition(b"\r\n\r\n")[2], how) == (content, end)
    assert [(e.status, e.error, e.sent) for e in exchanges] == [(200, token, 5)]


WHOLE = {
    "until the close, HTTP/1.1": (HTTP11, CLOSE, b"5\r\n12345\r\n0\r\n\r\n"),
    "until the close, HTTP/1.0": (HTTP10, CLOSE, b"12345"),
    "chunks, HTTP/1.0": (HTTP10, CHUNKED + b"0\r\n\r\n", b"12345"),
    "more than the length says": (HTTP11, LENGTH + b"67890 and more", b"1234567890"),
    "another response behind": (HTTP11, LENGTH + b"67890" + LENGTH, b"1234567890"),
}


# R58
@pytest.mark.parametrize(("request_", "response", "content"), WHOLE.values(), ids=WHOLE)
async def test_a_response_that_is_whole(
    answering: Start,
    proxy: Start,
    leaves_nothing: Watch,
    request_: bytes,
    response: bytes,
    content: bytes,
):
    before = await answering(response)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        request_ = request_.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        received, how = await under_test.ending(request_)
        exchanges = await under_test.reported()
    assert (received.partition(b"\r\n\r\n")[2], how) == (content, "eof")
    assert [(e.status, e.error) for e in exchanges] == [(200, None)]


# R59
async def test_a_cut_response_ends_the_pipeline_behind_it(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(LENGTH)

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        received, how = await under_test.ending(HTTP11 + HTTP11)
    assert (received.count(b"HTTP/1.1"), how, len(before.heads)) == (1, "eof", 1)
