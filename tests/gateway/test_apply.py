"""R89: another configuration is swapped in for new requests; what is under way ends as it began."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from corsproxy.config.loader import load_mapping
from corsproxy.config.settings import Config

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

Start = Callable[..., Awaitable[Any]]
State = Any

PAGE, OTHER = "http://localhost:3001", "http://localhost:3002"
GET = b"GET / HTTP/1.1\r\nHost: p\r\nOrigin: http://localhost:3002\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"


def config(
    url: str, top: Mapping[str, object] | None = None, origin: str = PAGE, **route: object
) -> Config:
    document: dict[str, object] = {
        "listen": "127.0.0.1:0",
        "admin": "off",
        "log": {"access": False},
        "cors": {"allow_origins": [origin]},
        "routes": [{"upstream": url, **route}],
        **(top or {}),
    }
    return load_mapping(document, "test")


async def replies(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one answer: what CORS says in it, and its content."""
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        content = await reader.readexactly(length)
    allowed = head.partition(b"Access-Control-Allow-Origin: ")[2].partition(b"\r\n")[0]
    return allowed, content


# R89
async def test_a_request_under_way_ends_under_the_old_table_and_the_next_has_the_new(
    upstream: Start, answering: Start, proxy: Start
):
    asked, told = asyncio.Event(), asyncio.Event()

    async def slow(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        asked.set()
        await told.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")

    old = await upstream(slow)
    new = await answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew")
    under_test = await proxy(old.url)
    reader, writer = await under_test.connect()
    writer.write(GET)
    await asyncio.wait_for(asked.wait(), 5)
    assert under_test.app.apply(config(new.url, origin=OTHER)) == []
    told.set()
    assert await replies(reader) == (b"", b"old")
    writer.write(GET)
    assert await replies(reader) == (OTHER.encode(), b"new")


async def test_a_tunnel_stays_open(upstream: Start, proxy: Start):
    async def echo(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(SWITCHED)
        while data := await reader.read(100):
            writer.write(data)

    under_test = await proxy((await upstream(echo)).url)
    reader, writer = await under_test.connect()
    writer.write(UPGRADE)
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    under_test.app.apply(config("http://127.0.0.1:9"))
    writer.write(b"still there")
    assert await asyncio.wait_for(reader.readexactly(11), 5) == b"still there"


async def test_who_is_trusted_and_what_is_explained_hold_on_open_connections_too(
    answering: Start, proxy: Start
):
    origin = await answering(*[b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"] * 2)
    under_test = await proxy(origin.url, {"log": {"access": False, "explain": False}})
    reader, writer = await under_test.connect()
    get = b"GET / HTTP/1.1\r\nHost: p\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n"
    preflight = (
        b"OPTIONS / HTTP/1.1\r\nHost: p\r\nOrigin: https://evil.example\r\n"
        b"Access-Control-Request-Method: GET\r\n\r\n"
    )
    seen = []
    for top in ({}, {"trusted_proxies": ["127.0.0.1"]}):
        log = {"access": False, "explain": bool(top)}
        under_test.app.apply(config(origin.url, {**top, "log": log}))
        writer.write(get)
        await replies(reader)
        sent = origin.heads[-1].partition(b"X-Forwarded-For: ")[2].partition(b"\r\n")[0]
        writer.write(preflight)
        _, problem = await replies(reader)
        seen.append((sent, b"origin_not_allowed" in problem))
    assert seen == [(b"127.0.0.1", False), (b"192.0.2.7, 127.0.0.1", True)]


async def test_files_that_are_unusable_change_nothing(
    answering: Start, proxy: Start, tmp_path: Path
):
    origin = await answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
    under_test = await proxy(origin.url)
    ca = tmp_path / "ca.pem"
    ca.write_text("no certificate")
    upstream = {"url": "https://a.example", "tls": {"ca": str(ca)}}
    with pytest.raises(OSError, match=r"(?i)certificate"):
        under_test.app.apply(config("", {"routes": [{"upstream": upstream}]}))
    reader, writer = await under_test.connect()
    writer.write(GET)
    assert await replies(reader) == (b"", b"old")


FIXED = {
    "listen": ({"listen": "127.0.0.1:1"}, ["listen"]),
    "admin": ({"admin": "127.0.0.1:0"}, ["admin"]),
    "tls": ({"tls": "self_signed"}, ["tls"]),
    "nothing": ({"limits": {"connections": 5}}, []),
}


@pytest.mark.parametrize(("top", "fixed"), FIXED.values(), ids=FIXED)
async def test_what_waits_for_a_restart_is_told(
    proxy: Start, top: dict[str, object], fixed: list[str]
):
    under_test = await proxy("http://127.0.0.1:9")
    assert under_test.app.apply(config("http://127.0.0.1:9", top)) == fixed
