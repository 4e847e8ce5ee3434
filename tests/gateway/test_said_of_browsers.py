"""What the log says that the browser will do: what the page really gets."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

PAGE = "http://localhost:3001"
OTHER = "http://other.example"
ALLOWS_PAGE = f"Access-Control-Allow-Origin: {PAGE}\r\n"
ALLOWS_ALL = "Access-Control-Allow-Origin: *\r\n"
ALLOWS_CONTENT_TYPE = "Access-Control-Allow-Headers: Content-Type\r\n"
OFF: dict[str, object] = {"cors": False}
FILL: dict[str, object] = {"cors": {"upstream_cors": "fill", "allow_credentials": False}}
PREFLIGHT = "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: content-type\r\n"

SAID = {
    "off, and the upstream allows the page": (OFF, ALLOWS_PAGE, PAGE, "", "allowed"),
    "off, and the upstream allows all": (OFF, ALLOWS_ALL, PAGE, "", "allowed"),
    "off, and the upstream allows another": (
        OFF, ALLOWS_PAGE, OTHER, "", "refused:origin_different by upstream"
    ),
    "off, and the upstream knows nothing of CORS": (
        OFF, "", PAGE, "", "refused:origin_missing by upstream"
    ),
    "off, and a preflight that the upstream allows": (
        OFF,
        f"{ALLOWS_PAGE}Access-Control-Allow-Methods: PUT\r\n{ALLOWS_CONTENT_TYPE}",
        PAGE,
        PREFLIGHT,
        "allowed",
    ),
    "off, and a preflight that lacks the header": (
        OFF,
        f"{ALLOWS_PAGE}Access-Control-Allow-Methods: PUT\r\n",
        PAGE,
        PREFLIGHT,
        "refused:header_missing by upstream",
    ),
    "fill, and the upstream allows another": (
        FILL, ALLOWS_PAGE, OTHER, "", "refused:origin_different by upstream"
    ),
    "fill, and the upstream allows all": (FILL, ALLOWS_ALL, OTHER, "", "allowed"),
    "fill, and the upstream says nothing": (FILL, "", PAGE, "", "allowed"),
    "replaced, so that the policy's word holds": (
        {}, ALLOWS_ALL, OTHER, "", f"refused:origin_not_allowed {OTHER}"
    ),
    "the proxy's own origin, with CORS off": (OFF, "", "http://h", "", "same-origin"),
    "the proxy's own origin": ({}, "", "http://h", "", "same-origin"),
    "no page": (OFF, "", None, "", "-"),
}  # fmt: skip


@pytest.mark.parametrize(("route", "own", "origin", "asks", "said"), SAID.values(), ids=SAID)
async def test_it_says_what_the_browser_does(
    answering: Start,
    proxy: Start,
    route: Mapping[str, object],
    own: str,
    origin: str | None,
    asks: str,
    said: str,
):
    upstream = await answering(f"HTTP/1.1 200 OK\r\n{own}Content-Length: 0\r\n\r\n".encode())
    front = await proxy(upstream.url, **route)
    method = "OPTIONS" if asks else "GET"
    from_page = f"Origin: {origin}\r\n" if origin else ""
    request = f"{method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{from_page}{asks}\r\n"
    await front.send(request.encode())
    [exchange] = await front.reported()
    assert exchange.cors == said


async def test_an_error_without_a_policy_is_one_that_no_page_reads(proxy: Start):
    front = await proxy("http://127.0.0.1:9", **OFF)
    request = f"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nOrigin: {PAGE}\r\n\r\n"
    assert b"Access-Control" not in await front.send(request.encode())
    [exchange] = await front.reported()
    assert (exchange.status, exchange.cors) == (502, "refused:origin_missing")


@pytest.mark.parametrize(
    ("own", "heard"),
    [
        pytest.param(ALLOWS_ALL, [], id="the upstream lets it read"),
        pytest.param("", [f"origin_not_allowed {OTHER}"], id="the policy's word goes out"),
    ],
)
async def test_what_the_upstream_allows_by_itself_is_not_heard_of_as_refused(
    answering: Start, proxy: Start, own: str, heard: list[str]
):
    upstream = await answering(f"HTTP/1.1 200 OK\r\n{own}Content-Length: 0\r\n\r\n".encode())
    front = await proxy(upstream.url, **FILL)
    refused: list[Any] = []
    front.app._gateway.refused = lambda passage: refused.append(passage.verdict.refusal)
    request = f"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nOrigin: {OTHER}\r\n\r\n"
    await front.send(request.encode())
    [exchange] = await front.reported()
    assert [f"{one.reason} {one.culprit}" for one in refused] == heard
    assert (exchange.refusal is None) == (not heard)
