"""From each mistake to a page that works, by nothing but what corsproxy printed.

The files are those of `mistakes.yaml`. One proxy serves them one after the other, as a newcomer
edits one file; to Chromium it is localhost:8080, and the pages stand at the addresses they name.
"""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import asyncio
import http.client
import json
import os
import re
import shlex
import socket
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from aiohttp import web
from click.testing import CliRunner

from corsproxy.cli import main
from corsproxy.core.browser import PageRequest, preflight_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "troubleshooting.md").read_text("utf-8")
BASE = """\
cors:
  allow_origins: ["http://localhost:3001"]
routes:
  - path: /api
    upstream: http://localhost:8000
"""


@dataclass(frozen=True)
class Mistake:
    """A row of `mistakes.yaml`; `before` and `after` is what the page gets."""

    title: str
    command: str
    mend: str
    works: str
    wrong: str = BASE
    page: str = "http://localhost:3001"
    calls: tuple[str, ...] = ("/api/users",)
    init: dict[str, Any] = field(default_factory=dict)
    reads: str | None = None
    before: object = "not loaded"
    after: object = None


ROWS = yaml.safe_load((HERE / "mistakes.yaml").read_text("utf-8"))
MISTAKES = [Mistake(**row) for row in ROWS]


async def api(request: web.Request) -> web.Response:
    """Know a few paths, one of them for its own origin alone, and nothing of CORS."""
    own = str(request.url.origin())
    path = request.path.removeprefix("/api")
    if request.method == "OPTIONS" or (path == "/picky" and request.headers["Origin"] != own):
        return web.Response(status=403, text="not from there")
    if path == "/me" and "session" not in request.cookies:
        return web.Response(status=401, text="nobody")
    if path not in {"/me", "/users", "/login", "/picky"}:
        return web.Response(status=404, text="unknown")
    reply = web.Response(text="read", headers={"X-Total-Count": "7"})
    if path == "/login":
        far = {"domain": "api.example", "secure": True, "samesite": "None"}
        reply.set_cookie("session", "s1", **far)
    return reply


async def listen(sock: socket.socket) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, sock.dup()).start()
    return runner


