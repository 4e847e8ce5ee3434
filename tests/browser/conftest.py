"""A real Chromium, two pages, a legacy API that knows nothing of CORS, and the proxy before it."""

import asyncio
import hashlib
import json
import os
import re
import runpy
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

HERE = Path(__file__).parent
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
BYTES = hashlib.shake_256(b"corsproxy").digest(5 << 20)
Reply = web.StreamResponse


@dataclass
class LegacyApi:
    """Answers what is asked by its path, refuses OPTIONS, and remembers every request."""

    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    confirmed: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    url: str = ""

    async def answer(self, request: web.Request) -> Reply:
        self.requests.append(f"{request.method} {request.path_qs}")
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if request.method == "OPTIONS":
            raise web.HTTPMethodNotAllowed("OPTIONS", ["GET"])
        special: dict[str, Callable[[web.Request], Any]] = {
            "/login": self._login,
            "/own-cors": self._own_cors,
            "/broken": self._broken,
            "/moved": self._moved,
            "/never": self._never,
            "/hash": self._hash,
            "/bytes": self._bytes,
            "/events": self._events,
            "/confirm": self._confirm,
            "/echo": self._echo,
        }
        reply: Reply = await special.get(request.path, self._text)(request)
        return reply

    async def _text(self, request: web.Request) -> Reply:
        text = f"{request.method} {(await request.read()).decode()}".strip()
        return web.Response(text=text, headers={"X-Total-Count": "7", "X-Other": "8"})

    async def _login(self, request: web.Request) -> Reply:
        """Log in by a cookie as production would set it, or by a plain one."""
        reply = web.Response(text="logged in")
        far = {"domain": "api.example", "secure": True, "samesite": "None"}
        reply.set_cookie("session", "s1", **({} if "plain" in request.query else far))
        return reply

    async def _own_cors(self, _: web.Request) -> Reply:
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "false"}
        return web.Response(text="own", headers=headers)

    async def _broken(self, _: web.Request) -> Reply:
        return web.Response(status=500, text="it broke")

    async def _moved(self, request: web.Request) -> Reply:
        raise web.HTTPFound(request.query.get("to", f"{self.url}/arrived"))

    async def _never(self, _: web.Request) -> Reply:
        await asyncio.sleep(20)
        return web.Response(text="too late")

    async def _hash(self, request: web.Request) -> Reply:
        digest = hashlib.sha256()
        async for part in request.content.iter_any():
            digest.update(part)
        return web.Response(text=digest.hexdigest())

    async def _bytes(self, _: web.Request) -> Reply:
        return web.Response(body=BYTES)

    async def _events(self, request: web.Request) -> Reply:
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await reply.prepare(request)
        for number in ("1", "2", "3"):
            await reply.write(f"data: {number}\n\n".encode())
            # no event before the page has told of the one before: what is held back never ends
            assert await asyncio.wait_for(self.confirmed.get(), 10) == number
        await reply.write(b"event: end\ndata:\n\n")
        return reply

    async def _confirm(self, request: web.Request) -> Reply:
        self.confirmed.put_nowait(request.query_string)
        return web.Response(text="")

    async def _echo(self, request: web.Request) -> Reply:
        socket = web.WebSocketResponse(protocols=("chat.v2", "chat.v1"))
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"echo {message.data}")
        return socket


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Any], port: int = 0) -> AsyncIterator[int]:
    app = web.Application(client_max_size=8 << 20)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


Launch = Callable[..., Awaitable[Browser]]


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def launch() -> AsyncIterator[Launch]:
    """Start browsers, with more arguments than usual perhaps."""
    find = runpy.run_path(str(HERE.parents[1] / "scripts" / "find_browser.py"))["find"]
    path = await asyncio.to_thread(find)
    if path is None:
        pytest.fail("no Chromium was found: python scripts/find_browser.py --install gets one")
    browsers = []
    async with async_playwright() as playwright:

        async def start(*more: str) -> Browser:
            arguments = [*ARGUMENTS, *more]
            browser = await playwright.chromium.launch(executable_path=path, args=arguments)
            browsers.append(browser)
            return browser

        yield start
        for browser in browsers:
            await browser.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(launch: Launch) -> Browser:
    return await launch()


