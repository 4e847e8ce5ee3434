"""R24-R26: who asks, from listeners and trusted proxies, and requests that come back."""

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


def routes_to(url: str, forward_proxy: str, **route: object) -> dict[str, object]:
    return {"routes": [{"upstream": {"url": url, "proxy": forward_proxy}, **route}]}


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


BY = ["127.0.0.0/8"]  # every client of these tests is one of the trusted proxies
SAID = (
    b"x-forwarded-for: 203.0.113.7\r\nX-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-Host: app.example\r\nX-Forwarded-Port: 443\r\nX-Real-IP: 203.0.113.7\r\n"
    b"Forwarded: for=203.0.113.7\r\nX_Forwarded_For: 6.6.6.6\r\nX-Real_IP: 6.6.6.6\r\n"
)
PEER = (
    b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n"
    b"Forwarded: for=127.0.0.1;host=h;proto=http\r\n"
)
EXTENDED = (
    b"x-forwarded-for: 203.0.113.7, 10.0.0.9, 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-Host: app.example\r\nX-Forwarded-Port: 443\r\nX-Real-IP: 203.0.113.7\r\n"
    b"Forwarded: for=203.0.113.7, for=127.0.0.1;host=h;proto=http\r\n"
)
VIA = b"Via: 1.1 corsproxy-x\r\n\r\n"


def saying(fields: bytes, request: bytes = REQUEST) -> bytes:
    return request[:-2] + fields + b"\r\n"


@pytest.mark.parametrize(
    ("trusted", "said", "who"),
    [
        pytest.param([], SAID, PEER, id="R22 R24 R25 nobody is believed unless told"),
        pytest.param(["10.0.0.0/8", "::1", "unix"], SAID, PEER, id="R24 R25 not another's peer"),
        pytest.param(BY, SAID, EXTENDED, id="R22 R24 R25 what a trusted peer says is extended"),
        pytest.param(BY, b"", PEER, id="R24 R25 a trusted peer that says nothing"),
        pytest.param(BY, b"Connection: X-Forwarded-For, X-Real-IP, Forwarded\r\n" + SAID, EXTENDED,
                     id="R21 a client can't have it taken off"),
    ],
)  # fmt: skip
async def test_the_upstream_is_told_who_asks(
    answering: Start, proxy: Start, trusted: list[str], said: bytes, who: bytes
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, {"trusted_proxies": trusted})
    await front.send(saying(said))
    assert added(upstream.heads[0]) == who + VIA


async def test_r24_r25_a_trusted_peer_on_a_unix_socket_is_extended_by_no_address(
    answering: Start, proxy: Start, tmp_path: Path
):
    upstream = await answering(OK)
    path = tmp_path / "s"
    listen = {"listen": ["127.0.0.1:0", f"unix:{path}"], "trusted_proxies": ["unix"]}
    front = await proxy(upstream.url, listen)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(saying(b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"))
    await asyncio.wait_for(reader.read(-1), 5)
    writer.close()
    assert added(upstream.heads[0]) == (
        b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: h\r\n"
        b"Forwarded: for=unknown;host=h;proto=http\r\n" + VIA
    )
    assert [exchange.client for exchange in await front.reported()] == ["203.0.113.7"]


async def test_r24_a_trusted_peer_speaks_for_many_clients_on_one_connection(
    answering: Start, proxy: Start
):
    upstream = await answering(*[OK] * 4)
    front = await proxy(upstream.url, {"trusted_proxies": BY})
    clients = [b"203.0.113.1", b"203.0.113.2", b"203.0.113.1"]
    keep = REQUEST.replace(b"Connection: close\r\n", b"")
    requests = [saying(b"X-Forwarded-For: " + client + b"\r\n", keep) for client in clients]
    await front.send(b"".join(requests) + REQUEST)
    assert [added(head).partition(b"\r\n")[0] for head in upstream.heads] == [
        *(b"X-Forwarded-For: " + client + b", 127.0.0.1" for client in clients),
        b"X-Forwarded-For: 127.0.0.1",
    ]
    assert [exchange.client for exchange in await front.reported(4)] == [
        "203.0.113.1", "203.0.113.2", "203.0.113.1", "127.0.0.1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("trusted", "said", "client"),
    [
        pytest.param([], SAID, "127.0.0.1", id="the peer, where it isn't trusted"),
        pytest.param(BY, SAID, "10.0.0.9", id="R24 the last that isn't trusted"),
        pytest.param([*BY, "10.0.0.0/8"], SAID, "203.0.113.7", id="R24 behind two trusted ones"),
        pytest.param(BY, b"X-Forwarded-For: a b\r\n", "127.0.0.1", id="R24 what is no address"),
        pytest.param(BY, b"Forwarded: for=203.0.113.9\r\n", "203.0.113.9", id="R25 by Forwarded"),
    ],
)
async def test_the_log_names_the_client(
    answering: Start, proxy: Start, trusted: list[str], said: bytes, client: str
):
    front = await proxy((await answering(OK)).url, {"trusted_proxies": trusted})
    await front.send(saying(said))
    assert [exchange.client for exchange in await front.reported()] == [client]


@pytest.mark.parametrize(
    ("trusted", "public", "cookie"),
    [
        pytest.param([], b"http://h", b"a=b; SameSite=Lax; Path=/", id="R24 by the peer's own"),
        pytest.param(BY, b"https://app.example", b"a=b; SameSite=None; Secure; Path=/",
                     id="R24 R70 by the client's, which came over TLS"),
    ],
)  # fmt: skip
async def test_addresses_and_cookies_are_those_of_the_page(
    answering: Start, proxy: Start, trusted: list[str], public: bytes, cookie: bytes
):
    upstream = await answering(
        b"HTTP/1.1 302 Found\r\nLocation: http://legacy.example/x\r\n"
        b"Set-Cookie: a=b; SameSite=None; Secure\r\nStrict-Transport-Security: max-age=1\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    document = routes_to("http://legacy.example", upstream.url, cookies="local")
    front = await proxy("", {**document, "trusted_proxies": trusted})
    answer = await front.send(saying(SAID))
    assert b"\r\nLocation: " + public + b"/x\r\nSet-Cookie: " + cookie + b"\r\n" in answer
    # only a client of this machine would keep it for all of localhost
    assert (b"\r\nStrict-Transport-Security: " in answer) is bool(trusted)


@pytest.mark.parametrize(
    ("trusted", "origin", "status"),
    [
        pytest.param([], b"http://h", 200, id="R24 the origin asked for passes"),
        pytest.param([], b"https://app.example", 403, id="R24 one that anybody can say does not"),
        pytest.param(BY, b"https://app.example", 200, id="R24 the one a trusted peer says passes"),
        pytest.param(BY, b"http://h", 403, id="R24 then its own address does not"),
        pytest.param(BY, b"https://evil.example", 403, id="R24 nor does another"),
    ],
)
@pytest.mark.parametrize(
    ("on_refused", "fields"),
    [
        pytest.param("block", b"", id="blocked"),
        pytest.param("forward", b"Upgrade: websocket\r\n", id="a WebSocket handshake"),
    ],
)
async def test_pages_of_the_same_origin_pass(
    answering: Start, proxy: Start, trusted: list[str], origin: bytes, status: int,
    on_refused: str, fields: bytes,
):  # fmt: skip
    top = {"trusted_proxies": trusted}
    front = await proxy((await answering(OK)).url, top, cors={"on_refused": on_refused})
    asked = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close, Upgrade\r\n\r\n"
    answer = await front.send(saying(SAID + fields + b"Origin: " + origin + b"\r\n", asked))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
