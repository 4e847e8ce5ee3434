"""WebSocket and every other Upgrade: octets both ways, untouched (R73-R79)."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Proxy = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]

HANDSHAKE = (
    b"GET /chat HTTP/1.1\r\nHost: proxy\r\nOrigin: http://localhost:3001\r\n"
    b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: chat, superchat\r\nCookie: a=b\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nDate: D\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\nSet-Cookie: c=d\r\n\r\n"
)
ANSWERED = {
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Date: D",
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    b"Sec-WebSocket-Protocol: chat",
    b"Sec-WebSocket-Extensions: permessage-deflate",
    b"Set-Cookie: c=d",
    b"Access-Control-Allow-Origin: http://localhost:3001",
    b"Access-Control-Allow-Credentials: true",
    b"Vary: Origin",
}
MESSAGE = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"  # RFC 6455 §5.7
FRAMES = (
    MESSAGE + b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x01\x03Hel\x80\x02lo\x89\x00\x88\x02\x13\x87"
)


async def echo(state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Switch protocols, and send back all that comes."""
    state.heads.append(await reader.readuntil(b"\r\n\r\n"))
    writer.write(SWITCHING)
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def shaken(under_test: Proxy, raw: bytes = HANDSHAKE) -> tuple[Any, Any]:
    """Connect, and read the answer to the handshake."""
    reader, writer = await under_test.connect()
    writer.write(raw)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n"), head
    return reader, writer


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


# R73
async def test_the_handshake_and_the_frames_pass_unchanged(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    before = await upstream(echo)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(HANDSHAKE + FRAMES)
        head = await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(FRAMES)) == FRAMES
        await closed(writer)
        exchange = (await under_test.reported())[0]
    assert set(head.split(b"\r\n")[1:-2]) == ANSWERED
    sent, asked = before.heads[0].split(b"\r\n"), HANDSHAKE.split(b"\r\n")
    own = [b"Host: proxy", b"Connection: keep-alive, Upgrade", b"Upgrade: websocket"]
    assert [line for line in sent if line in asked and line] == [
        line for line in asked if line and line not in own
    ] + [b"Upgrade: websocket"]
    assert b"Connection: Upgrade" in sent
    shown = (exchange.status, exchange.tunnelled, exchange.sent, exchange.received, exchange.error)
    assert shown == (101, True, len(FRAMES), len(FRAMES), None)


# R75
async def test_octets_in_the_packet_of_the_101_arrive(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHING + FRAMES)
        await reader.read()

    under_test = await proxy((await upstream(script)).url)
    async with leaves_nothing(under_test):
        reader, writer = await shaken(under_test)
        assert await reader.readexactly(len(FRAMES)) == FRAMES
        await closed(writer)


# R75
async def test_octets_behind_the_101_arrive_while_the_client_still_reads_what_came_before(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    first = b"a" * 8_000_000  # fills every buffer on the way to a client that doesn't read
    sent = asyncio.Event()

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(first) + first)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHING)
        await writer.drain()
        await sent.wait()
        writer.write(FRAMES)
        await reader.read()

    before = await upstream(script)
    under_test = await proxy(before.url)
    reader, writer = await under_test.connect()
    async with leaves_nothing(under_test):
        inner, talk = await under_test.connect()
        talk.write(b"GET / HTTP/1.1\r\nHost: proxy\r\n\r\n" + HANDSHAKE)
        await inner.readuntil(b"\r\n\r\n")
        await inner.readexactly(len(first) - 3_000_000)
        sent.set()
        await inner.readexactly(3_000_000)
        await inner.readuntil(b"\r\n\r\n")
        assert await inner.readexactly(len(FRAMES)) == FRAMES
        await closed(talk)
    await closed(writer)
    del reader


# R76
@pytest.mark.parametrize("token", [b"foo", b"Foo/2, bar", b"h2c"])
async def test_any_other_protocol_is_tunnelled_too(
    upstream: Start, proxy: Start, leaves_nothing: Watch, token: bytes
):
    chosen = token.split(b",")[0]
    reply = b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n" % chosen.upper()

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        state.heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        writer.write(await reader.readexactly(3))

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        request = b"GET / HTTP/1.1\r\nHost: p\r\nConnection: upgrade\r\nUpgrade: %b\r\n\r\n" % token
        reader, writer = await under_test.connect()
        writer.write(request)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 Go\r\n")
        writer.write(b"\x00\xffa")
        assert await asyncio.wait_for(reader.read(), 5) == b"\x00\xffa"
        await closed(writer)
    assert b"Upgrade: " + token in before.heads[0].split(b"\r\n")


