"""Names of upstreams: looked up for each new connection, and never in each other's way (R87)."""

import asyncio
import gc
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from corsproxy.gateway.names import Names

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

Start = Callable[..., Awaitable[Any]]

GET = b"GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"


@dataclass
class Resolver:
    """Stands in for the system's where a name ends in `.test`: each stands for a port here."""

    ports: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def look_up(self, host: str) -> list[Any]:
        self.asked.append(host)
        if host == "slow.test":
            assert self.go_on.wait(20)
        if host not in self.ports:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", self.ports[host]))]

    async def is_asked(self) -> None:
        async with asyncio.timeout(5):
            while not self.asked:  # noqa: ASYNC110 it is a thread's state
                await asyncio.sleep(0)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    resolver, really = Resolver(), socket.getaddrinfo

    def look_up(host: str, *rest: Any, flags: int = 0, **how: Any) -> Any:  # noqa: ANN401 as socket's
        if host.endswith(".test") and not flags:
            return resolver.look_up(host)
        return really(host, *rest, flags=flags, **how)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield resolver
    resolver.go_on.set()


LOOKED_UP = {
    "for each new connection": ("off", [b"old", b"new"], ["app.test", "app.test"]),
    "not for one that is kept": (10, [b"old", b"old"], ["app.test"]),
}


# R87
@pytest.mark.parametrize(("keepalive", "met", "asked"), LOOKED_UP.values(), ids=LOOKED_UP)
async def test_a_name_that_moves_is_looked_up(
    answering: Start, proxy: Start, resolver: Resolver,
    keepalive: object, met: list[bytes], asked: list[str],
):  # fmt: skip
    places = [await answering(OK + name, OK + name) for name in (b"old", b"new")]
    under_test = await proxy("http://app.test", top={"limits": {"upstream_keepalive": keepalive}})
    received = []
    for place in places:
        resolver.ports["app.test"] = place.port
        received.append((await under_test.send(GET)).rpartition(b"\r\n\r\n")[2])
    assert (received, resolver.asked) == (met, asked)


# R84 R87
async def test_a_name_that_nobody_answers_for_holds_no_other_up(
    answering: Start, proxy: Start, resolver: Resolver
):
    before = await answering(OK + b"yes")
    resolver.ports["app.test"] = before.port
    routes = [
        {"path": "/slow", "upstream": "http://slow.test"},
        {"path": "/name", "upstream": "http://app.test"},
        {"path": "/address", "upstream": before.url},
    ]
    under_test = await proxy(before.url, top={"routes": routes}, timeouts={"connect": 5})
    stuck = [await under_test.connect() for _ in range(40)]
    for _, writer in stuck:
        writer.write(GET.replace(b"/", b"/slow", 1))
    await resolver.is_asked()
    for path in (b"/name", b"/address"):
        assert (await under_test.send(GET.replace(b"/", path, 1))).endswith(b"yes")
    assert resolver.asked == ["slow.test", "app.test"]


# R88
@pytest.mark.asyncio(loop_factories=["asyncio"])  # the loop of the process is its own
async def test_the_end_does_not_wait_for_a_name(tmp_path: Path):
    (tmp_path / "c.yaml").write_text(
        "listen: 127.0.0.1:0\nadmin: 'off'\nroutes: [{upstream: 'http://slow.test', cors: 'off'}]\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SLOW, "run", "--no-probe", "--config", "c.yaml",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            started = await process.stdout.readuntil(b"listening on http://127.0.0.1:")
            port = int(await process.stdout.readline())
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)
            await process.stdout.readuntil(b"asked\n")
            writer.close()
            await writer.wait_closed()
        assert b"slow.test" in started
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


SLOW = """
import socket, time
really = socket.getaddrinfo
def look_up(host, *rest, flags=0, **how):
    if host == "slow.test" and not flags:
        print("asked", flush=True)
        time.sleep(60)
    return really(host, *rest, flags=flags, **how)
socket.getaddrinfo = look_up
from corsproxy.cli import main
main()
"""


async def test_those_who_ask_at_once_share_one_look_up(resolver: Resolver):
    resolver.ports["slow.test"] = 7
    names = Names()
    asking = [asyncio.ensure_future(names.look_up("slow.test", 1)) for _ in range(3)]
    await resolver.is_asked()
    asking[0].cancel()
    resolver.go_on.set()
    found = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 5)
    assert isinstance(found[0], asyncio.CancelledError)
    assert [node[4] for nodes in found[1:] for node in nodes] == [("127.0.0.1", 7)] * 2
    assert resolver.asked == ["slow.test"]
    await asyncio.wait_for(names.look_up("slow.test", 1), 5)
    assert resolver.asked == ["slow.test"] * 2


async def test_an_unknown_name_is_told_to_all_who_asked_and_forgotten(resolver: Resolver):
    names = Names()
    for times in (1, 2):
        asking = [names.look_up("slow.test", 1) for _ in range(2)]
        resolver.go_on.set()
        found = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 5)
        assert [str(error) for error in found] == [f"[Errno {socket.EAI_NONAME}] unknown"] * 2
        assert resolver.asked == ["slow.test"] * times


async def test_what_nobody_waits_for_any_more_is_not_spoken_of(
    resolver: Resolver, caplog: pytest.LogCaptureFixture
):
    names = Names()
    asking = asyncio.ensure_future(names.look_up("slow.test", 1))
    await resolver.is_asked()
    asking.cancel()
    await asyncio.wait([asking])
    resolver.go_on.set()
    async with asyncio.timeout(5):
        while names._under_way:  # noqa: ASYNC110 it is a thread's state
            await asyncio.sleep(0)
    del asking
    gc.collect()
    assert caplog.text == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_address_stands_for_itself(monkeypatch: pytest.MonkeyPatch, host: str):
    monkeypatch.setattr(threading, "Thread", None)
    assert [node[4][:2] for node in await Names().look_up(host, 80)] == [(host, 80)]
