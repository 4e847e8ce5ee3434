"""An upstream that fails before the head of its answer (R61, R64, R80, RFC 9209 §2.3)."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Proxy = Any
Told = Any
Start = Callable[..., Awaitable[Any]]
Watch = Callable[[Any], AbstractAsyncContextManager[None]]
Reset = Callable[[asyncio.StreamWriter], None]

Play = Callable[..., Awaitable[None]]

GET = (
    b"GET /a HTTP/1.1\r\nHost: proxy\r\nOrigin: http://localhost:3001\r\nConnection: close\r\n\r\n"
)


def saying(raw: bytes) -> Play:
    """Answer a request with octets, and close."""

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(raw)

    return script


def saying_and_waiting(raw: bytes) -> Play:
    """Answer a request with octets, and say no more."""

    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        writer.write(raw)
        await reader.read()

    return script


async def closing_at_once(
    _state: State, _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
) -> None:
    """Close the connection before anything was said."""


def problem(status: int, reason: str, token: str, title: str, **told: str) -> tuple[str, Any, Any]:
    """Return the whole answer to a page: the status line, the fields, and the content."""
    fields = [
        "Access-Control-Allow-Credentials: true",
        "Access-Control-Allow-Origin: http://localhost:3001",
        "Cache-Control: no-store",
        "Connection: close",
        "Content-Type: application/problem+json",
        "Date: ...",
        f"Proxy-Status: corsproxy; error={token}",
        "Vary: Origin",
        "X-Content-Type-Options: nosniff",
    ]
    return (
        f"HTTP/1.1 {status} {reason}",
        fields,
        {"title": title, "status": status, "code": token, **told},
    )


def read(raw: bytes) -> tuple[str, Any, Any]:
    head, _, content = raw.partition(b"\r\n\r\n")
    start, *lines = re.sub(r"Date: [^\r]*", "Date: ...", head.decode()).split("\r\n")
    lengths = [line for line in lines if line.startswith("Content-Length")]
    assert lengths == [f"Content-Length: {len(content)}"]
    return start, sorted(set(lines) - set(lengths)), json.loads(content)


CLOSED = ("connection_terminated", "The upstream closed the connection")
MALFORMED = ("http_protocol_error", "The upstream's answer is no HTTP/1.1")
LATE = ("http_response_timeout", "The upstream took too long to answer")
HUGE = ("http_response_header_section_size", "The head of the upstream's response is too large")

FAULTS = {
    "closed before a word": (closing_at_once, 502, CLOSED),
    "closed after the request": (saying(b""), 502, CLOSED),
    "closed in the middle of the head": (saying(b"HTTP/1.1 200 OK\r\nContent-Le"), 502, CLOSED),
    "closed after an interim response": (saying(b"HTTP/1.1 103 Hint\r\n\r\n"), 502, CLOSED),
    "garbage": (saying_and_waiting(b"SSH-2.0-OpenSSH_9.9\r\n"), 502, MALFORMED),
    "garbage and the end": (saying(b"\x00\x01\x02\x03"), 502, MALFORMED),
    "a status line of another version": (saying(b"HTTP/2.0 200 OK\r\n\r\n"), 502, MALFORMED),
    "no answer at all": (saying_and_waiting(b""), 504, LATE),
    "a head that stops": (saying_and_waiting(b"HTTP/1.1 200 OK\r\nA: b\r\n"), 504, LATE),
    "nothing after an interim one": (saying_and_waiting(b"HTTP/1.1 102 P\r\n\r\n"), 504, LATE),
    "a head that never ends": (
        saying_and_waiting(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50_000),
        502,
        HUGE,
    ),
    "interim responses that never end": (
        saying_and_waiting(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20_000),
        502,
        HUGE,
    ),
    "an unsolicited 101": (
        saying_and_waiting(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        ),
        502,
        ("http_upgrade_failed", "The upstream switched protocols unasked"),
    ),
}
REASONS = {502: "Bad Gateway", 504: "Gateway Timeout"}


# R61 R64 R80
@pytest.mark.parametrize(("script", "status", "error"), FAULTS.values(), ids=FAULTS)
async def test_an_upstream_that_fails(
    upstream: Start, proxy: Start, leaves_nothing: Watch, script: Play, status: int, error: Told
):
    before = await upstream(script)
    under_test = await proxy(before.url, timeouts={"response": 0.2 if status == 504 else 10})
    async with leaves_nothing(under_test):
        raw = await under_test.send(GET)
        exchanges = await under_test.reported()
    start, fields, told = read(re.sub(rb"(HTTP/1.1 10\d [^\r]*\r\n\r\n)*", b"", raw, count=1))
    detail = told.pop("detail", None)
    inside = told.pop("inside", None)
    assert (start, fields, told) == problem(status, REASONS[status], *error)
    assert [(e.status, e.error, e.detail) for e in exchanges] == [
        (status, error[0], inside or detail or "")
    ]


# R80
async def test_an_upstream_that_resets_before_the_head(
    upstream: Start, proxy: Start, leaves_nothing: Watch, reset: Reset
):
    async def script(
        state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await state.request(reader)
        reset(writer)

    under_test = await proxy((await upstream(script)).url)
    async with leaves_nothing(under_test):
        raw = await under_test.send(GET)
        exchanges = await under_test.reported()
    start, fields, told = read(raw)
    assert "reset by peer" in told.pop("inside").lower()
    assert (start, fields, told) == problem(
        502, "Bad Gateway", *CLOSED, detail="the upstream closed the connection before it answered"
    )
    assert [(e.status, e.error) for e in exchanges] == [(502, "connection_terminated")]


# Faults on the way to the upstream.


@pytest.fixture
async def full() -> AsyncIterator[int]:
    """A port that takes no more connections, so that connecting to it waits for ever."""
    loop = asyncio.get_running_loop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting: list[socket.socket] = []
        try:
            while True:
                sock = socket.socket()
                sock.setblocking(False)
                waiting.append(sock)
                async with asyncio.timeout(0.2):
                    await loop.sock_connect(sock, listener.getsockname())
        except TimeoutError:
            yield listener.getsockname()[1]
        finally:
            for sock in waiting:
                sock.close()


@pytest.fixture
def closed() -> int:
    """A port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


