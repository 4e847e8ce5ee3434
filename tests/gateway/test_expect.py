"""R30: `Expect: 100-continue` never deadlocks, whoever keeps silent (RFC 9110 §10.1.1)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSED = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno"
HEAD = (
    b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n"
    b"Connection: close\r\n\r\n"
)


def upstream_that(first: bytes, then: bytes) -> Callable[..., Awaitable[None]]:
    """Answer the head with `first`, and the content with `then`."""

    async def script(
        state: Any,  # noqa: ANN401 the fixtures' own type is not importable
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        state.heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(first)
        state.bodies.append(await reader.read(5))
        writer.write(then)

    return script


async def exchange(front: Any, head: bytes) -> tuple[bytes, bytes]:  # noqa: ANN401 as above
    """Send a head; content follows a 100 only. Return what came before the content, and after."""
    reader, writer = await front.connect()
    writer.write(head)
    before = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    after = b""
    if before.startswith(CONTINUE):
        writer.write(b"hello")
        after = await asyncio.wait_for(reader.read(-1), 5)
    writer.close()
    return before, after


@pytest.mark.parametrize(
    ("first", "then", "asked", "status"),
    [
        pytest.param(CONTINUE, OK, True, b"200 OK", id="R30 the upstream asks for the content"),
        pytest.param(
            CONTINUE + CONTINUE, OK, True, b"200 OK", id="R30 R63 one 100 is passed on, not two"
        ),
        pytest.param(REFUSED, b"", False, b"401 Unauthorized", id="R30 the upstream refuses"),
        pytest.param(b"", OK, True, b"200 OK", id="R30 the upstream never asks"),
    ],
)
async def test_an_expectation_is_met(
    upstream: Start, proxy: Start, first: bytes, then: bytes, status: bytes, *, asked: bool
):
    server = await upstream(upstream_that(first, then))
    front = await proxy(server.url)
    before, after = await exchange(front, HEAD)
    answer = after if asked else before
    assert before.startswith(CONTINUE) == asked
    assert answer.startswith(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n")
    assert (before + after).count(CONTINUE) == asked
    await asyncio.wait_for(server.ended.wait(), 5)
    assert server.bodies == [b"hello" if asked else b""]
    assert b"\r\nExpect: 100-continue\r\n" in server.heads[0]


PREFLIGHT = b"Origin: http://evil\r\nAccess-Control-Request-Method: PUT\r\n"


@pytest.mark.parametrize(
    ("route", "head", "status"),
    [
        pytest.param({"limits": {"request_body": 4}}, HEAD, 413, id="R30 too large for the proxy"),
        pytest.param({"path": "/api"}, HEAD, 404, id="R30 no route"),
        pytest.param({}, HEAD.replace(b"100-c", b"C"), 417, id="R30 an unknown expectation"),
        pytest.param(
            {},
            HEAD.replace(b"POST", b"OPTIONS").replace(b"\r\n\r\n", b"\r\n" + PREFLIGHT + b"\r\n"),
            403,
            id="R30 a refused preflight",
        ),
    ],
)
async def test_the_proxy_refuses_without_asking_for_the_content(
    upstream: Start, proxy: Start, route: Mapping[str, object], head: bytes, status: int
):
    server = await upstream(upstream_that(CONTINUE, OK))
    front = await proxy(server.url, **route)
    before, _ = await exchange(front, head)
    assert before.startswith(b"HTTP/1.1 %d " % status)
    assert server.connections == 0


@pytest.mark.parametrize(
    "expectation",
    [
        pytest.param(b"100-continue", id="R30 nobody is asked to continue"),
        pytest.param(b"x", id="R30 nothing is refused"),
    ],
)
async def test_http_1_0_expects_nothing(upstream: Start, proxy: Start, expectation: bytes):
    server = await upstream(upstream_that(CONTINUE, OK))
    front = await proxy(server.url)
    head = HEAD.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"100-continue", expectation)
    answer = await front.send(head + b"hello")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Expect" not in server.heads[0]
    assert server.bodies == [b"hello"]


async def test_r30_an_expectation_without_content(answering: Start, proxy: Start):
    upstream = await answering(CONTINUE + OK)
    front = await proxy(upstream.url)
    head = HEAD.replace(b"Content-Length: 5\r\n", b"")
    answer = await front.send(head)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
