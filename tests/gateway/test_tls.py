"""TLS on the listeners: who speaks it is served, who doesn't is told."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

Start = Callable[..., Awaitable[Any]]
State = Any
Watch = Callable[[Any], AbstractAsyncContextManager[None]]

AUTHORITY = trustme.CA()
GET = b"GET / HTTP/1.1\r\nHost: p\r\nOrigin: http://localhost:3001\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SPEAKS_TLS = (
    b'{"title": "The request is malformed", "status": 400, "code": "http_request_error", '
    b'"detail": "this is plain HTTP, and this port speaks TLS: use https://"}\n'
)


def issue(folder: Path, *names: str) -> dict[str, str]:
    leaf = AUTHORITY.issue_cert(*names)
    leaf.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    return {"cert": str(folder / "cert.pem"), "key": str(folder / "key.pem")}


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


async def asked(port: int, raw: bytes, name: str = "localhost") -> tuple[bytes, str | None]:
    """Send octets over TLS; return what comes, and the protocol agreed on."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=trusting(), server_hostname=name
        )
        protocol = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        writer.write(raw)
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
    return received, protocol


async def test_a_request_over_tls_is_served_and_the_upstream_knows(
    answering: Start, proxy: Start, tmp_path: Path, leaves_nothing: Watch
):
    upstream = await answering(OK)
    under_test = await proxy(upstream.url, {"tls": issue(tmp_path, "localhost")})
    async with leaves_nothing(under_test):
        received, protocol = await asked(under_test.port, GET)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\nok")
    assert protocol == "http/1.1"
    assert b"\r\nX-Forwarded-Proto: https\r\n" in upstream.heads[0]
    assert under_test.app.addresses == (f"https://127.0.0.1:{under_test.port}",)


async def test_a_megabyte_goes_both_ways(upstream: Start, proxy: Start, tmp_path: Path):
    content = bytes(range(256)) * 4096

    async def mirror(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content))
        writer.write(state.bodies[0])
        await writer.drain()

    origin = await upstream(mirror)
    under_test = await proxy(origin.url, {"tls": issue(tmp_path, "localhost")})
    post = GET.replace(b"GET", b"POST")[:-2] + b"Content-Length: %d\r\n\r\n" % len(content)
    received, _ = await asked(under_test.port, post + content)
    assert received.partition(b"\r\n\r\n")[2] == content


# R92
async def test_plain_http_on_a_tls_port_is_told_so(
    proxy: Start, tmp_path: Path, leaves_nothing: Watch
):
    under_test = await proxy("http://127.0.0.1:9", {"tls": issue(tmp_path, "localhost")})
    async with leaves_nothing(under_test):
        received = await under_test.send(GET)
    head, _, content = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
    assert b"\r\nAccess-Control-Allow-Origin: http://localhost:3001\r\n" in head
    assert content == SPEAKS_TLS
    assert [e.status for e in under_test.exchanges] == [400]


UNFINISHED = {
    "nothing at all": b"",
    "the beginning of a handshake": b"\x16\x03\x01",
    "a handshake of nonsense": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600),
}


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
async def test_who_does_not_get_as_far_as_tls_is_parted_from(
    proxy: Start, tmp_path: Path, leaves_nothing: Watch, sent: bytes
):
    top = {"tls": issue(tmp_path, "localhost"), "timeouts": {"header": 0.2}}
    under_test = await proxy("http://127.0.0.1:9", top)
    async with leaves_nothing(under_test), asyncio.timeout(5):
        reader, writer = await under_test.connect()
        writer.write(sent)
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert received[:1] in (b"", b"\x15")  # an alert
    assert (await asked_whether_alive(under_test.port)).startswith(b"HTTP/1.1 502 ")


