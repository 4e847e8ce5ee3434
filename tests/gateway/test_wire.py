"""A connection to an upstream, as its transport and its exchange see it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.gateway.wire import Connection, Expiry

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Start = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
LATE = Expiry(ProxyErrorType.HTTP_RESPONSE_TIMEOUT, "too late", 504)

Wired = tuple[Connection, Any, Any, list[Connection]]
Wire = Callable[[], Awaitable[Wired]]


@pytest.fixture
async def wire(upstream: Start) -> Wire:
    """Connect to an upstream, and return the connection, the upstream's side, and who is lost."""

    async def connect() -> Wired:
        loop = asyncio.get_running_loop()
        other: asyncio.Future[tuple[Any, Any]] = loop.create_future()
        done = asyncio.Event()
        lost: list[Connection] = []

        async def script(
            _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            other.set_result((reader, writer))
            await done.wait()

        def gone(connection: Connection) -> None:
            lost.append(connection)
            done.set()

        state = await upstream(script)
        _, connection = await loop.create_connection(
            lambda: Connection(1000, gone), "127.0.0.1", state.port
        )
        reader, writer = await other
        return connection, reader, writer, lost

    return connect


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)


async def ended(wired: Wired) -> None:
    connection, _, writer, lost = wired
    writer.transport.abort()
    connection.abort()
    await until(lambda: lost == [connection])


async def test_one_exchange_after_the_other(wire: Wire):
    connection, reader, writer, _ = wired = await wire()
    for number in (1, 2):
        connection.send(b"GET / HTTP/1.1\r\n\r\n", bodiless=False)
        await reader.readuntil(b"\r\n\r\n")
        assert not connection.received
        writer.write(OK + b"ok")
        assert (await connection.reply()).head.status == 200
        await connection.content()
        assert (connection.take(), connection.complete, connection.reusable) == (b"ok", True, True)
        assert connection.exchanges == number
        connection.park(10)
        assert connection.idle
    await ended(wired)


async def test_one_exchange_after_another_of_which_nobody_took_the_content(wire: Wire):
    connection, reader, writer, _ = wired = await wire()
    connection.send(b"GET / HTTP/1.1\r\n\r\n", bodiless=False)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + bytes(300000))
    await until(lambda: connection.reusable)
    connection.park(10)
    connection.send(b"GET / HTTP/1.1\r\n\r\n", bodiless=False)
    writer.write(OK + b"ok")
    async with asyncio.timeout(1):
        assert (await connection.reply()).head.status == 200
        await connection.content()
    assert connection.take() == b"ok"
    await ended(wired)


