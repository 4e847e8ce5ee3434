"""Connections to upstreams: kept and reused, given up in time, over TCP and unix sockets (R87)."""

import asyncio
import os
import resource
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"


async def serving(state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await state.request(reader)
        writer.write(OK)


# R87
async def test_a_connection_serves_one_client_after_the_other(upstream: Start, proxy: Start):
    before = await upstream(serving)
    under_test = await proxy(before.url)
    for cookie in (b"a", b"b", b"c"):
        request = b"GET / HTTP/1.1\r\nHost: p\r\nCookie: %b\r\nConnection: close\r\n\r\n" % cookie
        assert (await under_test.send(request)).endswith(b"\r\n\r\nok")
    assert before.connections == 1
    cookies = [[x for x in h.split(b"\r\n") if x.startswith(b"Cookie")] for h in before.heads]
    assert cookies == [[b"Cookie: a"], [b"Cookie: b"], [b"Cookie: c"]]
    assert under_test.left_behind[2] == 1


# R87
async def test_clients_at_once_have_connections_of_their_own(upstream: Start, proxy: Start):
    before = await upstream(serving)
    under_test = await proxy(before.url)
    answers = await asyncio.gather(*(under_test.send(GET) for _ in range(20)))
    assert all(answer.endswith(b"\r\n\r\nok") for answer in answers)
    assert 1 <= before.connections == under_test.left_behind[2] <= 20


NOT_KEPT = {
    "the upstream says close": OK.replace(b"OK", b"OK\r\nConnection: close"),
    "the upstream speaks HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "more came than was announced": OK + b"more",
    "content where there is none": b"HTTP/1.1 204 No Content\r\n\r\nok",
}


# R56 R87
@pytest.mark.parametrize("reply", NOT_KEPT.values(), ids=NOT_KEPT)
async def test_a_connection_that_may_not_be_used_again(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reply: bytes
):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(reply)
        await reader.read()

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        for _ in range(2):
            assert (await under_test.send(GET)).startswith(b"HTTP/1.1 20")
    assert before.connections == 2


# R83 R87
async def test_a_connection_is_not_kept_where_the_request_was_not_read_to_its_end(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    async def script(
        _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
        await reader.read()

    before = await upstream(script)
    under_test = await proxy(before.url)
    async with leaves_nothing(under_test):
        reader, writer = await under_test.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 10\r\n\r\n123")
        received = await asyncio.wait_for(reader.readuntil(b"\r\n\r\nno"), 1)
        assert received.startswith(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n")
        await asyncio.wait_for(before.ended.wait(), 1)
        writer.close()
        await writer.wait_closed()


# R87
async def test_an_idle_connection_is_given_up_in_time(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    before = await upstream(serving)
    under_test = await proxy(before.url, top={"limits": {"upstream_keepalive": 0.2}})
    async with leaves_nothing(under_test):
        await under_test.send(GET)
        assert under_test.left_behind[2] == 1
        await asyncio.wait_for(before.ended.wait(), 1)


# R87
async def test_no_connection_is_kept_where_none_shall_be(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    before = await upstream(serving)
    under_test = await proxy(before.url, top={"limits": {"upstream_keepalive": "off"}})
    async with leaves_nothing(under_test):
        for _ in range(2):
            await under_test.send(GET)
    assert before.connections == 2


# R87
async def test_routes_to_one_address_share_its_connections(upstream: Start, proxy: Start):
    before = await upstream(serving)
    routes = [
        {"path": "/a", "upstream": before.url + "/x"},
        {"path": "/b", "upstream": before.url + "/y"},
    ]
    under_test = await proxy(before.url, top={"routes": routes})
    for path in (b"/a", b"/b"):
        assert (await under_test.send(GET.replace(b"/", path, 1))).endswith(b"ok")
    assert before.connections == 1
    assert [h.split(b" ")[1] for h in before.heads] == [b"/x/a", b"/y/b"]


async def test_an_upstream_on_a_unix_socket(proxy: Start, leaves_nothing: Watch, tmp_path: Path):
    path = str(tmp_path / "upstream.sock")
    heads: list[bytes] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(play, path)
    under_test = await proxy(f"unix:{path}", top={"limits": {"upstream_keepalive": "off"}})
    async with leaves_nothing(under_test):
        assert (await under_test.send(GET)).endswith(b"\r\n\r\nok")
    server.close()
    assert b"\r\nHost: localhost\r\n" in heads[0]


# R80
async def test_a_unix_socket_on_which_nobody_listens(
    proxy: Start, leaves_nothing: Watch, tmp_path: Path
):
    under_test = await proxy(f"unix:{tmp_path / 'none.sock'}")
    async with leaves_nothing(under_test):
        received = await under_test.send(GET)
    assert received.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"\r\nProxy-Status: corsproxy; error=connection_refused\r\n" in received


# R80
async def test_no_connection_is_left_to_be_made(answering: Start, proxy: Start):
    under_test = await proxy((await answering(OK)).url)
    reader, writer = await under_test.connect()
    writer.write(b"OPTIONS * HTTP/1.1\r\nHost: p\r\nMax-Forwards: 0\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)  # this one is accepted
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(lowest := os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
    try:
        writer.write(GET)
        received = await asyncio.wait_for(reader.read(), 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    writer.close()
    await writer.wait_closed()
    assert received.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nRetry-After: 1\r\n" in received
    assert b"\r\nProxy-Status: corsproxy; error=connection_limit_reached\r\n" in received
    assert b"ulimit -n" in received
