"""Redirects of all kinds, held against the real Chromium."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import asyncio
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
import pytest_asyncio

from corsproxy.core.browser import Finding, PageRequest, preflight_of
from corsproxy.core.cors_check import cors_check, preflight_check
from corsproxy.core.redirects import redirected

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE_HTML = (Path(__file__).parent / "page.html").read_bytes()
ASKED = "access-control-request-method"
KEPT = ("origin", ASKED, "access-control-request-headers", "authorization", "content-type")
SENT = {
    "GET": {"method": "GET"},
    "POST of JSON": {"method": "POST", "headers": {"content-type": "application/json"}},
    "PUT": {"method": "PUT"},
    "GET with Authorization": {"method": "GET", "headers": {"authorization": "b"}},
}


@dataclass(frozen=True)
class Chain:
    """Servers that lead one to the next with a status; the last lets an origin read."""

    servers: str
    status: int
    sent: str
    allowed: str = "*"


class Server:
    """One origin; paths are the number of a chain, and how far it has come."""

    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.name = name

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                fields = {}
                while (named := await reader.readline()).strip():
                    name, _, value = named.decode("latin-1").partition(":")
                    fields[name.lower()] = value.strip()
                await reader.readexactly(int(fields.get("content-length", 0)))
                method, path, _ = line.decode().split(" ")
                writer.write(self.answer(method, path, fields))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def answer(self, method: str, path: str, fields: dict[str, str]) -> bytes:
        if path == "/":
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
            return head % len(PAGE_HTML) + PAGE_HTML
        number, hop = map(int, path[1:].split("/"))
        kept = {name: fields[name] for name in KEPT if name in fields}
        self.world.log.setdefault(number, []).append((self.name, method, kept))
        status, headers = self.world.answer(number, hop, asks=ASKED in kept)
        lines = [b"HTTP/1.1 %d Said" % status, *(n + b": " + v for n, v in headers)]
        return b"\r\n".join([*lines, b"Content-Length: 0", b"\r\n"])


class World:
    """The page's own server P, and two others."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}
        self.chains: list[Chain] = []
        self.log: dict[int, list[tuple[str, str, dict[str, str]]]] = {}

    def url(self, number: int, hop: int) -> str:
        return f"{self.urls[self.chains[number].servers[hop]]}/{number}/{hop}"

    def answer(self, number: int, hop: int, *, asks: bool) -> tuple[int, list[tuple[bytes, bytes]]]:
        chain = self.chains[number]
        granted = b"authorization, content-type"
        fields = [(b"access-control-allow-origin", b"*"), (b"access-control-allow-methods", b"*")]
        fields += [(b"access-control-allow-headers", granted), (b"access-control-max-age", b"0")]
        if asks:
            return 204, fields
        if hop + 1 < len(chain.servers):
            return chain.status, [*fields, (b"location", self.url(number, hop + 1).encode())]
        return 200, [(b"access-control-allow-origin", chain.allowed.replace(
            "PAGE", self.urls["P"]).encode())]  # fmt: skip

    def told(self, number: int) -> tuple[list[tuple[str, str, dict[str, str]]], bool]:
        """Tell what the rules say that is sent, and whether the page reads the end."""
        sent = SENT[self.chains[number].sent]
        headers = [(n.encode(), v.encode()) for n, v in sent.get("headers", {}).items()]
        request: object = PageRequest.from_script(
            self.urls["P"].encode(), self.url(number, 0), sent["method"].encode(), headers,
            credentials=False,
        )  # fmt: skip
        log: list[tuple[str, str, dict[str, str]]] = []
        for hop, server in enumerate(self.chains[number].servers):
            assert isinstance(request, PageRequest)
            if preflight := preflight_of(request):
                asked = {n.decode().lower(): v.decode() for n, v in preflight.fields}
                log.append((server, "OPTIONS", {n: asked[n] for n in KEPT if n in asked}))
                answer = self.answer(number, hop, asks=True)
                assert preflight_check(request, *answer).grant is not None
            own = {name.decode(): value.decode() for name, value in request.headers}
            if request.cross_origin or request.method not in (b"GET", b"HEAD"):
                own["origin"] = request.sent_origin.decode()
            log.append((server, request.method.decode(), own))
            status, fields = self.answer(number, hop, asks=False)
            if request.cross_origin and not cors_check(request, fields).passed:
                return log, False
            request = redirected(request, status, fields)
        assert not isinstance(request, Finding)
        return log, True


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def world():
    """Three origins, of which one has the page."""
    world = World()
    servers = []
    for name in "PAB":
        server = await asyncio.start_server(Server(world, name).serve, "127.0.0.1", 0)
        servers.append(server)
        world.urls[name] = f"http://localhost:{server.sockets[0].getsockname()[1]}"
    yield world
    for server in servers:
        server.close()


async def test_redirects_of_all_kinds(open_tab, world):
    ways = ["".join(way) for length in (2, 3) for way in product("PAB", repeat=length)]
    world.chains = [Chain(*row) for row in product(ways, (302, 303, 307), SENT, ("*",))]
    world.chains += [Chain(*row) for row in product(ways, (302,), ("GET",), ("PAGE", "null"))]
    tab = await open_tab(world.urls["P"])
    calls = [[world.url(i, 0), SENT[chain.sent]] for i, chain in enumerate(world.chains)]
    got = await tab.page.evaluate(
        "a => Promise.all(a.map(([url, init]) => call(url, init)))", calls
    )
    expected = [world.told(i) for i in range(len(world.chains))]
    seen = [(world.log.get(i, []), "error" not in one) for i, one in enumerate(got)]
    rows = zip(world.chains, expected, seen, strict=True)
    assert [row for row in rows if row[1] != row[2]] == []
