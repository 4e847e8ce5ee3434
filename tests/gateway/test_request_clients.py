"""R24-R26: who asks, from listeners of every kind, and requests that come back."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def added(head: bytes) -> bytes:
    """Return what the proxy put behind the upstream's Host."""
    return re.sub(rb"corsproxy-\w{8}", b"corsproxy-x", head.split(b"\r\n", 2)[2])


async def test_r24_r25_an_ipv6_client_has_brackets_only_in_forwarded(
    answering: Start, proxy: Start
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, {"listen": ["127.0.0.1:0", "[::1]:0"]})
    port = int(front.app.addresses[1].rpartition(":")[2])
    reader, writer = await asyncio.open_connection("::1", port)
    writer.write(REQUEST)
    await asyncio.wait_for(reader.read(-1), 5)
    writer.close()
    assert added(upstream.heads[0]) == (
        b"X-Forwarded-For: ::1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n"
        b'Forwarded: for="[::1]";host=h;proto=http\r\nVia: 1.1 corsproxy-x\r\n\r\n'
    )


async def test_r24_r25_a_client_on_a_unix_socket_has_no_address(
    answering: Start, proxy: Start, tmp_path: Path
):
    upstream = await answering(OK)
    path = tmp_path / "s"
    await proxy(upstream.url, {"listen": ["127.0.0.1:0", f"unix:{path}"]})
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(REQUEST)
    await asyncio.wait_for(reader.read(-1), 5)
    writer.close()
    assert added(upstream.heads[0]) == (
        b"X-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n"
        b"Forwarded: for=unknown;host=h;proto=http\r\nVia: 1.1 corsproxy-x\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("host", "forwarded"),
    [
        pytest.param("a.example", b"a.example", id="R29 the default port is left out"),
        pytest.param("a.example:81", b"a.example:81", id="R29 another port is not"),
        pytest.param("[::1]:81", b"[::1]:81", id="R29 IPv6 stands in brackets"),
    ],
)
async def test_the_upstream_is_asked_by_its_own_name(
    answering: Start, proxy: Start, host: str, forwarded: bytes
):
    # a forward proxy stands for upstreams that can't be reached from here
    other = await answering(OK)
    front = await proxy("", routes_to(f"http://{host}", other.url))
    await front.send(REQUEST)
    assert other.heads[0].startswith(
        b"GET http://" + forwarded + b"/ HTTP/1.1\r\nHost: " + forwarded + b"\r\n"
    )


def routes_to(url: str, forward_proxy: str) -> dict[str, object]:
    return {"routes": [{"upstream": {"url": url, "proxy": forward_proxy}}]}


async def test_r26_a_request_that_comes_back_is_answered_with_508(answering: Start, proxy: Start):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    await front.send(REQUEST)
    via = upstream.heads[0].partition(b"\r\nVia: ")[2].partition(b"\r\n")[0]
    looped = REQUEST.replace(b"\r\n\r\n", b"\r\nVia: 1.0 fred, " + via + b"\r\n\r\n")
    answer = await front.send(looped)
    assert answer.startswith(b"HTTP/1.1 508 Loop Detected\r\n")
    assert b"\r\nProxy-Status: corsproxy; error=proxy_loop_detected\r\n" in answer
    assert len(upstream.heads) == 1
