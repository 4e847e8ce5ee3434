"""R46: what is served is the same wherever the network cuts what a client sends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corsproxy.gateway.protocol import ClientProtocol

Start = Callable[..., Awaitable[Any]]

LAST = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@dataclass
class Message:
    """A request as it is sent, and as it arrives at the upstream."""

    sent: bytes
    target: bytes
    content: bytes = b""


def head(method: bytes, target: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([method + b" /" + target + b" HTTP/1.1", b"Host: h", *fields, b"", b""])


CONTENTS = st.lists(
    st.sampled_from([b"\r\n", b"0\r\n\r\n", b"GET /no HTTP/1.1\r\nHost: h\r\n\r\n", b"x", b"\0"])
).map(b"".join)
TARGETS = st.binary(max_size=2).map(lambda octets: octets.hex().encode())
UPGRADES = st.sampled_from(
    [(), *((b"Connection: Upgrade", b"Upgrade: " + to) for to in (b"websocket", b"h2c"))]
)
EXTENSIONS = st.sampled_from([b"", b";a=b", b';a="\t;"'])
TRAILERS = st.sampled_from([b"", b"A: b\r\n", b"Host: evil\r\n", b"A: b\r\nCookie: evil\r\n"])
CRLF = st.sampled_from([b"", b"\r\n", b"\r\n\r\n"])


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Make one request, with or without content."""
    target, fields, crlf = draw(TARGETS), draw(UPGRADES), draw(CRLF)
    framing = draw(st.sampled_from(["none", "sized", "chunked"]))
    if framing == "none":
        return Message(crlf + head(b"GET", target, *fields), target)
    if framing == "sized":
        content = draw(CONTENTS)
        length = b"Content-Length: %d" % len(content)
        return Message(crlf + head(b"POST", target, length, *fields) + content, target, content)
    sent = crlf + head(b"POST", target, b"Transfer-Encoding: chunked", *fields)
    pieces = draw(st.lists(CONTENTS.filter(bool), max_size=3))
    for piece in pieces:
        sent += b"%x%b\r\n%b\r\n" % (len(piece), draw(EXTENSIONS), piece)
    sent += b"0" + draw(EXTENSIONS) + b"\r\n" + draw(TRAILERS) + b"\r\n"
    return Message(sent, target, b"".join(pieces))


async def echo(
    state: Any,  # noqa: ANN401 the fixtures' own type is not importable
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Answer each request with its target and its content."""
    while True:
        target = (await state.request(reader)).split(b" ")[1]
        content = b"%b <%b>" % (target, state.bodies[-1])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)


def answers(received: bytes) -> list[bytes]:
    """Return the contents of responses by their lengths."""
    found = []
    while received:
        assert received.startswith(b"HTTP/1.1 200 OK\r\n"), received
        fields, _, received = received.partition(b"\r\n\r\n")
        length = int(fields.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        found.append(received[:length])
        received = received[length:]
    return found


@pytest.fixture
async def serve(upstream: Start, proxy: Start) -> Callable[[list[bytes], int], Awaitable[bytes]]:
    """Start a proxy, and return what gives octets to one of its connections, cut as they are."""
    server = await upstream(echo)
    under_test = await proxy(server.url)

    async def give(packets: list[bytes], pauses: int) -> bytes:
        async with asyncio.timeout(10):
            while under_test.left_behind[0]:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
            reader, writer = await under_test.connect()
            while not under_test.left_behind[0]:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
            (protocol,) = under_test.app._listenings[0].connections
            assert isinstance(protocol, ClientProtocol)
            writer.write(head(b"GET", b"first"))
            received = await reader.readuntil(b"<>")
            for packet in packets:
                protocol.data_received(packet)
                for _ in range(pauses):
                    await asyncio.sleep(0)
            received += await reader.read(-1)
            writer.close()
            await writer.wait_closed()
            return bytes(received)

    return give


@given(
    st.lists(messages(), max_size=5),
    st.lists(st.integers(0, 400), max_size=8) | st.just(list(range(2000))),
    st.sampled_from([0, 1, 9]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_r46_packets_make_no_difference(
    serve: Callable[[list[bytes], int], Awaitable[bytes]],
    requests: list[Message],
    cuts: list[int],
    pauses: int,
):
    sent = b"".join(message.sent for message in requests) + LAST
    places = [0, *sorted(cut for cut in set(cuts) if 0 < cut < len(sent)), len(sent)]
    received = await serve([sent[a:b] for a, b in pairwise(places)], pauses)
    expected = [b"/%b <%b>" % (message.target, message.content) for message in requests]
    assert answers(received) == [b"/first <>", *expected, b"/last <>"]