CONTAINER = (
    "nothing listens there; inside a container, localhost is the container itself: "
    "reach the host as host.docker.internal"
)


async def _fails(under_test: Proxy, leaves_nothing: Watch) -> tuple[Any, list[Any]]:
    async with leaves_nothing(under_test):
        raw = await under_test.send(GET)
        exchanges = await under_test.reported()
    return read(raw), [(e.status, e.error, e.detail) for e in exchanges]


# R80
async def test_an_upstream_that_refuses_connections(
    proxy: Start, leaves_nothing: Watch, closed: int
):
    under_test = await proxy(f"http://127.0.0.1:{closed}")
    (start, fields, told), log = await _fails(under_test, leaves_nothing)
    inside = told.pop("inside")
    assert re.fullmatch(rf"http://127.0.0.1:{closed}: .*(?i:refused|connect call failed).*", inside)
    assert (start, fields, told) == problem(
        502,
        "Bad Gateway",
        "connection_refused",
        "The upstream refuses connections",
        hint=CONTAINER,
    )
    assert log == [(502, "connection_refused", inside)]


# R80
async def test_an_upstream_that_does_not_take_connections(
    proxy: Start, leaves_nothing: Watch, full: int
):
    under_test = await proxy(f"http://127.0.0.1:{full}", timeouts={"connect": 0.2})
    answer, log = await _fails(under_test, leaves_nothing)
    inside = f"no connection to http://127.0.0.1:{full} within 0.2 s (timeouts.connect)"
    title = "Connecting to the upstream took too long"
    assert answer == problem(504, "Gateway Timeout", "connection_timeout", title, inside=inside)
    assert log == [(504, "connection_timeout", inside)]


# R80
async def test_an_upstream_that_is_unreachable(proxy: Start, leaves_nothing: Watch):
    under_test = await proxy("http://255.255.255.255:9")
    (start, fields, told), log = await _fails(under_test, leaves_nothing)
    inside = told.pop("inside")
    assert inside.startswith("http://255.255.255.255:9: ")
    assert (start, fields, told) == problem(
        502, "Bad Gateway", "destination_ip_unroutable", "The upstream is unreachable"
    )
    assert log == [(502, "destination_ip_unroutable", inside)]


# R80
async def test_an_upstream_whose_name_takes_too_long(
    proxy: Start, leaves_nothing: Watch, monkeypatch: pytest.MonkeyPatch
):
    found, really = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *rest: Any, flags: int = 0, **how: Any) -> Any:  # noqa: ANN401 as socket's
        if host == "nowhere.invalid" and not flags:
            found.wait(10)
        return really(host, *rest, flags=flags, **how)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    under_test = await proxy("http://nowhere.invalid", timeouts={"connect": 0.2})
    answer, log = await _fails(under_test, leaves_nothing)
    found.set()
    inside = "no connection to http://nowhere.invalid within 0.2 s (timeouts.connect)"
    title = "The upstream's name took too long to resolve"
    assert answer == problem(504, "Gateway Timeout", "dns_timeout", title, inside=inside)
    assert log == [(504, "dns_timeout", inside)]


# R80
async def test_an_upstream_whose_name_is_unknown(proxy: Start, leaves_nothing: Watch):
    host = "nowhere.invalid"
    under_test = await proxy(f"http://{host}")
    (start, fields, told), log = await _fails(under_test, leaves_nothing)
    inside = told.pop("inside")
    assert inside.startswith(f"http://{host}: ")
    assert (start, fields, told) == problem(
        502,
        "Bad Gateway",
        "dns_error",
        "The upstream's name can't be resolved",
        hint="is the upstream's name spelt right, and known where the proxy runs?",
    )
    assert log == [(502, "dns_error", inside)]
