"""The order of an exchange: classified, judged, answered or forwarded, reported once."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PAGE, EVIL = b"Origin: http://localhost:3001\r\n", b"Origin: http://evil.example\r\n"
ASKS = b"Access-Control-Request-Method: "
CLOSE = b"Connection: close\r\n"


def request(fields: bytes = b"", method: bytes = b"GET", target: bytes = b"/api/x?q") -> bytes:
    return method + b" " + target + b" HTTP/1.1\r\nHost: h\r\n" + fields + CLOSE + b"\r\n"


def preflight(fields: bytes, method: bytes = b"PUT") -> bytes:
    return request(fields + ASKS + method + b"\r\n", b"OPTIONS")


# R90
@pytest.mark.parametrize(
    ("sent", "status", "forwarded", "record"),
    [
        pytest.param(
            request(PAGE), 200, True, {"cors": "allowed", "sent": 2, "route": "api"}, id="forwarded"
        ),
        pytest.param(
            request(EVIL),
            200,
            True,
            {"cors": "refused:origin_not_allowed http://evil.example", "route": "api"},
            id="forwarded, though the browser will refuse it",
        ),
        pytest.param(
            request(b"Content-Length: 2\r\n", b"POST") + b"hi",
            200,
            True,
            {"received": 2, "sent": 2, "method": "POST", "cors": "-"},
            id="with content",
        ),
        pytest.param(
            preflight(PAGE), 204, False, {"preflight": True, "cors": "allowed"}, id="a preflight"
        ),
        pytest.param(
            preflight(PAGE, b"PATCH"),
            403,
            False,
            {"preflight": True, "cors": "refused:method_not_allowed PATCH"},
            id="a refused preflight",
        ),
        pytest.param(
            request(PAGE, target=b"/"),
            404,
            False,
            {"route": None, "cors": "allowed", "error": "destination_not_found"},
            id="no route, judged by the policy of all",
        ),
        pytest.param(
            request(b"Host: h\r\n"), 400, False, {"error": "http_request_error"}, id="malformed"
        ),
    ],
)
async def test_an_exchange_is_reported_once(
    answering: Start,
    proxy: Start,
    sent: bytes,
    status: int,
    record: Mapping[str, object],
    *,
    forwarded: bool,
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, path="/api", name="api")
    answer = await front.send(sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    [exchange] = await front.reported()
    assert {name: getattr(exchange, name) for name in record} == record
    assert (exchange.status, exchange.finished >= exchange.started) == (status, True)
    assert (len(upstream.heads), front.left_behind[1]) == (int(forwarded), 0)


@pytest.mark.parametrize(
    ("cors", "fields", "status"),
    [
        pytest.param({"on_refused": "block"}, EVIL, 403, id="blocked"),
        pytest.param({"on_refused": "block"}, PAGE, 200, id="an origin that may"),
        pytest.param({"on_refused": "block"}, b"Origin: http://h\r\n", 200, id="the same origin"),
        pytest.param({"on_refused": "block"}, b"", 200, id="no page at all"),
        pytest.param({"on_refused": "forward"}, EVIL, 200, id="left to the browser"),
        pytest.param({"on_refused": "block", "mode": "report"}, EVIL, 200, id="only reported"),
        pytest.param(
            {"on_refused": "block", "mode": "report"}, b"Origin: x\r\n", 403, id="malformed"
        ),
    ],
)
async def test_who_is_blocked(
    answering: Start, proxy: Start, cors: Mapping[str, object], fields: bytes, status: int
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, cors={"allow_credentials": False, **cors})
    assert (await front.send(request(fields))).startswith(b"HTTP/1.1 %d " % status)
    assert len(upstream.heads) == (status == 200)


REPORT = {"allow_credentials": False, "mode": "report", "max_age": 60}


async def test_what_is_only_reported_is_answered_as_allowed_and_recorded(
    answering: Start, proxy: Start
):
    front = await proxy((await answering(OK)).url, cors=REPORT)
    asked = await front.send(preflight(EVIL + b"Access-Control-Request-Headers: x-a\r\n", b"PATCH"))
    assert asked.startswith(b"HTTP/1.1 204 No Content\r\nConnection: close\r\nDate: ")
    assert asked.partition(b" GMT\r\n")[2] == (
        b"Access-Control-Allow-Origin: http://evil.example\r\n"
        b"Access-Control-Allow-Methods: PUT, DELETE, PATCH\r\n"
        b"Access-Control-Allow-Headers: Content-Type, x-a\r\n"
        b"Access-Control-Max-Age: 60\r\n"
        b"Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n\r\n"
    )
    handshake = EVIL + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    assert (await front.send(request(handshake))).startswith(b"HTTP/1.1 200 ")
    told = "reported:origin_not_allowed http://evil.example"
    assert [exchange.cors for exchange in await front.reported(2)] == [told, told]


async def test_with_cors_off_the_upstream_answers_preflights(answering: Start, proxy: Start):
    own = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n"
    upstream = await answering(own)
    front = await proxy(upstream.url, cors=False)
    answer = await front.send(preflight(EVIL))
    assert answer.count(b"Access-Control-Allow-Origin: *\r\n") == 1
    assert b"Vary" not in answer
    assert upstream.heads[0].startswith(b"OPTIONS /api/x?q HTTP/1.1\r\n")


async def test_a_route_is_chosen_by_the_method_that_a_preflight_asks_for(
    answering: Start, proxy: Start
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, methods=["PUT"])
    assert (await front.send(preflight(PAGE))).startswith(b"HTTP/1.1 204 ")
    refused = await front.send(request(PAGE))
    assert refused.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    assert b"\r\nAllow: PUT\r\n" in refused


async def test_a_draining_proxy_takes_no_more_requests(answering: Start, proxy: Start):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    front.app._gateway.draining = True
    answer = await front.send(request(PAGE).replace(CLOSE, b""))
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n")
    assert b"\r\nRetry-After: 1\r\n" in answer
    assert upstream.connections == 0


async def test_a_bug_is_answered_and_logged_and_the_proxy_lives(
    answering: Start, proxy: Start, caplog: pytest.LogCaptureFixture
):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    upstream = await answering(OK)
    front = await proxy(upstream.url)
    whole, front.app._gateway.pools.take = front.app._gateway.pools.take, broken
    answer = await front.send(request(PAGE))
    front.app._gateway.pools.take = whole
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "proxy_internal_error"
    assert b"secret" not in answer
    assert b"\r\nAccess-Control-Allow-Origin: http://localhost:3001\r\n" in answer
    assert "a bug in corsproxy, at GET /api/x?q" in caplog.text
    assert (await front.send(request())).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_an_exchange_ends_under_the_routes_it_began_with(
    upstream: Start, answering: Start, proxy: Start
):
    async def slow(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        await state.request(reader)
        asked.set()
        await replaced.wait()
        writer.write(OK.replace(b"ok", b"1."))

    asked, replaced = asyncio.Event(), asyncio.Event()
    first = await proxy((await upstream(slow)).url)
    second = await proxy((await answering(OK)).url)
    answer = asyncio.ensure_future(first.send(request()))
    await asyncio.wait_for(asked.wait(), 5)
    first.app._gateway.routes = second.app._gateway.routes
    replaced.set()
    assert (await answer).endswith(b"1.")
    assert (await first.send(request())).endswith(b"ok")
