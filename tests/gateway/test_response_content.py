"""R54-R56, R58-R60, R65, R67-R69: a response's content, to the octet and in time."""

import asyncio
import contextlib
import re
import resource
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

OPEN = b" / HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b" / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
SIZE = b"Content-Length: 5\r\n"
CODED = b"Transfer-Encoding: chunked\r\n"
ADDED = b"Date: now\r\nVary: Origin\r\n\r\n"
NO = b"HTTP/1.1 204 No Content\r\n"
SAME = b"HTTP/1.1 304 Not Modified\r\n"


def normal(answer: bytes) -> bytes:
    return re.sub(rb"Date: \w{3}, [^\r]*\r\n", b"Date: now\r\n", answer)


@pytest.mark.parametrize(
    ("method", "sent", "received"),
    [
        pytest.param(b"HEAD", OK + SIZE + b"\r\n", OK + SIZE + ADDED, id="R54 HEAD with a length"),
        pytest.param(b"HEAD", OK + CODED + b"\r\n", OK + ADDED, id="R54 HEAD, chunked"),
        pytest.param(b"HEAD", OK + b"\r\n", OK + ADDED, id="R54 HEAD of unknown length"),
        pytest.param(
            b"HEAD", OK + SIZE + b"\r\nhello", OK + SIZE + ADDED, id="R54 R56 HEAD with content"
        ),
        pytest.param(
            b"HEAD",
            OK + CODED + b"\r\n5\r\nhello\r\n0\r\n\r\n",
            OK + ADDED,
            id="R54 R56 HEAD with chunked content",
        ),
        pytest.param(b"GET", NO + b"\r\n", NO + ADDED, id="R55 204"),
        pytest.param(b"GET", NO + SIZE + b"\r\nhello", NO + ADDED, id="R55 R56 204 with content"),
        pytest.param(
            b"GET", NO + CODED + b"\r\n0\r\n\r\n", NO + ADDED, id="R55 R56 204 with a coding"
        ),
        pytest.param(
            b"GET",
            SAME + b'ETag: "e"\r\nVary: Accept\r\nCache-Control: no-cache\r\n\r\n',
            SAME + b'ETag: "e"\r\nVary: Accept, Origin\r\nCache-Control: no-cache\r\n'
            b"Date: now\r\n\r\n",
            id="R55 304 keeps what it is about",
        ),
        pytest.param(
            b"GET",
            SAME + CODED + b"\r\n5\r\nhello\r\n0\r\n\r\n",
            SAME + ADDED,
            id="R55 R56 304 with content",
        ),
        pytest.param(
            b"GET",
            OK + SIZE + b"\r\nhello\r\n",
            OK + SIZE + ADDED + b"hello",
            id="R56 CRLF behind the content",
        ),
        pytest.param(
            b"GET",
            OK + SIZE + b"\r\nhelloHTTP/1.1 200 OK\r\n\r\nevil",
            OK + SIZE + ADDED + b"hello",
            id="R56 another response behind the content",
        ),
        pytest.param(
            b"GET",
            OK + CODED + b"\r\n5\r\nhello\r\n0\r\n\r\njunk",
            OK + CODED + ADDED + b"5\r\nhello\r\n0\r\n\r\n",
            id="R56 junk behind the last chunk",
        ),
        pytest.param(
            b"GET",
            OK + b"\r\nhello",
            OK + CODED + ADDED + b"5\r\nhello\r\n0\r\n\r\n",
            id="R58 content until the close",
        ),
        pytest.param(
            b"GET",
            b"HTTP/1.0 200 OK\r\n\r\nhello",
            OK + CODED + ADDED + b"5\r\nhello\r\n0\r\n\r\n",
            id="R58 HTTP/1.0",
        ),
        pytest.param(
            b"GET", b"HTTP/1.0 200 OK\r\n\r\n", OK + CODED + ADDED + b"0\r\n\r\n", id="R58 nothing"
        ),
        pytest.param(
            b"GET",
            OK
            + CODED
            + b"Trailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: \xe9\r\nSet-Cookie: a\r\n\r\n",
            OK + CODED + b"Trailer: X-T\r\n" + ADDED + b"5\r\nhello\r\n0\r\nX-T: \xe9\r\n\r\n",
            id="R65 trailers, but none that would be a head's",
        ),
        pytest.param(
            b"GET",
            OK + b"Content-Encoding: gzip\r\n" + SIZE + b"\r\n\x1f\x8b\x00\xff!",
            OK + b"Content-Encoding: gzip\r\n" + SIZE + ADDED + b"\x1f\x8b\x00\xff!",
            id="R67 R34 what says gzip and is none",
        ),
    ],
)
async def test_content_and_the_exchange_behind_it(
    answering: Start, proxy: Start, method: bytes, sent: bytes, received: bytes
):
    upstream = await answering(sent)
    front = await proxy(upstream.url)
    answers = await front.send(method + OPEN + method + LAST)
    coding = CODED if received.startswith(OK + CODED) else b""
    last = received.replace(b"\r\n" + coding, b"\r\nConnection: close\r\n" + coding, 1)
    assert normal(answers) == received + last
    assert upstream.connections == 2, "R56 the connection is not used again"