async def test_as_many_may_be_silent_as_may_connect_and_no_more(proxy: Start, tmp_path: Path):
    top = {"tls": issue(tmp_path, "localhost"), "limits": {"connections": 3}}
    under_test = await proxy("http://127.0.0.1:9", top)
    silent = [await under_test.connect() for _ in range(3)]
    reader, _ = await under_test.connect()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    assert not any(one.at_eof() for one, _ in silent)
    silent[0][1].close()
    async with asyncio.timeout(5):
        while not (answer := await alive(under_test.port)):  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
    assert answer.startswith(b"HTTP/1.1 502 ")


async def alive(port: int) -> bytes:
    """Ask over TLS; return nothing where the connection is not taken."""
    try:
        return await asked_whether_alive(port)
    except ConnectionError:
        return b""


async def test_how_long_one_may_be_silent_holds_after_a_reload(proxy: Start, tmp_path: Path):
    under_test = await proxy("http://127.0.0.1:9", {"tls": issue(tmp_path, "localhost")})
    config = under_test.app._config
    quick = replace(config, timeouts=replace(config.timeouts, header=0.2))
    under_test.app.apply(quick)
    reader, _ = await under_test.connect()
    assert await asyncio.wait_for(reader.read(), 5) == b""


async def asked_whether_alive(port: int) -> bytes:
    return (await asked(port, GET))[0]


async def test_who_leaves_before_tls_leaves_nothing_behind(
    proxy: Start, tmp_path: Path, leaves_nothing: Watch
):
    under_test = await proxy("http://127.0.0.1:9", {"tls": issue(tmp_path, "localhost")})
    async with leaves_nothing(under_test):
        with socket.create_connection(("127.0.0.1", under_test.port)):
            pass
        await asked_whether_alive(under_test.port)


async def test_the_end_parts_from_those_who_have_not_spoken(proxy: Start, tmp_path: Path):
    under_test = await proxy("http://127.0.0.1:9", {"tls": issue(tmp_path, "localhost")})
    reader, writer = await under_test.connect()
    await asked_whether_alive(under_test.port)  # so the silent one is accepted, too
    await under_test.app.drain(0)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await under_test.connect()


async def test_a_renewed_certificate_is_shown_after_a_reload(proxy: Start, tmp_path: Path):
    under_test = await proxy("http://127.0.0.1:9", {"tls": issue(tmp_path, "localhost")})
    with pytest.raises(ssl.SSLCertVerificationError):
        await asked(under_test.port, GET, "other.example")
    issue(tmp_path, "other.example")
    under_test.app.apply(under_test.app._config)
    received, _ = await asked(under_test.port, GET, "other.example")
    assert received.startswith(b"HTTP/1.1 502 ")


async def test_a_broken_certificate_changes_nothing(proxy: Start, tmp_path: Path):
    under_test = await proxy("http://127.0.0.1:9", {"tls": issue(tmp_path, "localhost")})
    (tmp_path / "cert.pem").write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        under_test.app.apply(under_test.app._config)
    assert (await asked_whether_alive(under_test.port)).startswith(b"HTTP/1.1 502 ")


async def test_a_unix_socket_stays_plain(proxy: Start, tmp_path: Path):
    path = tmp_path / "p.sock"
    listen = {"listen": ["127.0.0.1:0", f"unix:{path}"], "tls": issue(tmp_path, "localhost")}
    await proxy("http://127.0.0.1:9", listen)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(GET)
    assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 502 ")
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_takes_nothing_is_parted_from(
    upstream: Start, proxy: Start, tmp_path: Path, leaves_nothing: Watch
):
    async def pour(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(bytes(65536))
            await writer.drain()

    origin = await upstream(pour)
    top = {"tls": issue(tmp_path, "localhost"), "timeouts": {"idle": 0.3}}
    under_test = await proxy(origin.url, top)
    async with leaves_nothing(under_test):
        _, writer = await asyncio.open_connection(
            "127.0.0.1", under_test.port, ssl=trusting(), server_hostname="localhost"
        )
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(GET)
        (exchange,) = await under_test.reported()
        writer.transport.abort()
    assert exchange.error == "client_stalled"
