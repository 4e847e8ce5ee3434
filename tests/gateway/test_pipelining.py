"""R35, R46, R47: one request after the other on a connection, and heads too large for it."""

import asyncio
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
            request(b"/1", UPGRADE + b"foo\r\n") + LAST, [b"/1"], id="R46 none behind an upgrade"
        ),
        pytest.param(
            request(b"/1", UPGRADE + b"h2c\r\n" + CONTENT, b"POST") + b"hi" + LAST,
            [b"/1"],
            id="R46 none behind an upgrade with content",
        ),
        pytest.param(
            request(b"/1") + request(b"/2", UPGRADE + b"foo\r\n") + LAST,
            [b"/1", b"/2"],
            id="R46 none behind a later upgrade",
        ),
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


async def test_r35_a_head_too_large_behind_another_request_ends_the_connection(
    upstream: Start, proxy: Start
):
    asked = asyncio.Event()

    async def silent(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        _: asyncio.StreamWriter,
    ) -> None:
        await state.request(reader)
        asked.set()
        await asyncio.wait_for(reader.read(-1), 5)

    server = await upstream(silent)
    front = await proxy(server.url, KIB)
    reader, writer = await front.connect()
    writer.write(request(b"/1"))
    await asyncio.wait_for(asked.wait(), 5)
    writer.write(request(b"/2", fields(5, 1000))[:-2])
    assert await asyncio.wait_for(reader.read(-1), 5) == b""
    writer.close()