@pytest.mark.parametrize(
    ("version", "sent", "received", "ends"),
    [
        pytest.param(b"1.1", OK + SIZE + b"\r\nhel", b"hel", "closed", id="R59 R60 half a length"),
        pytest.param(
            b"1.1",
            OK + CODED + b"\r\n2\r\nhi\r\n",
            b"2\r\nhi\r\n",
            "closed",
            id="R59 no last chunk",
        ),
        pytest.param(
            b"1.1",
            OK + CODED + b"\r\n2\r\nhi\r\nzz\r\n",
            b"2\r\nhi\r\n",
            "closed",
            id="R59 a bad chunk",
        ),
        pytest.param(
            b"1.1",
            OK + CODED + b"\r\n2\r\nhi\r\n0\r\n" + b"A: b\r\n" * 500,
            b"2\r\nhi\r\n",
            "closed",
            id="R59 R65 endless trailers",
        ),
        pytest.param(b"1.0", OK + CODED + b"\r\n2\r\nhi\r\n", b"hi", "reset", id="R59 to HTTP/1.0"),
        pytest.param(b"1.1", OK + b"\r\nhi", b"2\r\nhi\r\n", "closed", id="R59 a reset"),
        pytest.param(b"1.0", OK + b"\r\nhi", b"hi", "reset", id="R59 a reset to HTTP/1.0"),
    ],
)
async def test_what_is_cut_short_is_seen_as_cut_short(
    upstream: Start, proxy: Start, version: bytes, sent: bytes, received: bytes, ends: str
):
    async def script(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        await state.request(reader)
        writer.write(sent)
        await taken.wait()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    taken = asyncio.Event()
    server = await upstream(script)
    front = await proxy(server.url, {"limits": {"upstream_header_size": "1KiB"}})
    reader, writer = await front.connect()
    writer.write(b"GET / HTTP/" + version + b"\r\nHost: h\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    content = await reader.readexactly(len(received))
    taken.set()
    end = "closed"
    try:
        content += await asyncio.wait_for(reader.read(-1), 5)
    except ConnectionResetError:
        end = "reset"
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()
    assert (content, end) == (received, ends)


@pytest.mark.parametrize(
    ("head", "piece", "received"),
    [
        pytest.param(OK + b"\r\n", b"a\n", b"2\r\na\n\r\n", id="R68 until the close"),
        pytest.param(OK + CODED + b"\r\n", b"2\r\na\n\r\n", b"2\r\na\n\r\n", id="R68 chunks"),
        pytest.param(OK + b"Content-Length: 90\r\n\r\n", b"a\n", b"a\n", id="R68 a length"),
    ],
)
async def test_every_piece_is_there_at_once(
    upstream: Start, proxy: Start, head: bytes, piece: bytes, received: bytes
):
    async def script(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        await state.request(reader)
        writer.write(head)
        while await asked.get():
            writer.write(piece)

    asked: asyncio.Queue[bool] = asyncio.Queue()
    server = await upstream(script)
    front = await proxy(server.url)
    reader, writer = await front.connect()
    writer.write(b"GET" + OPEN)
    async with asyncio.timeout(5):
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(3):
            asked.put_nowait(True)
            async with asyncio.timeout(0.1):
                assert await reader.readexactly(len(received)) == received
    asked.put_nowait(False)
    writer.close()


async def test_r69_a_large_response_to_a_slow_client_takes_little_memory(
    upstream: Start, proxy: Start
):
    size, piece = 256 << 20, bytes(1 << 20)

    async def script(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        await state.request(reader)
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(piece)):
            writer.write(piece)
            await writer.drain()

    server = await upstream(script)
    front = await proxy(server.url)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port, limit=1 << 16)
    writer.write(b"GET" + OPEN)
    await reader.readuntil(b"\r\n\r\n")
    left = size
    while left:
        left -= len(await reader.read(1 << 16))
        await asyncio.sleep(0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024
    writer.close()
