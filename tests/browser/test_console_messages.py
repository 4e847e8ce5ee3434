"""What Chromium's console says of each failure: docs/troubleshooting.md quotes it to the letter."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import asyncio
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="session")

HERE = Path(__file__).parent
TEXT = (HERE.parents[1] / "docs" / "troubleshooting.md").read_text("utf-8")
SAYS = TEXT.partition("\n## What the console says\n")[2].partition("\n## ")[0]
QUOTED = dict(re.findall(r"^### (.*)\n\n- Chromium: `+(.*?)`+\n", SAYS, re.MULTILINE))
URL, ORIGIN = "http://localhost:8080/api/users", "http://localhost:3001"
BEFORE = f"Access to fetch at '{URL}' from origin '{ORIGIN}' has been blocked by CORS policy: "

ALLOW = "Access-Control-Allow-Origin"
INCLUDE = {"credentials": "include"}
JSON = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": "{}"}
PUT = {"method": "PUT"}
Fields = tuple[tuple[str, str], ...]
ANY = (ALLOW, "*")


@dataclass(frozen=True)
class Case:
    """A request of the page, and what a server without a proxy says to it."""

    init: dict[str, Any] = field(default_factory=dict)
    answer: Fields = ()
    preflight: Fields = ()
    status: int = 204


CASES = {
    "No Access-Control-Allow-Origin": Case(),
    "No Access-Control-Allow-Origin on the preflight": Case(PUT),
    "Another origin": Case(answer=((ALLOW, "http://localhost:3000"),)),
    "Not an origin": Case(answer=((ALLOW, "example.com"),)),
    "More than one": Case(answer=(ANY, ANY)),
    "A * with cookies": Case(INCLUDE, (ANY,)),
    "No Access-Control-Allow-Credentials": Case(INCLUDE, ((ALLOW, "PAGE"),)),
    "A method": Case({"method": "PATCH"}, preflight=(ANY,)),
    "A header": Case(JSON, preflight=(ANY,)),
    "A status": Case(PUT, preflight=(ANY,), status=405),
    "A redirect of the preflight": Case(PUT, preflight=(ANY, ("Location", "/")), status=302),
}


class Server:
    """Says what the case says that it is given."""

    def __init__(self, page: str) -> None:
        self.case, self.page, self.url = Case(), page, ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        status, fields = 200, self.case.answer
        if head.startswith(b"OPTIONS"):
            status, fields = self.case.status, self.case.preflight
        lines = [f"{name}: {value.replace('PAGE', self.page)}" for name, value in fields]
        lines = [f"HTTP/1.1 {status} Said", *lines, "Content-Length: 0", "Connection: close"]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def server(pages):
    made = Server(pages.allowed)
    served = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://localhost:{served.sockets[0].getsockname()[1]}/api/users"
    yield made
    served.close()


async def said(tab, function: str, *args: object) -> list[str]:
    """Return what the console says of a call to a function of page.html."""
    lines: list[str] = []
    tab.page.on("console", lambda message: lines.append(message.text))
    await tab.page.evaluate(f"args => {function}(...args)", list(args))
    return lines


def quoted(title: str, **real: str) -> str:
    """Return the message that the page quotes, whole, with the addresses of the test."""
    text = QUOTED[title]
    known = ("Access to", "Failed", "Fetch API", "WebSocket")
    text = text if text.startswith(known) else BEFORE + text
    for shown, address in {ORIGIN: "page", URL: "url"}.items():
        text = text.replace(shown, real.get(address, shown))
    return text


@pytest.mark.parametrize("title", CASES)
async def test_of_a_server_it_says(title, server, open_tab):
    server.case = CASES[title]
    lines = await said(await open_tab(server.page), "call", server.url, server.case.init)
    assert quoted(title, page=server.page, url=server.url) in lines


async def test_of_a_redirect_it_says(open_tab, proxy, pages):
    url = f"{proxy.url}/plain/moved?to={pages.other}/"
    lines = await said(await open_tab(pages.allowed), "call", url, {})
    expected = quoted("A redirect to another origin", page=pages.allowed, url=url)
    assert expected.replace("http://localhost:3005", pages.other) in lines


async def test_of_a_file_it_says(open_tab, proxy):
    url = f"{proxy.url}/plain/items"
    lines = await said(await open_tab((HERE / "page.html").as_uri()), "call", url, {})
    assert quoted("Origin null", url=url) in lines


async def test_where_nobody_listens_it_says(tab):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        assert await said(tab, "call", url, {}) == [quoted("No connection")]


async def test_where_there_is_no_address_it_says(tab):
    url = URL.removeprefix("http://")
    assert await said(tab, "call", url, {}) == [quoted("No address")]


async def test_of_a_websocket_it_says(other_tab, proxy):
    url = proxy.url.replace("http", "ws") + "/plain/items"
    lines = await said(other_tab, "talk", url, [])
    assert [line.replace(url, f"ws{URL.removeprefix('http')}") for line in lines] == [
        quoted("A WebSocket")
    ]


async def test_no_other_message_is_quoted():
    others = {"A redirect to another origin", "Origin null", "No connection", "No address"}
    others |= {"A WebSocket", "No permission for the local network"}  # test_local_network_access.py

    assert set(QUOTED) == {*CASES, *others}
