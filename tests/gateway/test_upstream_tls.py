"""Upstreams over TLS: who is believed, and what is said where one isn't."""

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
Proxy = Any
Told = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]
Play = Callable[..., Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"
AUTHORITY = trustme.CA()


async def serving(state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await state.request(reader)
    writer.write(OK)
    await writer.drain()


def server_context(*names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def ca(tmp_path: Path) -> str:
    """The file of the authority that the upstream's certificate is from."""
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)


async def answered(
    under_test: Proxy, leaves_nothing: Watch
) -> tuple[bytes, str | None, str | None]:
    async with leaves_nothing(under_test):
        received = await under_test.send(GET)
        exchange = (await under_test.reported())[0]
    return received.split(b"\r\n")[0], exchange.error, exchange.detail


MET = {
    "its own name": (["127.0.0.1"], {}),
    "another name, which is asked for": (["other.example"], {"server_name": "other.example"}),
    "any name, unverified": (["other.example"], {"verify": False}),
}


@pytest.mark.parametrize(("names", "tls"), MET.values(), ids=MET)
async def test_an_upstream_that_is_believed(
    upstream: Start, proxy: Start, leaves_nothing: Watch, ca: str, names: Told, tls: Told
):
    before = await upstream(serving, server_context(*names))
    under_test = await proxy({"url": before.url, "tls": {"ca": ca, **tls}})
    assert await answered(under_test, leaves_nothing) == (b"HTTP/1.1 200 OK", None, None)
    assert b"\r\nX-Forwarded-Proto: http\r\n" in before.heads[0]


NOT_MET = {
    "an unknown authority": (["127.0.0.1"], False, "unable to get local issuer certificate"),
    "another name": (["other.example"], True, "IP address mismatch"),
}


# R80
@pytest.mark.parametrize(("names", "known", "says"), NOT_MET.values(), ids=NOT_MET)
async def test_an_upstream_that_is_not_believed(
    upstream: Start,
    proxy: Start,
    leaves_nothing: Watch,
    ca: str,
    names: Told,
    known: bool,
    says: str,
):
    before = await upstream(serving, server_context(*names))
    under_test = await proxy({"url": before.url, "tls": {"ca": ca} if known else {}})
    status, error, detail = await answered(under_test, leaves_nothing)
    assert (status, error) == (b"HTTP/1.1 502 Bad Gateway", "tls_certificate_error")
    assert says in str(detail)
    assert before.heads == []


async def test_a_client_certificate_is_shown_where_one_is_configured(
    upstream: Start, proxy: Start, leaves_nothing: Watch, ca: str, tmp_path: Path
):
    context = server_context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # where its lack ends the handshake
    AUTHORITY.configure_trust(context)
    own, cert, key = AUTHORITY.issue_cert("proxy"), tmp_path / "cert.pem", tmp_path / "key.pem"
    own.cert_chain_pems[0].write_to_path(str(cert))
    own.private_key_pem.write_to_path(str(key))
    before = await upstream(serving, context)
    shown = {"ca": ca, "cert": str(cert), "key": str(key)}
    under_test = await proxy({"url": before.url, "tls": shown})
    assert await answered(under_test, leaves_nothing) == (b"HTTP/1.1 200 OK", None, None)
    without = await proxy({"url": before.url, "tls": {"ca": ca}})
    status, error, _ = await answered(without, leaves_nothing)
    assert (status, error) == (b"HTTP/1.1 502 Bad Gateway", "tls_protocol_error")


async def silent(
    _state: State, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
) -> None:
    await reader.read()


async def plain(_state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()


async def closing(
    _state: State, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
) -> None:
    await reader.read(1)


NO_TLS = {
    "it speaks plain HTTP": (plain, b"HTTP/1.1 502 Bad Gateway", "tls_protocol_error"),
    "it closes": (closing, b"HTTP/1.1 502 Bad Gateway", "tls_protocol_error"),
    "it says nothing": (silent, b"HTTP/1.1 504 Gateway Timeout", "connection_timeout"),
}


# R80
@pytest.mark.parametrize(("script", "status", "error"), NO_TLS.values(), ids=NO_TLS)
async def test_an_upstream_that_does_not_finish_the_handshake(
    upstream: Start, proxy: Start, leaves_nothing: Watch, script: Play, status: bytes, error: str
):
    before = await upstream(script)
    url = before.url.replace("http:", "https:")
    under_test = await proxy(url, timeouts={"connect": 0.3})
    assert (await answered(under_test, leaves_nothing))[:2] == (status, error)


async def test_much_content_passes_both_ways(
    upstream: Start, proxy: Start, leaves_nothing: Watch, ca: str
):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % len(state.bodies[0]) + state.bodies[0])
        await writer.drain()

    content = bytes(range(256)) * 32_000
    before = await upstream(script, server_context("127.0.0.1"))
    under_test = await proxy({"url": before.url, "tls": {"ca": ca}})
    async with leaves_nothing(under_test):
        head = b"PUT / HTTP/1.1\r\nHost: p\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        received = await under_test.send(head % len(content) + content)
    assert received.partition(b"\r\n\r\n")[2] == content
