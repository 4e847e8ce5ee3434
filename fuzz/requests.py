"""The law of the request side: what reaches the upstream is what one strict reader reads."""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httptools

from corsproxy.app import App
from corsproxy.core.fields import HOP_BY_HOP
from fuzz.loopback import Complaints, complaints, proxy, settled, talk
from fuzz.messages import CutError, MalformedError, Message, read_requests, read_response
from fuzz.mutate import literals

WORKERS = 48
_TIMEOUTS = {"header": 0.2, "connect": 1, "response": 0.5, "idle": 0.3, "tunnel": 0.3}
_OWN = frozenset({b"transfer-encoding", b"connection", b"upgrade"})
_HEAD = b"POST /a?b HTTP/1.1\r\nHost: p\r\n"

TOKENS = [
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b" ", b"\t", b"\x0b", b": ", b" :", b"\0",
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Content-Length: +5\r\n",
    b"Content-Length:\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer_Encoding: chunked\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"5;a=b\r\n",
    b"0\r\nX: y\r\n\r\n", b"0x5\r\n", b"ffffffffffffffff\r\n", b"-1\r\n",
    b"05\r\nhello\r\n0\r\n\r\n", b"GET /x HTTP/1.1\r\nHost: p\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: p\r\n\r\n", b"HTTP/1.0", b"HTTP/2.0",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01", b"HTTP/1.2", b"HTTP/0.9", b"http/1.1",
    b"GET /\r\n", b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
    b"Upgrade: h2c\r\n", b"Connection: close\r\n", b"Connection: keep-alive, X-A\r\n",
    b"Connection: Host\r\n", b"X-A: b\r\n", b"Host: q\r\n", b"Host:\r\n", b"Host: a b\r\n",
    b"Host: a@b\r\n", b"http://q/", b"//", b"/..", b"%2e%2e/",
    b"Origin: http://localhost:3001\r\n", b"Origin: null\r\n", b"OPTIONS ", b"CONNECT p:443 ",
    b"TRACE ", b"Access-Control-Request-Method: PUT\r\n", b"Max-Forwards: 0\r\n",
    b"TE: trailers\r\n", b"Via: 1.1 x\r\n",
]  # fmt: skip


