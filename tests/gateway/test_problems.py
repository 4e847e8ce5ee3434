"""The proxy's own answers: everything to a client on loopback, nothing from inside to others."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from corsproxy.core.cors import Verdict
from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.messages import Client, Passage
from corsproxy.gateway.problems import Explainer

Start = Callable[..., Awaitable[Any]]

NEAR = b"http://localhost:3002"
HEAD = b" / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
PREFLIGHT = b"OPTIONS" + HEAD + b"Access-Control-Request-Method: PUT\r\nOrigin: "
REFUSED = {"title": "The request is refused", "status": 403, "code": "http_request_denied"}
BAD_GATEWAY = {"status": 502, "code": "http_protocol_error"}
MALFORMED = {"title": "The request is malformed", "status": 400, "code": "http_request_error"}


@pytest.mark.parametrize(
    ("request_", "route", "told", "inside"),
    [
        pytest.param(
            PREFLIGHT + NEAR + b"\r\n\r\n",
            {},
            REFUSED | {"detail": "the preflight is refused"},
            {
                "title": "The preflight is refused",
                "reason": "origin_not_allowed",
                "culprit": "http://localhost:3002",
                "near_miss": "differs only by the port from 'http://localhost:3001'",
                "route": "/",
                "allow_with": 'cors.allow_origins: ["http://localhost:3001", '
                '"http://localhost:3002"]',
            },
            id="a refused preflight",
        ),
        pytest.param(
            b"GET" + HEAD + b"Origin: " + NEAR + b"\r\n\r\n",
            {"cors": {"on_refused": "block"}, "name": "inner"},
            REFUSED | {"detail": "the origin is not allowed"},
            {
                "title": "The request is refused",
                "reason": "origin_not_allowed",
                "culprit": "http://localhost:3002",
                "near_miss": "differs only by the port from 'http://localhost:3001'",
                "route": "inner",
                "allow_with": 'routes[0].cors.allow_origins: ["http://localhost:3001", '
                '"http://localhost:3002"]',
            },
            id="a blocked request",
        ),
        pytest.param(
            b"GET" + HEAD + b"\r\n",
            {},
            BAD_GATEWAY
            | {
                "title": "The upstream's answer is no HTTP/1.1",
                "detail": "the upstream's answer is malformed",
            },
            {"inside": "a control character in the head"},
            id="a malformed response",
        ),
        pytest.param(
            b"GET" + HEAD.replace(b"Host: h", b"Host: a b") + b"\r\n",
            {},
            MALFORMED | {"detail": "the Host field is no host"},
            {},
            id="a malformed Host",
        ),
        pytest.param(
            b"FOO" + HEAD + b"\r\n",
            {},
            MALFORMED | {"detail": "the request is malformed"},
            {"inside": "Invalid method encountered:\n\n  b'FOO / HTTP/1.1'\n     ^"},
            id="what the parser refuses",
        ),
    ],
)
@pytest.mark.parametrize("explain", [True, False], ids=["explained", "not explained"])
async def test_how_much_is_told(
    answering: Start,
    proxy: Start,
    request_: bytes,
    route: Mapping[str, object],
    told: Mapping[str, object],
    inside: Mapping[str, object],
    *,
    explain: bool,
):
    upstream = await answering(b"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n")
    log = {"access": False} if explain else {"access": False, "explain": False}
    front = await proxy(upstream.url, {"log": log}, **route)
    head, _, content = (await front.send(request_)).partition(b"\r\n\r\n")
    assert json.loads(content) == {**told, **(inside if explain else {})}
    assert b"\r\nContent-Length: %d\r\n" % len(content) in head
    assert b"127.0.0.1" not in head + content


async def test_an_upstream_is_named_to_loopback_only(proxy: Start):
    told = {
        "title": "The upstream refuses connections",
        "status": 502,
        "code": "connection_refused",
        "hint": "nothing listens there; inside a container, localhost is the container itself: "
        "reach the host as host.docker.internal",
    }
    url = "http://127.0.0.1:1"
    for explain in (True, False):
        front = await proxy(url, {"log": {"access": False, "explain": explain}})
        content = (await front.send(b"GET" + HEAD + b"\r\n")).partition(b"\r\n\r\n")[2]
        said = json.loads(content)
        assert said.pop("inside", "").startswith(url) == explain
        assert said == told


@pytest.mark.parametrize(
    ("error", "more"),
    [
        pytest.param(GatewayError(ProxyErrorType.HTTP_REQUEST_ERROR), [], id="nothing more"),
        pytest.param(
            GatewayError(ProxyErrorType.DESTINATION_UNAVAILABLE),
            [(b"Retry-After", b"1")],
            id="503 says when to come back",
        ),
    ],
)
def test_the_head_of_a_problem(error: GatewayError, more: list[tuple[bytes, bytes]]):
    error.fields = ((b"Allow", b"GET"),)
    passage = Passage(Verdict(), None, Client("192.0.2.1"))
    head, content = Explainer().explain_error(error, passage, None)
    token = error.kind.token.encode()
    assert (head.status, [*head.fields]) == (
        error.status,
        [
            (b"Content-Type", b"application/problem+json"),
            (b"Cache-Control", b"no-store"),
            (b"X-Content-Type-Options", b"nosniff"),
            (b"Proxy-Status", b"corsproxy; error=" + token),
            (b"Allow", b"GET"),
            *more,
        ],
    )
    assert json.loads(content)["status"] == error.status


@pytest.mark.parametrize(
    ("explain", "loopback", "told"),
    [
        pytest.param(None, True, True, id="left out, on loopback"),
        pytest.param(None, False, False, id="left out, elsewhere"),
        pytest.param(True, False, True, id="on, elsewhere"),
        pytest.param(False, True, False, id="off, on loopback"),
    ],
)
def test_to_whom_it_is_explained(*, explain: bool | None, loopback: bool, told: bool):
    error = GatewayError(ProxyErrorType.DNS_ERROR, inside="http://legacy: no such name")
    passage = Passage(Verdict(), None, Client("192.0.2.1", loopback=loopback))
    _, content = Explainer(explain).explain_error(error, passage, None)
    assert (b"legacy" in content) == told
