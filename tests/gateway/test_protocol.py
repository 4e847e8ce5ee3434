"""The parts of aiohttp that our protocol leans on: these fail when aiohttp changes under it."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import http_parser, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import BadHttpMessage, BadHttpMethod, LineTooLong

from corsproxy.gateway.pieces import Sized
from corsproxy.gateway.protocol import ClientProtocol

Start = Callable[..., Awaitable[Any]]
Connect = Callable[..., Awaitable[tuple[ClientProtocol, Any, Any]]]

# What is read, called or set without being public.
LEANED_ON = {"_drain_waiter", "_parser", "_paused", "_reading_paused", "_upgraded", "transport"}
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture
def connected(proxy: Start) -> Connect:
    """Connect to a proxy, and return its protocol too."""

    async def connect(**limits: object) -> tuple[ClientProtocol, Any, Any]:
        under_test = await proxy("http://127.0.0.1:9", top={"limits": limits})
        reader, writer = await under_test.connect()
        async with asyncio.timeout(5):
            while not under_test.left_behind[0]:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        (protocol,) = under_test.app._listenings[0].connections
        return protocol, reader, writer

    return connect


def test_the_protocol_has_what_is_leaned_on():
    assert set(BaseProtocol.__slots__) >= LEANED_ON


def test_the_parser_is_the_one_in_c():
    """The one in Python has other rules (trap C44)."""
    assert http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy


SIGNATURES = {
    "_drain_helper": (BaseProtocol._drain_helper, ["self"]),
    "connection_made": (BaseProtocol.connection_made, ["self", "transport"]),
    "connection_lost": (BaseProtocol.connection_lost, ["self", "exc"]),
    "resume_reading": (BaseProtocol.resume_reading, ["self", "resume_parser"]),
}


@pytest.mark.parametrize(("function", "names"), SIGNATURES.values(), ids=SIGNATURES)
def test_what_is_overridden_or_called_takes_what_it_did(
    function: Callable[..., object], names: list[str]
):
    assert list(inspect.signature(function).parameters) == names


REFUSED = {
    "a target too long": (b"GET /" + b"a" * 20_000, LineTooLong, 10_000),
    "a field too long": (b"GET / HTTP/1.1\r\nA: " + b"a" * 20_000, LineTooLong, 10_001),
    "too many fields": (
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 400, BadHttpMessage, "Too many headers"
    ),
    "TLS": (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        BadHttpMethod,
        "HTTPS traffic",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "kind", "said"), REFUSED.values(), ids=REFUSED)
async def test_what_the_parser_refuses_says_what_it_did(
    connected: Connect, raw: bytes, kind: type[Exception], said: int | str
):
    """The limits arrive, too, and those of the line and of the fields are told apart."""
    protocol, _, _ = await connected(header_size=10_000)
    parser = protocol._new_parser(asyncio.get_running_loop())
    with pytest.raises(kind) as refused:
        parser.feed_data(raw)
    error = refused.value
    assert said == error.args[1] if isinstance(said, int) else said in str(error)


async def test_a_tunnel_gets_all_octets(connected: Connect):
    protocol, _, writer = await connected()
    taken = bytearray()
    protocol.data_received(GET + b"\x00")
    protocol.tunnel(taken.extend)
    writer.write(GET)
    async with asyncio.timeout(5):
        while not taken.endswith(GET):  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
    assert taken == b"\x00" + GET


async def test_content_is_held_back_until_there_is_room(connected: Connect):
    """aiohttp then calls without any octets."""
    protocol, _, _ = await connected()
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n"
    protocol.data_received(head + bytes(200_000))
    content = protocol._content
    assert not content.is_eof()
    assert len(content.read_nowait()) == 200_000
    assert (content.is_eof(), protocol._body, protocol._held) == (True, None, b"")


async def test_content_is_over_when_aiohttp_and_we_say_so(connected: Connect):
    protocol, _, _ = await connected()
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n")
    protocol._body = longer = Sized(3)
    protocol.data_received(b"hi")
    assert protocol._content.is_eof()
    assert protocol._body is longer


async def test_nothing_is_read_behind_malformed_content(connected: Connect):
    protocol, _, _ = await connected()
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    async with asyncio.timeout(5):
        while protocol._next is not None:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
    protocol.data_received(b"no size\r\n")
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert isinstance(protocol._content.exception(), web.RequestPayloadError)
    assert (protocol._held, protocol.ending) == (b"no size\r\n", True)


async def test_what_waits_for_an_answer_is_bounded(connected: Connect):
    protocol, _, writer = await connected()
    protocol._waits, protocol._ready = True, False
    writer.write(bytes(20 << 20))
    most = 0
    for _ in range(1000):
        await asyncio.sleep(0)
        most = max(most, len(protocol._held))
    assert 1 << 16 <= most < 1 << 20
    assert protocol.busy


async def test_nothing_is_read_on_a_connection_that_ends(connected: Connect):
    protocol, _, _ = await connected(header_size=10_000)
    protocol.force_close()
    protocol.data_received(b"GET /" + b"a" * 20_000)
    assert (protocol._head.octets, protocol._held, protocol.ending) == (0, b"", True)


async def test_a_parser_takes_a_trailer_for_a_field_of_the_next_request(connected: Connect):
    """Without that no other parser would be needed."""
    protocol, _, _ = await connected()
    post = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    get = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    parser = protocol._new_parser(asyncio.get_running_loop())
    ((_, _), (message, _)), *_ = parser.feed_data(post + b"0\r\nA: b\r\n\r\n" + get)
    assert message.raw_headers == ((b"A", b"b"), (b"Host", b"h"))


async def test_a_cancelled_handler_closes_its_connection(connected: Connect):
    protocol, reader, writer = await connected()
    writer.write(b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n")
    writer.write(b"Expect: 100-continue\r\nOrigin: null\r\n\r\n")
    async with asyncio.timeout(5):
        while protocol._task is None:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
    protocol.part()
    await asyncio.wait_for(reader.read(), 5)
    async with asyncio.timeout(5):
        while protocol.transport is not None:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)


async def test_a_bug_before_the_story_begins_is_ours_and_logged(
    proxy: Start, caplog: pytest.LogCaptureFixture
) -> None:
    started = await proxy("http://127.0.0.1:9")

    def broken(*_: object) -> None:
        raise LookupError("secret")

    started.app._gateway._open = broken  # type: ignore[method-assign,assignment]

    got = await started.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    assert got.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"Connection: close\r\n" in got
    assert b"secret" not in got
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", "a bug in corsproxy")
    ]