def seeds() -> list[bytes]:
    """Return requests that the tables send, and the rest of their octets as fields or content."""
    found = []
    for text in literals("gateway/test_*.py"):
        if re.match(rb"[A-Za-z]+ \S* ?HTTP/", text):
            found += [text, text + b"Host: p\r\n\r\n"] if b"\r\n\r\n" not in text else [text]
        elif b"HTTP/1" in text:
            found.append(text)
        elif b": " in text:
            found.append(_HEAD + text.removesuffix(b"\r\n") + b"\r\n\r\n")
        elif text[:1].isdigit() and b"\r\n" in text:
            found.append(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + text)
    wholes = [text for text in found if read_requests(text)[2] is None]
    return (
        found
        + wholes * max(1, len(found) // len(wholes))
        + [a + b for a in wholes for b in wholes[:3]]
    )


class _Upstream(asyncio.Protocol):
    """An upstream that answers every whole request with 200, and keeps every octet it got."""

    def __init__(self, connections: list["_Upstream"]) -> None:
        self.received = b""
        self.closed = False
        self._answered = 0
        self._continued = 0
        self._transport: asyncio.BaseTransport | None = None
        connections.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note the end."""
        self.closed = True

    def data_received(self, data: bytes) -> None:
        """Keep octets, and answer the requests that they end."""
        self.received += data
        whole, head, _ = read_requests(self.received)
        out = b""
        for request in whole[self._answered :]:
            content = b"" if request.start[0] == b"HEAD" else b"ok"
            out += b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-N: %d\r\n\r\n" % self._answered
            out += content
            self._answered += 1
        if head and head.values(b"expect") and self._continued <= self._answered:
            self._continued = self._answered + 1
            out += b"HTTP/1.1 100 Continue\r\n\r\n"
        self._transport.write(out)


class _Requests:
    """Counts the requests that llhttp reads."""

    def __init__(self) -> None:
        self.heads = 0

    def on_headers_complete(self) -> None:
        """Count one."""
        self.heads += 1


@asynccontextmanager
async def serve() -> AsyncIterator[list[Callable[[bytes], Awaitable[bool]]]]:
    """Start a proxy and an upstream for each worker."""
    async with AsyncExitStack() as stack:
        heard = await stack.enter_async_context(complaints())
        workers = []
        for _ in range(WORKERS):
            connections: list[_Upstream] = []
            app, port = await stack.enter_async_context(
                proxy(lambda connections=connections: _Upstream(connections), _TIMEOUTS)
            )
            workers.append(_Worker(app, port, connections, heard).check)
        yield workers


class _Worker:
    """Sends inputs through one proxy, one after another."""

    def __init__(
        self, app: App, port: int, connections: list[_Upstream], heard: Complaints
    ) -> None:
        self._app = app
        self._port = port
        self._connections = connections
        self._heard = heard

    async def check(self, data: bytes) -> bool:
        """Send one input, and look at both ends of what came of it."""
        place = zlib.crc32(data)
        pieces = [data]
        if place % 4 == 0:
            cut = place // 4 % (len(data) + 1)
            pieces = [data[:cut], data[cut:]]
        received, _ = await talk(self._port, *pieces)
        gateway = self._app._gateway
        await settled(lambda: not (gateway.under_way or gateway.connections))
        self._app._pools.close()
        await settled(lambda: not self._app._pools.size)
        await settled(lambda: all(c.closed for c in self._connections))
        sent = [c.received for c in self._connections]
        self._connections.clear()
        self._heard.none()
        whole, head, _ = read_requests(data)
        executed = _check_upstream(sent)
        _check_same(executed, whole)
        return _check_client(received, [*whole, *([head] if head else [])]) and bool(executed)


def _check_upstream(sent: list[bytes]) -> list[Message]:
    """Every octet that went upstream is a request, or the start of one that was cut."""
    executed = []
    for octets in sent:
        whole, head, error = read_requests(octets)
        assert not isinstance(error, MalformedError), f"{error} in {octets!r}"
        executed += whole
        for request in [*whole, *([head] if head else [])]:
            _check_request(request)
        heads = _Requests()
        parser = httptools.HttpRequestParser(heads)
        try:
            parser.feed_data(octets)
        except httptools.HttpParserUpgrade:
            continue
        assert heads.heads == len(whole) + (head is not None)
    return executed


def _check_request(request: Message) -> None:
    names = [name.lower() for name, _ in request.fields]
    assert names.count(b"host") == 1, "one Host"
    assert {name for name in names if name in HOP_BY_HOP} <= _OWN, "hop-by-hop"
    assert request.start[1].startswith((b"/", b"*")), "the origin form"
    assert not request.trailers, "no trailers"
    assert request.values(b"connection") in ([], [b"Upgrade"])
    assert bool(request.values(b"connection")) == bool(request.values(b"upgrade"))
    assert len(request.values(b"x-forwarded-for")) == 1
    assert request.start[0] not in (b"CONNECT", b"TRACE")


def _check_same(executed: list[Message], whole: list[Message]) -> None:
    """Find every request executed among those sent, in their order, with the same content."""
    rest = iter(map(_meant, whole))
    for request in executed:
        done = (*request.start[:2], request.content)
        assert done in rest, f"{done} was never sent, only {whole}"


def _meant(request: Message) -> tuple[bytes, bytes, bytes]:
    """Return the method, the target as it is forwarded, and the content of a request."""
    method, target, _ = request.start
    target = re.sub(rb"(?i)^https?://[^/?#]*", rb"", target).partition(b"#")[0]
    return method, target if target.startswith((b"/", b"*")) else b"/" + target, request.content


def _check_client(received: bytes, asked: list[Message]) -> bool:
    """Find whole responses, at most one for each request, and none that says 500."""
    at, count, accepted = 0, 0, True
    while at < len(received):
        method = asked[count].start[0] if count < len(asked) else b""
        try:
            interim, response = read_response(received[at:], method, closed=False)
        except CutError:
            return False
        status = int(response.start[1])
        assert status not in (500, 101), f"status {status}"
        assert len(interim) <= 1
        accepted = accepted and status < 400
        assert len(response.values(b"access-control-allow-origin")) <= 1
        at += response.end
        count += 1
    assert count <= len(asked) + 1, "an answer that nobody asked for"
    return accepted and count > 0