@dataclass(frozen=True)
class Pages:
    """Origins of the page that the route table allows, and of another one."""

    allowed: str
    other: str


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def pages() -> AsyncIterator[Pages]:
    text = (HERE / "page.html").read_text(encoding="utf-8")

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html")

    async with serving(page) as one, serving(page) as two:
        yield Pages(f"http://localhost:{one}", f"http://localhost:{two}")


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def legacy_api() -> AsyncIterator[LegacyApi]:
    state = LegacyApi()
    async with serving(state.answer) as port:
        state.url = f"http://127.0.0.1:{port}"
        yield state


@pytest.fixture
def api(legacy_api: LegacyApi) -> LegacyApi:
    legacy_api.requests.clear()
    legacy_api.headers.clear()
    return legacy_api


class Output(Protocol):
    lines: list[str]

    def wait_for(self, pattern: str, start: int = 0) -> re.Match[str]: ...


class Process(Protocol):
    """What the fixture `corsproxy` of tests/conftest.py starts."""

    out: Output

    @property
    def address(self) -> str: ...


Start = Callable[..., AbstractContextManager[Process]]


@dataclass
class Proxy:
    """The proxy by the name the browser knows it, and its access log."""

    url: str
    output: Output
    start: int = 0

    def logged(self, method: str, target: str) -> list[dict[str, Any]]:
        """Return all exchanges of a target since the test began, up to the first of a method."""
        line = rf'"method": "{method}", "target": "{target}"'
        self.output.wait_for(line, self.start)
        lines = [json.loads(line) for line in self.output.lines[self.start :]]
        return [exchange for exchange in lines if exchange["target"] == target]


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def process(corsproxy: Start, legacy_api: LegacyApi, pages: Pages) -> AsyncIterator[Process]:
    with socket.socket() as nobody:  # bound and never listened on: whoever connects is refused
        nobody.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        env = {"PAGE": pages.allowed, "API": legacy_api.url, "NOBODY": dead}
        table = os.fspath(HERE / "corsproxy.yaml")
        with corsproxy("run", "--no-probe", "-c", table, env=env) as process:
            yield process


@pytest.fixture
def proxy(process: Process) -> Proxy:
    """The proxy with the routes of `corsproxy.yaml`."""
    url = process.address.replace("127.0.0.1", "localhost")
    return Proxy(url, process.out, len(process.out.lines))


class Tab:
    """A page that is open in the browser; it reaches the proxy by paths."""

    def __init__(self, page: Page, proxy_url: str) -> None:
        self.page = page
        self.base = proxy_url

    async def fetch(self, path: str, **init: object) -> dict[str, Any]:
        """Return the status and the text the page read, or the error it got."""
        got = await self.fetch_all(path, **init)
        return {key: got[key] for key in ("status", "text", "error") if key in got}

    async def fetch_all(self, path: str, **init: object) -> dict[str, Any]:
        """Return also the headers the page sees, and the address it ended at."""
        got = await self.run("call", path, init)
        assert isinstance(got, dict)
        return got

    async def run(self, function: str, path: str, *args: object) -> object:
        """Call a function of page.html with an address at the proxy, and arguments."""
        url = self.base + path
        call = asyncio.wait_for(
            self.page.evaluate(f"args => {function}(...args)", [url, *args]), 20
        )
        return await call


@pytest_asyncio.fixture(loop_scope="session")
async def open_tab(browser: Browser) -> AsyncIterator[Callable[..., Any]]:
    """Open pages; each is in a window of its own, without cookies or caches of others."""
    contexts = []

    async def tab(origin: str, proxy_url: str = "") -> Tab:
        context = await browser.new_context()
        contexts.append(context)
        page = await context.new_page()
        await page.goto(origin)
        return Tab(page, proxy_url)

    yield tab
    for context in contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(open_tab: Callable[..., Any], pages: Pages, proxy: Proxy) -> Tab:
    """Open the page that the route table allows."""
    opened: Tab = await open_tab(pages.allowed, proxy.url)
    return opened


@pytest_asyncio.fixture(loop_scope="session")
async def other_tab(open_tab: Callable[..., Any], pages: Pages, proxy: Proxy) -> Tab:
    """Open a page of an origin that is not allowed."""
    opened: Tab = await open_tab(pages.other, proxy.url)
    return opened