class World:
    """A file that is served, the API that it names as localhost:8000, and nobody at 8001."""

    def __init__(self, folder: Path, sockets: dict[str, socket.socket]) -> None:
        self.file, self.folder = folder / "corsproxy.yaml", folder
        self.sockets = sockets
        self.process: Any = None
        self.contexts: Any = None

    async def serve(self, text: str) -> str:
        """Put a text in the file's place; return what the proxy says of it."""
        for port, sock in self.sockets.items():
            text = text.replace(f"localhost:{port}", f"127.0.0.1:{sock.getsockname()[1]}")
        start, other = len(self.process.err.lines) if self.process else 0, self.folder / "other"
        other.write_text(text, "utf-8")
        os.replace(other, self.file)  # noqa: PTH105 one change, not an empty file before it
        if self.process is None:
            return ""
        said = await asyncio.to_thread(self.process.err.wait_for, "reloaded|is wrong", start)
        return str(said[0])

    async def fetched(self, mistake: Mistake, *paths: str) -> object:
        """Return what the page gets of the last path, once it has called them all."""
        context = await self.contexts(permissions=["local-network-access"])
        html = (HERE / "page.html").read_text("utf-8")

        async def page(route) -> None:
            await route.fulfill(body=html, content_type="text/html")

        tab = await context.new_page()
        await context.route("**", page)
        file = mistake.page == "file"
        await tab.goto((HERE / "page.html").as_uri() if file else mistake.page)
        await context.unroute_all()  # while there is a route, preflights never leave
        got: dict[str, Any] = {}
        for path in paths:
            url = f"http://localhost:8080{path}"
            got = await tab.evaluate("a => call(...a)", [url, mistake.init])
        await context.close()
        return got


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def world(launch, corsproxy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes")
    with socket.socket() as one, socket.socket() as nobody:
        one.bind(("127.0.0.1", 0))
        nobody.bind(("127.0.0.1", 0))  # and not listened on: whoever connects is refused
        world = World(folder, {"8000": one, "8001": nobody})
        runner = await listen(one)
        await world.serve(BASE)
        options = ("--listen", "127.0.0.1:0", "--admin", "off")
        with corsproxy("run", "-c", os.fspath(world.file), *options) as process:
            port = process.address.rpartition(":")[2]
            chromium = await launch(f"--host-resolver-rules=MAP localhost:8080 127.0.0.1:{port}")
            world.process, world.contexts = process, chromium.new_context
            yield world
        await runner.cleanup()


# What corsproxy prints.


def printed(mistake: Mistake, world: World, got: dict[str, Any]) -> str:
    """Return what the command prints of the wrong file, in the folder worked in."""
    match mistake.command:
        case "the page's answer":
            return str(got["text"])
        case "the answer":
            return refused_preflight(mistake, world)
    Path("corsproxy.yaml").write_text(mistake.wrong, "utf-8")
    _, *arguments = shlex.split(mistake.command)
    return CliRunner().invoke(main, arguments).stdout


def is_quoted(mistake: Mistake, said: str, world: World) -> bool:
    """Tell whether the page shows what was printed, `...` being lines left out."""
    section = PAGE.partition(f". {mistake.title}\n")[2].partition("\n##")[0]
    if quoted := re.search(r"^```json\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
        for port, sock in world.sockets.items():
            said = said.replace(f"//127.0.0.1:{sock.getsockname()[1]}", f"//localhost:{port}")
            said = said.replace(str(sock.getsockname()[1]), port)
        return bool(json.loads(quoted[1]) == json.loads(said))
    shown = re.search(r"^```text\n\$ (.*?)^```", section, re.MULTILINE | re.DOTALL)[1]
    command, _, lines = shown.partition("\n")
    parts = re.split(r"^\.\.\.\n", lines, flags=re.MULTILINE)
    pattern = r"(?:.*\n)*".join(map(re.escape, parts))
    return command == mistake.command and re.fullmatch(pattern, said) is not None


def refused_preflight(mistake: Mistake, world: World) -> str:
    """Return the answer to the preflight, which the browser's network panel shows."""
    method = mistake.init.get("method", "GET").encode()
    headers = [(n.encode(), v.encode()) for n, v in mistake.init.get("headers", {}).items()]
    url = f"http://localhost:8080{mistake.calls[0]}"
    asked = preflight_of(PageRequest(
        origin=mistake.page.encode(), urls=(url,), method=method, headers=tuple(headers)
    ))  # fmt: skip
    assert asked
    connection = http.client.HTTPConnection(world.process.address.removeprefix("http://"))
    fields = {name.decode(): value.decode() for name, value in asked.fields}
    connection.request("OPTIONS", mistake.calls[0], headers=fields)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


# How a newcomer applies it: each returns the file's text after it.


def write(text: str, said: str) -> str:
    """Put what stands after `write` in the place of what is marked."""
    found = re.findall(r"yaml:(\d+):(\d+): .*?; write (.*)\n.*\n[ |]*(\^+)", said)
    lines = text.splitlines(keepends=True)
    for row, column, new, marks in found:
        line, start = lines[int(row) - 1], int(column) - 1
        lines[int(row) - 1] = line[:start] + new + line[start + len(marks) :]
    return "".join(lines)


def example(text: str, said: str) -> str:
    """The same with what stands after `such as`."""
    return write(text, re.sub(r"write .*? such as ([^\s,]+).*", r"write \1", said))


def diff(text: str, said: str) -> str:
    """Apply the unified diff."""
    lines, made, at = text.splitlines(), [], 0
    hunks = re.split(r"^@@ -(\d+).*\n", said, flags=re.MULTILINE)[1:]
    for start, hunk in zip(hunks[::2], hunks[1::2], strict=True):
        made += lines[at : int(start) - 1]
        at = int(start) - 1
        for marked in hunk.splitlines():
            if marked[:1] in {" ", "-"}:
                assert lines[at] == marked[1:]
                at += 1
            if marked[:1] in {" ", "+"}:
                made.append(marked[1:])
    return "\n".join([*made, *lines[at:], ""])


def allow_with(text: str, said: str) -> str:
    """Write the line that the answer names."""
    key, _, value = json.loads(said)["allow_with"].removeprefix("cors.").partition(": ")
    return re.sub(rf"{key}: .*", lambda _: f"{key}: {value}", text)


def note(text: str, said: str, what: str) -> str:
    """Put the key on the route that stands in the note on `what`."""
    line = re.search(rf"else is wrong on routes\[0\]:\n(?:.*\n)*  {what}.*: (.*)", said)[0]
    key = re.search(r"[a-z_]+: (?:true|local|\{.*\})", line.rpartition(f"  {what}")[2])[0]
    return f"{text}    {key}\n"


def earlier(text: str, said: str) -> str:
    """Put the route that is named first."""
    number = int(re.search(r"routes\[(\d)\]: no request gets here.*narrower route first", said)[1])
    head, *routes = re.split(r"^(?=  - )", text, flags=re.MULTILINE)
    return "".join([head, routes.pop(number), *routes])


def key(text: str, said: str) -> str:
    """Write what stands there under the key that is named, and not where it stood."""
    name = re.search(r"write (\w+) in `cors`", said)[1]
    wrong = yaml.safe_load(text)
    value = wrong["routes"][0].pop("response_headers")["set"].popitem()[1]
    return yaml.safe_dump({"cors": {name: [value]}, **wrong}, default_flow_style=None)


MENDS = {"write": write, "example": example, "diff": diff, "allow_with": allow_with,
         "a 404": partial(note, what="a 404"), "a 403": partial(note, what="a 403"),
         "a login": partial(note, what="a login"), "earlier": earlier, "key": key}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
async def test_from_the_mistake_to_what_works(mistake, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = (await world.serve(f"{mistake.wrong}# wrong: {mistake.title}\n")) == "reloaded"
    got = await world.fetched(mistake, *mistake.calls) if loaded else {}
    assert loaded is (mistake.before != "not loaded")
    assert seen(mistake, got, mistake.before) == mistake.before
    said = printed(mistake, world, got)
    assert is_quoted(mistake, said, world)

    mended, calls, runner = mistake.wrong, mistake.calls, None
    if mistake.mend == "start":
        runner = await listen(world.sockets["8001"])
    elif mistake.mend == "path":
        calls = [re.search(r"not routes\[0\]: it serves (\S+)", said)[1] + mistake.calls[0]]
    else:
        mended = MENDS[mistake.mend](mistake.wrong, said)
    assert mistake.works in mended + said + " ".join(calls)
    assert await world.serve(f"{mended}# mended: {mistake.title}\n") == "reloaded"
    got = await world.fetched(mistake, *calls)
    if runner:
        await runner.cleanup()
    expected = mistake.after or {"status": 200, "text": "read"}
    assert seen(mistake, got, expected) == expected


def seen(mistake: Mistake, got: dict[str, Any], expected: object) -> object:
    """Reduce what the page got to what is told of it."""
    if expected == "not loaded":
        return expected
    if mistake.reads:
        return got["headers"].get(mistake.reads)
    assert isinstance(expected, dict)
    return {name: got.get(name) for name in expected}
