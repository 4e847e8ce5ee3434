"""R35, R46, R47: one request after the other on a connection, and heads too large for it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
KIB = {"limits": {"header_size": "4KiB"}}


def request(target: bytes, fields: bytes = b"", method: bytes = b"GET") -> bytes:
    return method + b" " + target + b" HTTP/1.1\r\nHost: h\r\n" + fields + b"\r\n"


LAST = request(b"/last", b"Connection: close\r\n")
UPGRADE = b"Connection: Upgrade\r\nUpgrade: "
CONTENT = b"Content-Length: 2\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"2\r\nhi\r\n0\r\n"


async def echo_targets(
    state: Any,  # noqa: ANN401 the fixtures' own type is not importable
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    while True:
        target = (await state.request(reader)).split(b" ")[1]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(target) + target)


def contents(answers: bytes) -> list[bytes]:
    return [part.partition(b"\r\n\r\n")[2] for part in answers.split(b"HTTP/1.1 200 OK")[1:]]


@pytest.mark.parametrize(
    ("sent", "served"),
    [
        pytest.param(
            request(b"/1") + request(b"/2") + request(b"/3", CONTENT, b"POST") + b"hi" + LAST,
            [b"/1", b"/2", b"/3", b"/last"],
            id="R46 all, in order",
        ),
        pytest.param(
            request(b"/1") * 100 + LAST, [b"/1"] * 100 + [b"/last"], id="R46 more than are queued"
        ),
        pytest.param(
            request(b"/1", UPGRADE + b"websocket\r\n") + request(b"/2") + LAST,
            [b"/1", b"/2", b"/last"],
            id="R46 behind a WebSocket that is declined",
        ),
        pytest.param(
            request(b"/1", UPGRADE + b"foo\r\n") + LAST,
            [b"/1", b"/last"],
            id="R46 behind an upgrade to anything else",
        ),
        pytest.param(
            request(b"/1", UPGRADE + b"h2c\r\n" + CONTENT, b"POST") + b"hi" + LAST,
            [b"/1", b"/last"],
            id="R46 behind an upgrade with content",
        ),
        pytest.param(
            request(b"/1", UPGRADE + b"websocket\r\n" + CHUNKED, b"POST")
            + CHUNKS
            + b"\r\n"
            + request(b"/2", UPGRADE + b"websocket\r\n")
            + LAST,
            [b"/1", b"/2", b"/last"],
            id="R46 behind one upgrade and another",
        ),
        pytest.param(
            request(b"/1", CHUNKED, b"POST") + CHUNKS + b"\r\n" + LAST,
            [b"/1", b"/last"],
            id="R46 behind chunks",
        ),
        pytest.param(
            request(b"/1", CHUNKED, b"POST") + CHUNKS + b"A: b\r\n\r\n" + LAST,
            [b"/1", b"/last"],
            id="R44 R46 behind trailers",
        ),
        pytest.param(
            request(b"/1", CHUNKED, b"POST")
            + b"1\r\na\r\n" * 4097
            + b"0\r\n\r\n"
            + request(b"/2", CONTENT, b"POST")
            + b"hi"
            + LAST,
            [b"/1", b"/2", b"/last"],
            id="R46 behind more chunks than aiohttp takes at once",
        ),
        pytest.param(
            request(b"/1", b"Content-Length: 300000\r\n", b"POST") + b"\r\n" * 150_000 + LAST,
            [b"/1", b"/last"],
            id="R46 behind more content than aiohttp takes at once",
        ),
        pytest.param(
            request(b"/1", b"A: " + b"a" * 5000 + b"\r\n") * 60 + LAST,
            [b"/1"] * 60 + [b"/last"],
            id="R46 more than is held",
        ),
        pytest.param(LAST + request(b"/no"), [b"/last"], id="R46 none behind the last"),
        pytest.param(b"\r\n\r\n" + LAST, [b"/last"], id="R47 CRLF before a request line"),
        pytest.param(
            request(b"/1", CONTENT, b"POST") + b"hi\r\n" + LAST,
            [b"/1", b"/last"],
            id="R47 CRLF behind content",
        ),
    ],
)
async def test_pipelined_requests(upstream: Start, proxy: Start, sent: bytes, served: list[bytes]):
    server = await upstream(echo_targets)
    front = await proxy(server.url)
    assert contents(await front.send(sent)) == served


async def test_r46_an_upgrade_by_itself_keeps_the_connection(upstream: Start, proxy: Start):
    server = await upstream(echo_targets)
    front = await proxy(server.url)
    reader, writer = await front.connect()
    writer.write(request(b"/1", UPGRADE + b"h2c\r\n"))
    first = await reader.readuntil(b"/1")
    writer.write(LAST)
    assert contents(first + await asyncio.wait_for(reader.read(-1), 5)) == [b"/1", b"/last"]
    writer.close()


def fields(count: int, size: int) -> bytes:
    return b"".join(b"X-%03d: " % i + b"a" * size + b"\r\n" for i in range(count))


@pytest.mark.parametrize(
    ("top", "large", "passes"),
    [
        pytest.param({}, fields(100, 100), True, id="R35 100 fields pass"),
        pytest.param({}, fields(2, 10_000), True, id="R35 20 KB pass"),
        pytest.param({}, fields(1, 40_000), False, id="R35 a field over the default"),
        pytest.param({}, fields(5, 8_000), False, id="R35 fields that are too much together"),
        pytest.param({}, fields(2_000, 1), False, id="R35 too many fields"),
        pytest.param(KIB, fields(3, 1_300), True, id="R35 under limits.header_size"),
        pytest.param(KIB, fields(3, 1_350), False, id="R35 over limits.header_size"),
    ],
)
async def test_large_heads(
    answering: Start, proxy: Start, top: dict[str, object], large: bytes, *, passes: bool
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, top)
    answer = await front.send(request(b"/", large + b"Connection: close\r\n"))
    too_large = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n" if passes else too_large)
    assert (len(upstream.heads), answer.count(b"\r\n\r\n")) == (int(passes), 1)


async def test_r35_a_head_too_large_is_refused_before_its_end(answering: Start, proxy: Start):
    upstream = await answering(OK)
    front = await proxy(upstream.url, KIB)
    answer = await front.send(request(b"/", fields(5, 1000))[:-2])
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert upstream.connections == 0


BAD = {
    "R46 garbage": (b"\x00garbage\r\n\r\n" + request(b"/no"), 400),
    "R46 half of a malformed head": (b"GET / HTTP/1.1\r\nA : b\r\n", 400),
    "R46 no Host": (b"GET / HTTP/1.1\r\n\r\n" + request(b"/no"), 400),
    "R46 TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "R46 another version": (request(b"/no").replace(b"HTTP/1.1", b"HTTP/3.0"), 505),
    "R46 a malformed chunk": (request(b"/", CHUNKED, b"POST") + b"zz\r\n" + request(b"/no"), 400),
    "R46 a chunk too long": (request(b"/", CHUNKED, b"POST") + b"1\r\nhi\r\n0\r\n\r\n", 400),
    "R46 an endless line": (request(b"/", CHUNKED, b"POST") + b"1;" + b"a" * 5000, 431),
    "R35 a head too large": (request(b"/2", fields(5, 1000)), 431),
    "R35 part of a head too large": (request(b"/2", fields(5, 1000))[:-2], 431),
}


@pytest.mark.parametrize("before", [0, 1], ids=["the first", "a later one"])
@pytest.mark.parametrize("packets", [1, 2], ids=["one packet", "two packets"])
@pytest.mark.parametrize(("behind", "status"), BAD.values(), ids=BAD)
async def test_what_is_wrong_takes_no_sound_request_along(
    upstream: Start, proxy: Start, behind: bytes, status: int, packets: int, before: int
):
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def script(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        for _ in range(before):
            await state.request(reader)
            writer.write(OK)
        await state.request(reader)
        asked.set()
        await go_on.wait()
        writer.write(OK)

    server = await upstream(script)
    front = await proxy(server.url, KIB)
    reader, writer = await front.connect()
    for _ in range(before):
        writer.write(request(b"/0"))
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\nok"), 5)
    writer.write(request(b"/1") + (behind if packets == 1 else b""))
    await asyncio.wait_for(asked.wait(), 5)
    if packets > 1:
        writer.write(behind)
        for _ in range(20):  # which the proxy reads
            await asyncio.sleep(0)
    go_on.set()
    answers = await asyncio.wait_for(reader.read(-1), 5)
    writer.close()
    refused = rb"HTTP/1.1 %d [A-Za-z ]+\r\nConnection: close\r\n[^\0]*\r\n\r\n{[^\0]+}\n" % status
    assert re.fullmatch(rb"HTTP/1.1 200 OK\r\n[^\0]*\r\n\r\nok" + refused, answers)
    assert len(server.heads) == before + 1


# R46 R75
@pytest.mark.parametrize("size", [3, 300_000])
async def test_what_is_behind_an_upgrade_that_is_accepted_belongs_to_its_protocol(
    upstream: Start, proxy: Start, size: int
):
    async def echo(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        await state.request(reader)
        writer.write(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n")
        while data := await reader.read(65536):
            writer.write(data)

    server = await upstream(echo)
    front = await proxy(server.url)
    reader, writer = await front.connect()
    writer.write(request(b"/", UPGRADE + b"foo\r\n") + b"\0" * size)
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert await asyncio.wait_for(reader.readexactly(size), 5) == b"\0" * size
    writer.write(LAST)
    assert await asyncio.wait_for(reader.readexactly(len(LAST)), 5) == LAST
    writer.close()
