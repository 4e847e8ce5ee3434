"""A thousand requests of all kinds at the same time, each answered with its own."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import asyncio
import hashlib
import random
from collections import Counter

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

REQUESTS = 1000
AT_ONCE = 100
PAGES = ("http://localhost:3001", "http://127.0.0.1:5173", "https://evil.example", None)


async def hashed(request):
    """Answer with the hash of what came, by which the answer can be told from all others."""
    body = await request.read()
    text = f"{request.method} {request.path_qs} {hashlib.sha256(body).hexdigest()}"
    answer = (text.encode() + b"\n") * int(request.query["lines"])
    if request.query["framing"] == "sized" or request.method == "HEAD":
        return web.Response(body=answer)
    response = web.StreamResponse()
    await response.prepare(request)
    for start in range(0, len(answer), 5000):
        await response.write(answer[start : start + 5000])
    return response


@pytest.fixture
async def server():
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", hashed)
    async with TestServer(app, host="127.0.0.1") as server:
        yield server


async def parts(body):
    for start in range(0, len(body), 3000):
        yield body[start : start + 3000]


def preflight(random_, number):
    origin = random_.choice(PAGES[:3])
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    return "OPTIONS", f"/{number}", {"headers": headers}


def plain(random_, number):
    method = random_.choice(["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"])
    origin = random_.choice(PAGES)
    framing, lines = random_.choice(["sized", "chunked"]), random_.choice([0, 1, 50, 500])
    more = {"headers": {"Origin": origin} if origin else {}}
    if method in {"POST", "PUT", "PATCH"}:
        body = random_.randbytes(random_.choice([0, 1, 1000, 100_000]))
        more["data"] = random_.choice([body, parts(body)]) if body else b""
        more["body"] = body
    return method, f"/{number}?framing={framing}&lines={lines}", more


async def ask(session, base, method, path, more):
    """Send a request and say how it ended: what was expected is told in a word."""
    body = more.pop("body", b"")
    async with session.request(method, base + path, **more) as response:
        content = await response.read()
        allowed = response.headers.get("Access-Control-Allow-Origin")
    origin = more["headers"].get("Origin")
    assert allowed == (origin if origin in PAGES[:2] else None), (method, path)
    if method == "OPTIONS":
        assert response.status == (204 if allowed else 403)
        return f"preflight {response.status}"
    text = f"{method} {path} {hashlib.sha256(body).hexdigest()}\n".encode()
    lines = 0 if method == "HEAD" else int(response.url.query["lines"])
    assert (response.status, content) == (200, text * lines), (method, path)
    return "request"


# R87
@pytest.mark.parametrize("seed", [1, 2])
async def test_each_is_answered_with_its_own(server, proxy, seed):
    random_ = random.Random(seed)
    process = proxy(f"http://127.0.0.1:{server.port}")
    makers = random_.choices([plain, preflight], weights=[4, 1], k=REQUESTS)
    rows = [maker(random_, number) for number, maker in enumerate(makers)]
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.timeout(60):
        asking = (ask(session, process.address, *row) for row in rows)
        ends = Counter(await asyncio.gather(*asking))
    assert ends["request"] == makers.count(plain)
    assert ends["preflight 204"] + ends["preflight 403"] == makers.count(preflight)