async def test_two_that_wait_to_write_are_both_let_go_on(wire: Wire):
    connection, _, _, _ = wired = await wire()
    connection.send(b"", bodiless=False)
    connection.pause_writing()
    waiting = [asyncio.ensure_future(connection.drain()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    connection.resume_writing()
    await asyncio.wait_for(asyncio.gather(*waiting[1:]), 1)
    assert waiting[0].cancelled()
    await ended(wired)


async def test_who_waited_to_write_and_left_is_forgotten(wire: Wire):
    connection, _, _, _ = wired = await wire()
    connection.send(b"", bodiless=False)
    connection.pause_writing()
    waiting = [asyncio.ensure_future(connection.drain()) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    assert len(connection._writers) == 0
    await ended(wired)


async def test_who_waits_to_write_is_let_go_on_by_the_end(wire: Wire):
    connection, _, writer, _ = wired = await wire()
    connection.send(b"", bodiless=False)
    connection.pause_writing()
    waiting = asyncio.ensure_future(connection.drain())
    await asyncio.sleep(0)
    writer.transport.abort()
    await asyncio.wait_for(waiting, 1)
    with pytest.raises(GatewayError) as caught:
        await connection.drain()
    assert caught.value.kind is ProxyErrorType.CONNECTION_TERMINATED
    await ended(wired)


async def test_a_deadline_ends_the_exchange_in_the_words_it_was_given(wire: Wire):
    connection, _, _, _ = wired = await wire()
    connection.send(b"", bodiless=False)
    connection.expect(0.05, LATE)
    with pytest.raises(GatewayError) as caught:
        await asyncio.wait_for(connection.reply(), 1)
    error = caught.value
    assert (error.kind, error.detail, error.status) == LATE
    assert (connection.closed, connection.idle, connection.reusable) == (True, False, False)
    await ended(wired)


async def test_a_deadline_that_rests_does_not_pass_and_is_not_moved(wire: Wire):
    connection, _, writer, _ = wired = await wire()
    connection.send(b"", bodiless=False)
    connection.expect(0.02, LATE)
    connection.rest()
    connection.touch()
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.06
    await until(lambda: loop.time() > end)
    writer.write(OK)
    assert (await connection.reply()).head.status == 200
    await ended(wired)


PARKED = {
    "octets": lambda writer: writer.write(b"x"),
    "an end": lambda writer: writer.close(),
    "a reset": lambda writer: writer.transport.abort(),
}


@pytest.mark.parametrize("come", PARKED.values(), ids=PARKED)
async def test_whatever_comes_to_a_parked_connection_ends_it(
    wire: Wire, come: Callable[[Any], None]
):
    connection, _, writer, lost = wired = await wire()
    connection.send(b"", bodiless=False)
    writer.write(OK + b"ok")
    await connection.reply()
    await connection.content()
    connection.take()
    connection.park(10)
    come(writer)
    await until(lambda: lost)
    assert not connection.idle
    await ended(wired)


async def test_a_parked_connection_ends_when_its_time_is_over(wire: Wire):
    connection, _, _, lost = wired = await wire()
    connection.park(0.03)
    await until(lambda: lost)
    assert connection.closed
    await ended(wired)


async def test_a_request_on_a_connection_that_is_gone_fails_as_terminated(wire: Wire):
    connection, _, writer, lost = wired = await wire()
    writer.close()
    await until(lambda: lost)
    connection.send(b"GET / HTTP/1.1\r\n\r\n", bodiless=False)
    with pytest.raises(GatewayError) as caught:
        await connection.reply()
    assert caught.value.kind is ProxyErrorType.CONNECTION_TERMINATED
    assert (connection.received, connection.complete) == (False, False)
    await ended(wired)


async def test_content_that_came_before_a_failure_is_read_first(wire: Wire):
    connection, _, writer, lost = wired = await wire()
    connection.send(b"", bodiless=False)
    writer.write(OK + b"o")
    writer.close()
    await until(lambda: lost)
    assert (await connection.reply()).head.status == 200
    await connection.content()
    assert connection.take() == b"o"
    with pytest.raises(GatewayError) as caught:
        await connection.content()
    assert caught.value.kind is ProxyErrorType.HTTP_RESPONSE_INCOMPLETE
    await ended(wired)


async def test_much_unread_content_holds_the_upstream_back(wire: Wire):
    connection, _, writer, _ = wired = await wire()
    connection.send(b"", bodiless=False)
    size = 8_000_000
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
    await connection.reply()
    await until(lambda: connection._reading_paused)
    taken = 0
    while not (connection.complete and taken == size):
        await connection.content()
        piece = len(connection.take())
        assert piece <= 1 << 20
        taken += piece
    assert connection.reusable
    await ended(wired)


CONTINUES = {
    "alone": b"HTTP/1.1 100 Continue\r\n\r\n",
    "behind another": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("raw", CONTINUES.values(), ids=CONTINUES)
async def test_a_100_is_noticed(wire: Wire, raw: bytes):
    connection, _, writer, _ = wired = await wire()
    connection.send(b"", bodiless=False)
    writer.write(raw)
    await asyncio.wait_for(connection.continued.wait(), 1)
    await ended(wired)


async def test_octets_behind_a_101_are_kept_until_the_tunnel_takes_them(wire: Wire):
    connection, _, writer, _ = wired = await wire()
    connection.send(b"", bodiless=False)
    writer.write(SWITCHING + b"1")
    assert (await connection.reply()).head.status == 101
    connection.data_received(b"2")
    connection.tunnel()
    connection.data_received(b"3")
    await connection.content()
    assert (connection.take(), connection.complete) == (b"123", False)
    await ended(wired)


async def test_a_connection_that_switched_is_not_used_again(wire: Wire):
    connection, _, writer, _ = wired = await wire()
    connection.send(b"", bodiless=False)
    writer.write(SWITCHING)
    await connection.reply()
    assert not connection.reusable
    await ended(wired)


async def test_a_malformed_flood_is_given_up_without_a_word_to_the_loop(wire: Wire):
    connection, _, writer, lost = wired = await wire()
    connection.send(b"", bodiless=False)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await connection.reply()
    writer.write(b"40000\r\n" + bytes(0x40000) + b"\r\n" + b"nonsense" * 100_000)
    await until(lambda: lost)
    await connection.content()
    assert connection.take().strip(b"\x00") == b""
    await ended(wired)


async def test_of_a_connection_that_is_gone_nothing_is_awaited(wire: Wire):
    connection, _, writer, lost = await wire()
    connection.send(b"", bodiless=False)
    writer.write(SWITCHING)
    assert (await connection.final()).head.status == 101
    writer.close()
    await until(lambda: lost)
    with pytest.raises(GatewayError) as error:
        await asyncio.wait_for(connection.reply(), 5)
    assert error.value.kind is ProxyErrorType.CONNECTION_TERMINATED
