"""One worker: its parts joined, started and drained."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from corsproxy.app import App
from corsproxy.config.loader import load_mapping, load_text
from corsproxy.gateway.server import ListenError

Start = Callable[..., Awaitable[App]]


def document(**top: object) -> dict[str, object]:
    return {
        "listen": "127.0.0.1:0",
        "admin": "127.0.0.1:0",
        "cors": {"allow_origins": ["http://localhost:3001"]},
        "routes": [{"name": "api", "upstream": "http://127.0.0.1:9"}],
        **top,
    }


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start apps by keys of the top level."""
    async with AsyncExitStack() as stack:

        async def begin(**top: object) -> App:
            app = App(load_mapping(document(**top), "test"))
            await app.start()
            stack.push_async_callback(app.drain, 0)
            return app

        yield begin


async def get(address: str, path: str, *lines: str, method: str = "GET") -> bytes:
    host, port = address.removeprefix("http://").rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    head = [f"{method} {path} HTTP/1.1", "Host: p", "Connection: close", *lines]
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n")
    received = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return received


async def test_it_serves_and_tells_that_it_does(start: Start):
    app = await start()
    assert app.admin_address is not None
    assert (await get(app.addresses[0], "/")).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert (await get(app.admin_address, "/readyz")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert (await get(app.addresses[0], "/readyz")).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")


async def test_it_is_not_ready_while_it_drains(start: Start):
    held = asyncio.Event()

    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    upstream = await asyncio.start_server(play, "127.0.0.1", 0)
    port = upstream.sockets[0].getsockname()[1]
    app = await start(routes=[{"upstream": f"http://127.0.0.1:{port}"}])
    asked = asyncio.ensure_future(get(app.addresses[0], "/"))
    async with asyncio.timeout(5):
        while not app._gateway.under_way:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
    drained = asyncio.ensure_future(app.drain(5))
    await asyncio.sleep(0)
    assert app.admin_address is not None
    assert (await get(app.admin_address, "/readyz")).startswith(b"HTTP/1.1 503 ")
    assert (await get(app.admin_address, "/healthz")).startswith(b"HTTP/1.1 200 ")
    held.set()
    assert (await asked).startswith(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n")
    await asyncio.wait_for(drained, 5)
    with pytest.raises(ConnectionRefusedError):
        await get(app.admin_address, "/healthz")
    upstream.close()


async def test_it_may_be_drained_twice(start: Start):
    app = await start()
    await app.drain(0)
    await app.drain(0)


async def test_it_drains_at_once_when_nothing_is_under_way(start: Start):
    app = await start()
    await asyncio.wait_for(app.drain(), 2)


async def test_without_an_admin_listener_there_is_none(start: Start):
    assert (await start(admin="off")).admin_address is None


async def test_an_admin_listener_that_is_taken_starts_nothing(start: Start):
    first = await start()
    assert first.admin_address is not None
    taken = first.admin_address.removeprefix("http://")
    with pytest.raises(ListenError, match=rf"^can't listen on {taken}: "):
        await start(admin=taken)


async def test_it_listens_on_an_admin_socket(start: Start, tmp_path: Path):
    path = tmp_path / "admin.sock"
    app = await start(admin=f"unix:{path}")
    assert app.admin_address == f"unix:{path}"
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    await writer.wait_closed()


async def test_an_unusable_certificate_is_found_before_anything_is_served(
    start: Start, tmp_path: Path
):
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    upstream = {"url": "https://a.example", "tls": {"ca": str(path)}}
    with pytest.raises(OSError, match=r"(?i)certificate"):
        await start(routes=[{"upstream": upstream}])


LOGS = {
    "for people": ("text", True, ['"GET /a?token=***" 502 ', "route=api", "error=connection"]),
    "for machines": ("json", True, ['"target": "/a?token=***"', '"status": 502', '"route": "api"']),
}  # fmt: skip


@pytest.mark.parametrize(("form", "access", "parts"), LOGS.values(), ids=LOGS)
async def test_one_line_is_logged_for_each_exchange(
    start: Start, capsys: pytest.CaptureFixture[str], form: str, access: bool, parts: list[str]
):
    app = await start(log={"format": form, "access": access})
    await get(app.addresses[0], "/a?token=abc", "Authorization: Bearer abc", "Cookie: a=abc")
    await get(app.addresses[0], "/\x01")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(part in lines[0] for part in parts)
    assert "abc" not in lines[0]
    assert all(part in lines[1] for part in ("400", "http_request_error"))
    assert form == "text" or all(json.loads(line) for line in lines)


async def test_nothing_is_logged_where_nothing_shall_be(
    start: Start, capsys: pytest.CaptureFixture[str]
):
    app = await start(log={"access": False})
    await get(app.addresses[0], "/")
    assert capsys.readouterr().out == ""


async def test_what_is_refused_is_counted_until_the_table_is_another(start: Start):
    app = await start(log={"access": False})
    assert app.admin_address is not None
    for _ in range(2):
        await get(app.addresses[0], "/", "Origin: https://evil.example")
    await get(app.addresses[0], "/", "Origin: http://p")  # its own
    told = json.loads((await get(app.admin_address, "/refused")).partition(b"\r\n\r\n")[2])
    assert told == {
        "refused": [
            {
                "place": "cors",
                "reason": "origin_not_allowed",
                "culprit": "https://evil.example",
                "near_miss": None,
                "allow_with": 'cors.allow_origins: ["http://localhost:3001", '
                '"https://evil.example"]',
                "enforced": True,
                "count": 2,
            }
        ],
        "others": 0,
    }
    app.apply(load_mapping(document(), "test"))
    told = json.loads((await get(app.admin_address, "/refused")).partition(b"\r\n\r\n")[2])
    assert told == {"refused": [], "others": 0}


_BLOCK = re.compile(r"^```(yaml|json)\n(.*?)^```", re.MULTILINE | re.DOTALL)


async def test_the_readme_shows_what_a_refused_preflight_says():
    blocks = dict(_BLOCK.findall((Path(__file__).parents[1] / "README.md").read_text("utf-8")))
    config = load_text(blocks["yaml"].replace("127.0.0.1:8080", "127.0.0.1:0"), "README.md", {})
    app = App(replace(config, admin=None))
    await app.start()
    asks = ("Origin: http://localhost:3001", "Access-Control-Request-Method: PATCH")
    answer = await get(app.addresses[0], "/api/users", *asks, method="OPTIONS")
    await app.drain(0)
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == json.loads(blocks["json"])
