"""Upstreams behind a forward proxy: by CONNECT for TLS, else in absolute form (§9.3.6)."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import trustme

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]
Play = Callable[..., Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a?b HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"
AUTHORITY = trustme.CA()
BASIC = b"Proxy-Authorization: Basic dXNlcjpwYXNz"


async def serving(state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await state.request(reader)
    writer.write(OK)
    await writer.drain()


def tunnelling(port: int) -> Play:
    """Play a forward proxy that connects every CONNECT to one port."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        state.heads.append(await reader.readuntil(b"\r\n\r\n"))
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer), return_exceptions=True)
        back.close()

    return script


@pytest.fixture
def ca(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)


async def test_a_tls_upstream_is_reached_by_connect(
    upstream: Start, proxy: Start, leaves_nothing: Watch, ca: str
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("upstream.example").configure_cert(context)
    before = await upstream(serving, context)
    between = await upstream(tunnelling(before.port))
    url = between.url.replace("//", "//user:pass@")
    route = {"url": "https://upstream.example", "proxy": url, "tls": {"ca": ca}}
    under_test = await proxy(route)
    async with leaves_nothing(under_test):
        received = await under_test.send(GET)
    assert received.endswith(b"\r\n\r\nok")
    assert between.heads == [
        b"CONNECT upstream.example:443 HTTP/1.1\r\nHost: upstream.example:443\r\n"
        + BASIC
        + b"\r\n\r\n"
    ]
    assert before.heads[0].startswith(b"GET /a?b HTTP/1.1\r\nHost: upstream.example\r\n")
    assert b"Proxy-Authorization" not in before.heads[0]


async def test_a_plain_upstream_is_asked_for_in_absolute_form(
    upstream: Start, proxy: Start, leaves_nothing: Watch
):
    between = await upstream(serving)
    url = between.url.replace("//", "//user:pass@")
    under_test = await proxy({"url": "http://upstream.example:8000/x", "proxy": url})
    async with leaves_nothing(under_test):
        received = await under_test.send(GET)
    assert received.endswith(b"\r\n\r\nok")
    head = between.heads[0].split(b"\r\n")
    assert head[:2] == [
        b"GET http://upstream.example:8000/x/a?b HTTP/1.1",
        b"Host: upstream.example:8000",
    ]
    assert BASIC in head


async def refusing(
    state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    state.heads.append(await reader.readuntil(b"\r\n\r\n"))
    writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    await reader.read()


async def silent(
    _state: State, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
) -> None:
    await reader.read()


async def closing(
    _state: State, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def talking_nonsense(
    _state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await reader.read(1)
    writer.write(b"this is no TLS\r\n")
    await reader.read()


FAULTS = {
    "it refuses": (refusing, b"502 Bad Gateway", "destination_unavailable"),
    "it says nothing": (silent, b"504 Gateway Timeout", "connection_timeout"),
    "it closes": (closing, b"502 Bad Gateway", "connection_terminated"),
    "TLS fails behind it": (talking_nonsense, b"502 Bad Gateway", "tls_protocol_error"),
}


# R80
@pytest.mark.parametrize(("script", "status", "error"), FAULTS.values(), ids=FAULTS)
async def test_a_forward_proxy_that_fails(
    upstream: Start, proxy: Start, leaves_nothing: Watch, script: Play, status: bytes, error: str
):
    between = await upstream(script)
    route = {"url": "https://upstream.example", "proxy": between.url}
    under_test = await proxy(route, timeouts={"connect": 0.3})
    async with leaves_nothing(under_test):
        received = await under_test.send(GET)
        exchanges = await under_test.reported()
        await asyncio.wait_for(between.ended.wait(), 1)
    assert received.startswith(b"HTTP/1.1 " + status)
    assert [e.error for e in exchanges] == [error]