NO_UPGRADE = {
    "Connection names something else": b"Connection: notupgrade\r\nUpgrade: websocket",
    "no Connection": b"Upgrade: websocket",
}


# R77
@pytest.mark.parametrize("fields", NO_UPGRADE.values(), ids=NO_UPGRADE)
async def test_half_an_upgrade_is_an_ordinary_request(
    answering: Start, proxy: Start, fields: bytes
):
    before = await answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    under_test = await proxy(before.url)
    request = b"GET / HTTP/1.1\r\nHost: p\r\n" + fields + b"\r\n\r\n"
    reader, writer = await under_test.connect()
    writer.write(request)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert await reader.readexactly(2) == b"ok"
    assert b"upgrade" not in before.heads[0].lower()
    await closed(writer)


# R76
@pytest.mark.parametrize("together", [True, False], ids=["in one packet", "in two"])
@pytest.mark.parametrize(
    ("framing", "content"),
    [
        pytest.param(b"Content-Length: 5\r\n", b"12345", id="sized"),
        pytest.param(b"Transfer-Encoding: chunked\r\n", b"5\r\n12345\r\n0\r\n\r\n", id="chunked"),
    ],
)
async def test_an_h2c_offer_is_declined_with_the_content_intact(
    answering: Start, proxy: Start, together: bool, framing: bytes, content: bytes
):
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    before = await answering(ok)
    under_test = await proxy(before.url)
    head = (
        b"POST / HTTP/1.1\r\nHost: p\r\n" + framing + b"Upgrade: h2c\r\n"
        b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
    )
    reader, writer = await under_test.connect()
    writer.write(head)
    if not together:
        async with asyncio.timeout(5):
            while under_test.left_behind[1] == 0:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
    writer.write(content)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert await reader.readexactly(2) == b"ok"
    assert before.bodies == [b"12345"]
    assert b"HTTP2-Settings: AAMA" not in before.heads[0]
    await closed(writer)


REFUSALS = {
    "401": b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno",
    "403": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
    "426": b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno",
    "302": b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 2\r\n\r\nno",
}


# R74
@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_a_refused_handshake_is_relayed_and_the_connection_goes_on(
    answering: Start, proxy: Start, refusal: bytes
):
    before = await answering(refusal, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
    under_test = await proxy(before.url)
    received = await under_test.send(
        HANDSHAKE + b"GET /b HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n"
    )
    head, _, rest = received.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert set(refusal.partition(b"\r\n\r\n")[0].split(b"\r\n")) <= set(lines)
    assert b"Access-Control-Allow-Origin: http://localhost:3001" in lines
    assert rest.startswith(b"noHTTP/1.1 200 OK\r\n")
    assert rest.endswith(b"\r\n\r\nnext")
    shown = [(e.status, e.tunnelled, e.error) for e in under_test.exchanges]
    assert shown == [(int(lines[0].split()[1]), False, None), (200, False, None)]


# R64
@pytest.mark.parametrize("token", [b"h2c", b"websocket, x"])
async def test_a_switch_to_another_protocol_than_asked_is_a_fault(
    upstream: Start, proxy: Start, leaves_nothing: Watch, token: bytes
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHING.replace(b"websocket", token))
        await reader.read()

    under_test = await proxy((await upstream(script)).url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(HANDSHAKE)
        head = await reader.readuntil(b"\r\n\r\n")
        await closed(writer)
    assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"Proxy-Status: corsproxy; error=http_upgrade_failed\r\n" in head


BIG = 100 * 1024 * 1024


# R73
async def test_big_messages_pass_both_ways_at_once(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    under_test = await proxy((await upstream(echo)).url)
    message = hashlib.shake_128(b"seed").digest(1 << 16) * (BIG >> 16)
    async with leaves_nothing(under_test):
        reader, writer = await shaken(under_test)

        async def send() -> None:
            for start in range(0, BIG, 1 << 20):
                writer.write(message[start : start + (1 << 20)])
                await writer.drain()

        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(send())
            back = await reader.readexactly(BIG)
        assert hashlib.sha256(back).digest() == hashlib.sha256(message).digest()
        await closed(writer)
