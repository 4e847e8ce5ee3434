"""Upstreams that are asked whether they answer: what each answers, or why it doesn't."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from corsproxy.core.cors import CorsPolicy
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.messages import Client
from corsproxy.core.origins import compile_origins
from corsproxy.core.probing import Answer, Answers, Probe, Trouble
from corsproxy.core.routes import Route
from corsproxy.core.upstreams import Address, ForwardProxy, Upstream, UpstreamTls
from corsproxy.gateway.probe import AT_ONCE, Prober
from corsproxy.gateway.upstream import Pools

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Start = Callable[..., Awaitable[Any]]
Play = Callable[..., Awaitable[None]]
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter

PATIENCE = 0.5
EMPTY = b" X\r\nContent-Length: 0\r\n\r\n"
T = ProxyErrorType


def probe(address: Address, origin: str = "http://localhost:3001") -> Probe:
    policy = CorsPolicy(origins=compile_origins([origin]))
    route = Route(name="a", upstream=Upstream(address), policy=policy)
    return Probe.of(route, None, Client("127.0.0.1"))


def answering(**statuses: int) -> Play:
    """Answer each method, and what has an Origin (`FOREIGN`), with a status; 200 unless given."""

    async def script(state: State, reader: Reader, writer: Writer) -> None:
        head = await state.request(reader)
        method = head.split(b" ")[0].decode()
        status = statuses.get(method, 200)
        if b"\r\nOrigin: " in head and method != "OPTIONS":
            status = statuses.get("FOREIGN", status)
        writer.write(b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 %d" % status + EMPTY)
        await reader.read()

    return script


def answer(status: int) -> Answer:
    return Answer(status, ((b"Content-Length", b"0"),))


ANSWERS = {
    "well": ({}, ("HEAD", 200, 200, 200), ["HEAD", "HEAD", "OPTIONS"]),
    "refusing HEAD": (
        {"HEAD": 405, "OPTIONS": 204},
        ("GET", 200, 200, 204),
        ["HEAD", "GET", "GET", "OPTIONS"],
    ),
    "not knowing HEAD": (
        {"HEAD": 501, "GET": 404},
        ("GET", 404, 404, 200),
        ["HEAD", "GET", "GET", "OPTIONS"],
    ),
    "refusing foreign origins": (
        {"FOREIGN": 403, "OPTIONS": 401},
        ("HEAD", 200, 403, 401),
        ["HEAD", "HEAD", "OPTIONS"],
    ),
    "switching protocols unasked": (
        {"HEAD": 101},
        ("HEAD", 101, 101, 200),
        ["HEAD", "HEAD", "OPTIONS"],
    ),
    "refusing everything": ({"HEAD": 400}, ("HEAD", 400, 400, 200), ["HEAD", "HEAD", "OPTIONS"]),
}


@pytest.mark.parametrize(("statuses", "expected", "methods"), ANSWERS.values(), ids=ANSWERS)
async def test_an_upstream_that_answers(
    upstream: Start,
    pools: Pools,
    statuses: dict[str, int],
    expected: tuple[str, int, int, int],
    methods: list[str],
):
    before = await upstream(answering(**statuses))
    got = await Prober(pools, PATIENCE).ask(probe(Address("127.0.0.1", before.port)))
    method, *asked = expected
    assert got == Answers(*map(answer, asked), method)
    assert [head.split(b" ")[0].decode() for head in before.heads] == methods


async def test_one_that_answers_nothing_but_the_first(upstream: Start, pools: Pools):
    async def script(state: State, reader: Reader, writer: Writer) -> None:
        if b"\r\nOrigin: " not in await state.request(reader):
            writer.write(b"HTTP/1.1 200" + EMPTY)
            await reader.read()

    before = await upstream(script)
    got = await Prober(pools, PATIENCE).ask(probe(Address("127.0.0.1", before.port)))
    assert got == Answers(answer(200), None, None)


@pytest.fixture
def closed() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


async def test_one_that_is_not_there(pools: Pools, closed: int):
    got = await Prober(pools, PATIENCE).ask(probe(Address("127.0.0.1", closed)))
    assert isinstance(got, Trouble)
    assert (got.kind, got.hint[:21]) == (T.CONNECTION_REFUSED, "nothing listens there")


async def stalling(state: State, reader: Reader, _writer: Writer) -> None:
    await state.request(reader)
    await reader.read()


async def closing(state: State, reader: Reader, _writer: Writer) -> None:
    await state.request(reader)


async def talking_nonsense(_state: State, reader: Reader, writer: Writer) -> None:
    await reader.readexactly(1)
    writer.write(b"220 mail.example ESMTP\r\n")
    await reader.read()


SILENT = {
    "it takes the connection and says nothing": (
        stalling,
        Trouble(T.HTTP_RESPONSE_TIMEOUT, "within 0.5 s"),
    ),
    "it closes": (
        closing,
        Trouble(T.CONNECTION_TERMINATED, "the upstream closed the connection before it answered"),
    ),
    "it speaks something else": (
        talking_nonsense,
        Trouble(T.HTTP_PROTOCOL_ERROR, "Expected HTTP/, RTSP/ or ICE/"),
    ),
}


@pytest.mark.parametrize(("script", "expected"), SILENT.values(), ids=SILENT)
async def test_one_that_does_not_answer(
    upstream: Start, pools: Pools, script: Play, expected: Trouble
):
    before = await upstream(script)
    got = await Prober(pools, PATIENCE).ask(probe(Address("127.0.0.1", before.port)))
    assert got == expected


# By other ways.


async def test_one_on_a_unix_socket(pools: Pools, tmp_path: Path):
    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200" + EMPTY)
        await reader.read()
        writer.close()

    path = str(tmp_path / "a.sock")
    server = await asyncio.start_unix_server(play, path)
    got = await Prober(pools, PATIENCE).ask(probe(Address("localhost", 80, socket=path)))
    server.close()
    assert got == Answers(*[answer(200)] * 3)


async def test_one_behind_a_forward_proxy(upstream: Start, pools: Pools):
    between = await upstream(answering())
    address = Address("legacy.example", 80, proxy=ForwardProxy("127.0.0.1", between.port))
    assert await Prober(pools, PATIENCE).ask(probe(address)) == Answers(*[answer(200)] * 3)
    assert between.heads[0].startswith(b"HEAD http://legacy.example/ HTTP/1.1\r\n")


async def test_a_forward_proxy_that_refuses(upstream: Start, pools: Pools):
    async def refusing(state: State, reader: Reader, writer: Writer) -> None:
        await state.request(reader)
        writer.write(b"HTTP/1.1 407" + EMPTY)
        await reader.read()

    between = await upstream(refusing)
    proxy = ForwardProxy("127.0.0.1", between.port)
    got = await Prober(pools, PATIENCE).ask(probe(Address("a", 443, UpstreamTls(), proxy=proxy)))
    said = f"127.0.0.1:{between.port} answered CONNECT with 407"
    assert got == Trouble(T.DESTINATION_UNAVAILABLE, said)
    assert [head.split(b" ")[0] for head in between.heads] == [b"CONNECT"]


# Many, and none.


async def test_a_few_are_asked_at_once(upstream: Start, pools: Pools):
    now, go_on = 0, asyncio.Event()

    async def script(state: State, reader: Reader, writer: Writer) -> None:
        nonlocal now
        await state.request(reader)
        now += 1
        await go_on.wait()
        writer.write(b"HTTP/1.1 200" + EMPTY)
        await reader.read()

    before = await upstream(script)
    prober, address = Prober(pools, 10), Address("127.0.0.1", before.port)
    asking = [prober.ask(probe(address, f"http://a{i}")) for i in range(20)]
    asked = asyncio.gather(*asking)
    async with asyncio.timeout(10):
        while now < AT_ONCE:  # noqa: ASYNC110 it is the script's state
            await asyncio.sleep(0)
    for _ in range(500):  # in which another would come
        await asyncio.sleep(0)
    assert now == AT_ONCE
    go_on.set()
    assert await asked == [Answers(*[answer(200)] * 3)] * 20


async def test_one_that_is_given_up_while_it_is_waited_for(upstream: Start, pools: Pools):
    before = await upstream(stalling)
    asked = asyncio.ensure_future(Prober(pools).ask(probe(Address("127.0.0.1", before.port))))
    async with asyncio.timeout(10):
        while not before.heads:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
        asked.cancel()
        await before.ended.wait()
    assert pools.size == 0
