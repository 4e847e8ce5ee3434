"""A gateway that learns keeps both heads of every exchange; one that doesn't keeps none."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import pytest

from corsproxy.app import App
from corsproxy.config.loader import load_mapping
from corsproxy.config.settings import Config
from corsproxy.core.exchange import Exchange
from corsproxy.core.learning import Learnt
from corsproxy.core.messages import ResponseHead

Start = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok"
HINTS = b"HTTP/1.1 103 Early Hints\r\nX-B: 1\r\n\r\n"
PAGE = b"Origin: http://strange.example\r\n"


def request(method: bytes, fields: bytes = PAGE) -> bytes:
    return method + b" /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + fields + b"\r\n"


class Proxy(Protocol):
    app: App
    port: int
    exchanges: list[Exchange]


def table(upstream: str) -> Config:
    document = {
        "listen": "127.0.0.1:0",
        "admin": "off",
        "log": {"access": False},
        "cors": {"allow_origins": ["http://a"], "on_refused": "block"},
        "routes": [{"upstream": upstream}],
    }
    return load_mapping(document, "test")


@pytest.fixture
async def learning(answering: Start, proxy: Start) -> AsyncIterator[Start]:
    """Start a proxy that learns, in the place of one that doesn't."""

    async def start(*replies: bytes) -> Proxy:
        upstream = await answering(*replies)
        front: Proxy = await proxy(upstream.url)
        front.app = App(table(upstream.url), learn)
        await front.app.start()
        front.port = int(front.app.addresses[0].rpartition(":")[2])
        front.app._gateway.report = front.exchanges.append
        started.append(front.app)
        return front

    def learn(_: Learnt) -> None:
        """Write nothing."""

    started: list[App] = []
    yield start
    for app in started:
        await app.drain(0.2)


def noted(exchange: Exchange) -> tuple[bytes, ResponseHead | None]:
    assert exchange.heads is not None
    return exchange.heads.request.method, exchange.heads.reply


async def test_the_heads_of_an_exchange_are_kept(learning: Start):
    front = await learning(HINTS + OK)
    answer = await front.send(request(b"GET"))
    assert b"\r\nAccess-Control-Expose-Headers: x-a, content-length, date, vary\r\n" in answer
    [exchange] = await front.reported()
    fields = [(b"X-A", b"1"), (b"Content-Length", b"2")]
    method, reply = noted(exchange)
    assert (method, reply and list(reply.fields)) == (b"GET", fields)
    assert exchange.heads is not None
    assert exchange.heads.passage.route is front.app._gateway.routes.routes[0]


async def test_a_preflight_has_no_answer_of_an_upstream(learning: Start):
    front = await learning()
    asked = request(b"OPTIONS", PAGE + b"Access-Control-Request-Method: PATCH\r\n")
    assert (await front.send(asked)).startswith(b"HTTP/1.1 204 ")
    assert [noted(one) for one in await front.reported()] == [(b"OPTIONS", None)]


async def test_nor_has_an_error(learning: Start):
    front = await learning(b"nothing of HTTP")
    assert (await front.send(request(b"GET"))).startswith(b"HTTP/1.1 502 ")
    assert [noted(one) for one in await front.reported()] == [(b"GET", None)]


async def test_while_nobody_learns_nothing_is_kept(answering: Start, proxy: Start):
    front = await proxy((await answering(OK)).url)
    await front.send(request(b"GET"))
    assert [exchange.heads for exchange in await front.reported()] == [None]


async def test_a_table_given_later_is_learnt_from_as_well(learning: Start):
    front = await learning()
    front.app.apply(table("http://b"))
    front.app._gateway.report = front.exchanges.append
    asked = request(b"OPTIONS", PAGE + b"Access-Control-Request-Method: PATCH\r\n")
    assert (await front.send(asked)).startswith(b"HTTP/1.1 204 ")
