"""How a tunnel ends: by either side, by silence, by the proxy's own end; and who may open one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Proxy = Any
Told = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]
Reset = Callable[[asyncio.StreamWriter], None]

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def handshake(origin: str | None = "http://localhost:3001") -> bytes:
    line = f"Origin: {origin}\r\n" if origin else ""
    return (
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n{line}"
        "Connection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
    ).encode()


async def waiting(state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Switch, and read to the end."""
    state.heads.append(await reader.readuntil(b"\r\n\r\n"))
    writer.write(SWITCHING)
    state.bodies.append(await reader.read())


async def shaken(under_test: Proxy) -> tuple[Any, Any]:
    reader, writer = await under_test.connect()
    writer.write(handshake())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


# R78
@pytest.mark.parametrize("how", ["closes", "resets"])
async def test_a_client_that_goes_takes_the_upstream_along(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset, how: str
):
    before = await upstream(waiting)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        _, writer = await shaken(under_test)
        if how == "resets":
            reset(writer)
        else:
            writer.close()
            await writer.wait_closed()
        await asyncio.wait_for(before.ended.wait(), 1)
        exchanges = await under_test.reported()
    assert [(e.status, e.tunnelled, e.error) for e in exchanges] == [(101, True, None)]


# R78
@pytest.mark.parametrize("how", ["closes", "resets"])
async def test_an_upstream_that_goes_takes_the_client_along(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset, how: str
):
    gone = asyncio.Event()

    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHING)
        await gone.wait()
        if how == "resets":
            reset(writer)

    under_test = await proxy((await upstream(script)).url)
    async with leaves_nothing(under_test):
        reader, writer = await shaken(under_test)
        gone.set()
        assert await asyncio.wait_for(reader.read(), 1) == b""  # and no invented Close frame
        writer.close()
        await writer.wait_closed()
        exchanges = await under_test.reported()
    assert [(e.status, e.tunnelled) for e in exchanges] == [(101, True)]


# R79
async def test_a_silent_tunnel_ends(upstream: Start, proxy: Start, leaves_nothing: Watch):
    before = await upstream(waiting)
    under_test = await proxy(before.url, timeouts={"tunnel": 0.3, "idle": 0.1, "response": 0.1})
    async with leaves_nothing(under_test):
        reader, writer = await shaken(under_test)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for part in range(1, 6):  # what moves keeps it, whatever the timeouts of a response are
            writer.write(b"a")
            while loop.time() < begun + 0.15 * part:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)
        assert not reader.at_eof()
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
        await writer.wait_closed()
        exchanges = await under_test.reported()
    assert [(e.status, e.error, e.detail) for e in exchanges] == [
        (101, "connection_read_timeout", "the tunnel was silent")
    ]
    assert before.bodies == [b"aaaaa"]


# R79
async def test_a_client_that_stops_reading_has_the_time_of_a_tunnel(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHING)
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    before = await upstream(script)
    under_test = await proxy(before.url, timeouts={"tunnel": 0.6, "idle": 0.1})
    async with leaves_nothing(under_test):
        _, writer = await shaken(under_test)
        writer.transport.pause_reading()
        exchanges = await under_test.reported()
        writer.transport.abort()
    assert [(e.status, e.error) for e in exchanges] == [(101, "client_stalled")]
    assert 0.6 <= exchanges[0].finished - exchanges[0].started < 3


# R78
async def test_an_upstream_that_stops_reading_holds_the_client_back_and_may_then_die(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset
):
    die = asyncio.Event()

    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHING)
        writer.transport.pause_reading()
        await die.wait()
        reset(writer)

    under_test = await proxy((await upstream(script)).url)
    async with leaves_nothing(under_test):
        reader, writer = await shaken(under_test)
        with pytest.raises(TimeoutError):  # noqa: PT012 somewhere in all that
            async with asyncio.timeout(0.5):
                for _ in range(400):
                    writer.write(b"x" * 65536)
                    await writer.drain()
        die.set()
        with pytest.raises(ConnectionError):  # noqa: PT012 once it is noticed
            while await asyncio.wait_for(reader.read(65536), 1) or True:
                writer.write(b"x")
                await writer.drain()
        writer.close()


ORIGINS = {
    "a page that may": (["http://localhost:3001"], "http://localhost:3001", 101),
    "a page that may not": (["http://localhost:3001"], "https://evil.example", 403),
    "an opaque page": (["http://localhost:3001"], "null", 403),
    "the proxy's own page": (["http://localhost:3001"], "http://127.0.0.1:8080", 101),
    "the same host by https": (["http://localhost:3001"], "https://127.0.0.1:8080", 403),
    "no page at all": (["http://localhost:3001"], None, 101),
    "any page where any may": (["*"], "https://evil.example", 101),
}


# R79
@pytest.mark.parametrize(("allowed", "origin", "status"), ORIGINS.values(), ids=ORIGINS)
async def test_who_may_open_a_websocket(
    upstream: Start, proxy: Start, leaves_nothing: Watch, allowed: Told, origin: Told, status: int
):
    before = await upstream(waiting)
    under_test = await proxy(before.url, top={"cors": {"allow_origins": allowed}})
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(handshake(origin))
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    assert int(head.split()[1]) == status
    assert before.connections == (1 if status == 101 else 0)
    if status == 403:
        assert b"Proxy-Status: corsproxy; error=http_request_denied\r\n" in head
        assert b"Vary: Origin\r\n" in head


# R88
async def test_a_tunnel_ends_with_the_proxy_once_the_grace_is_over(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    before = await upstream(waiting)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        reader, writer = await shaken(under_test)
        drain = asyncio.ensure_future(under_test.app.drain(0.3))
        await asyncio.sleep(0)
        writer.write(b"still here")
        assert await asyncio.wait_for(reader.read(), 2) == b""
        await drain
        await asyncio.wait_for(before.ended.wait(), 1)
        writer.close()
        await writer.wait_closed()
    assert before.bodies == [b"still here"]


# R78 R82
async def test_a_client_that_goes_while_the_upstream_holds_it_back(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCHING)
        writer.transport.pause_reading()
        await gone.wait()

    gone = asyncio.Event()
    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        _, writer = await shaken(under_test)
        writer.write(bytes(32 << 20))
        connections = under_test.app._pools._open
        async with asyncio.timeout(5):
            while not any(c.writing_paused for c in connections):  # noqa: ASYNC110 another's state
                await asyncio.sleep(0)
        reset(writer)
        async with asyncio.timeout(2):
            exchanges = await under_test.reported()
        gone.set()
    assert [(e.status, e.error) for e in exchanges] == [(101, None)]
