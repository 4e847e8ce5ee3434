"""The law of the response side: whole as the upstream meant it, or an error, or seen as cut."""

import asyncio
import re
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

from corsproxy.app import App
from corsproxy.core.fields import HOP_BY_HOP
from fuzz.loopback import PAGE, Complaints, complaints, proxy, settled, talk
from fuzz.messages import CutError, MalformedError, Message, read_requests, read_response
from fuzz.mutate import literals

WORKERS = 96
_TIMEOUTS = {"header": 10, "connect": 1, "response": 0.2, "idle": 0.2, "tunnel": 0.2}
_OK = b"HTTP/1.1 200 OK\r\n"
_SECOND = _OK + b"Content-Length: 6\r\nX-Second: yes\r\n\r\nsecond"
_TUNNEL = 101

TOKENS = [
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b" ", b"\t", b"\x0b", b": ", b" :", b"\0",
    b"\xff", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Content-Length: +5\r\n",
    b"Content-Length:\r\n", b"Content-Length : 5\r\n", b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: chunked, \r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"5;a=b\r\nhello\r\n",
    b"0\r\nX: y\r\n\r\n", b"0x5\r\n", b"5 \r\nhello\r\n", b"0\r\nContent-Length: 3\r\n\r\n",
    b"ffffffffffffffff\r\n", b"-1\r\n", b"0;x\r\n\r\n", _SECOND[:40], _OK,
    _OK + b"Content-Length: 2\r\n\r\nok", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", b"HTTP/1.1 204 No Content\r\n",
    b"HTTP/1.1 304 N\r\n", b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"HTTP/2.0", b"RTSP/1.0", b"Connection: close\r\n", b"Connection: keep-alive, X-A\r\n",
    b"Keep-Alive: 5\r\n", b"Trailer: X\r\n", b"Access-Control-Allow-Origin: *\r\n", b"Vary: *\r\n",
    b"Set-Cookie: a=b; Secure\r\n", b"Date: x\r\n",
]  # fmt: skip

_FIELDS = b"Host: p\r\nOrigin: %b\r\n" % PAGE.encode()
_REQUESTS = (
    b"GET / HTTP/1.1\r\n" + _FIELDS + b"\r\n",
    b"GET / HTTP/1.1\r\n" + _FIELDS + b"\r\n",
    b"HEAD / HTTP/1.1\r\n" + _FIELDS + b"\r\n",
    b"GET / HTTP/1.0\r\n" + _FIELDS + b"Connection: keep-alive\r\n\r\n",
    b"POST / HTTP/1.1\r\n" + _FIELDS + b"Content-Length: 2\r\n\r\nhi",
    b"GET / HTTP/1.1\r\n" + _FIELDS + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"PUT / HTTP/1.1\r\n" + _FIELDS + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    b"OPTIONS / HTTP/1.1\r\n" + _FIELDS + b"\r\n",
)
_NEXT = b"GET /second HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"


def seeds() -> list[bytes]:
    """Return responses that the tables' upstreams send, and their other octets as parts of one."""
    found = []
    for text in literals("gateway/test_*.py", "end_to_end/test_cut_responses.py"):
        if text.startswith((b"HTTP/", b"RTSP", b"ICE")):
            found += (
                [text] if b"\r\n\r\n" in text else [text, text + b"Content-Length: 2\r\n\r\nok"]
            )
        elif re.match(rb"[\w-]+ ?:", text) and b"HTTP/1" not in text:
            found.append(_OK + text.removesuffix(b"\r\n") + b"\r\nContent-Length: 2\r\n\r\nok")
        elif text[:1].isdigit() and b"\r\n" in text:
            found.append(_OK + b"Transfer-Encoding: chunked\r\n\r\n" + text)
    wholes = []
    for text in found:
        try:
            read_response(text, b"GET", closed=False)
        except (CutError, MalformedError):
            continue
        wholes.append(text)
    return found + wholes * max(1, len(found) // len(wholes))


class _Upstream(asyncio.Protocol):
    """An upstream that answers with the input, and a second request as it should be answered."""

    def __init__(self, worker: "_Worker") -> None:
        self._worker = worker
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._known = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = transport
        self._worker.open += 1

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note the end."""
        self._worker.open -= 1

    def data_received(self, data: bytes) -> None:
        """Answer requests once they are whole, or once their head is if they wait for a 100."""
        self._received += data
        whole, head, _ = read_requests(self._received)
        heads = [*whole, *([head] if head is not None and head.values(b"expect") else [])]
        for request in heads[self._known :]:
            self._known += 1
            if request.start[1] == b"/second":
                self._transport.write(_SECOND)
            else:
                self._worker.answer(self._transport)


@asynccontextmanager
async def serve() -> AsyncIterator[list[Callable[[bytes], Awaitable[bool]]]]:
    """Start a proxy and an upstream for each worker."""
    async with AsyncExitStack() as stack:
        heard = await stack.enter_async_context(complaints())
        checks = []
        for _ in range(WORKERS):
            worker = _Worker(heard)
            upstream = proxy(lambda worker=worker: _Upstream(worker), _TIMEOUTS)
            worker.app, worker.port = await stack.enter_async_context(upstream)
            checks.append(worker.check)
        yield checks


class _Worker:
    """Has one proxy's upstream answer with inputs, one after another."""

    app: App
    port: int

    def __init__(self, heard: Complaints) -> None:
        self._heard = heard
        self._pieces: list[bytes] = []
        self._ending = ""
        self._answering: asyncio.Task[None] | None = None
        self.open = 0

    async def check(self, data: bytes) -> bool:
        """Answer one request with the input, and look at what the client gets."""
        random = Random(zlib.crc32(data))
        cut = random.choice((0, 0, random.randrange(len(data) + 1)))
        self._pieces = [data[:cut], data[cut:]]
        self._ending = random.choice(("close", "close", "reset", "open"))
        request = random.choice(_REQUESTS)
        received, orderly = await talk(self.port, request + _NEXT)
        gateway = self.app._gateway
        await settled(lambda: not (gateway.under_way or gateway.connections))
        self.app._pools.close()
        await settled(lambda: not (self.app._pools.size or self.open))
        self._heard.none()
        try:
            return self._compare(data, received, request, orderly=orderly)
        except (AssertionError, CutError, MalformedError) as error:
            error.add_note(f"{request!r} answered in {self._pieces!r}, then {self._ending}")
            error.add_note(f"the client got {received!r}, {orderly=}")
            raise

    def answer(self, transport: asyncio.Transport) -> None:
        """Begin to answer a request with the input."""
        self._answering = asyncio.ensure_future(self._answer(transport))

    async def _answer(self, transport: asyncio.Transport) -> None:
        for piece in self._pieces:
            transport.write(piece)
            await asyncio.sleep(0)
        if transport.is_closing():
            return
        if self._ending == "close":
            transport.close()
        elif self._ending == "reset":
            linger = struct.pack("ii", 1, 0)
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()

    def _compare(self, data: bytes, received: bytes, request: bytes, *, orderly: bool) -> bool:
        assert received, "no answer at all"
        method = request.partition(b" ")[0]
        try:
            interim, got = read_response(received, method, closed=orderly)
        except CutError:
            return False
        status = int(got.start[1])
        passed = [message.start[1] for message in interim]
        assert passed.count(b"100") <= (b"Expect" in request), "a 100 that nobody waits for"
        assert not passed or b"HTTP/1.1" in request, "an interim response to HTTP/1.0"
        _check_head(got)
        if status == _TUNNEL:
            return True
        self._check_rest(received[got.end :], got)
        if _is_ours(got):
            assert status in (502, 504), f"status {status}"
            assert status == 504 or not self._is_sound(data, method), "refused, though sound"
            return False
        self._check_meant(data, got, method)
        return True

    def _is_sound(self, data: bytes, method: bytes) -> bool:
        """Tell whether the upstream's octets are one strict response, and can't be lost."""
        try:
            _, meant = read_response(data, method, closed=self._ending == "close")
        except (CutError, MalformedError):
            return False
        switches = int(meant.start[1]) == _TUNNEL
        return meant.end == len(data) and self._ending != "reset" and not switches

    def _check_meant(self, data: bytes, got: Message, method: bytes) -> None:
        """Hold a response that looks whole against what the upstream sent."""
        closed = self._ending == "close"
        _, meant = read_response(data, method, closed=closed, sloppy=True)
        assert got.start[1] == meant.start[1], "another status"
        assert got.content == meant.content, "another content"

    def _check_rest(self, rest: bytes, got: Message) -> None:
        """Behind the answer stands the second one, or nothing."""
        if not rest or got.by_close:
            return
        try:
            interim, second = read_response(rest, b"GET", closed=False)
        except CutError:
            return
        assert not interim
        assert second.end == len(rest), "octets that nobody asked for"
        if _is_ours(second):
            assert second.start[1] in (b"502", b"504")
        else:
            assert (second.values(b"x-second"), second.content) == ([b"yes"], b"second")


def _is_ours(response: Message) -> bool:
    """Tell whether the proxy itself gave an answer: a problem, with its RFC 9209 type."""
    status = b", ".join(response.values(b"proxy-status"))
    return bool(re.fullmatch(rb"corsproxy; error=[a-z_]+", status)) and response.values(
        b"content-type"
    ) == [b"application/problem+json"]


def _check_head(got: Message) -> None:
    names = [name.lower() for name, _ in got.fields]
    assert len(got.values(b"access-control-allow-origin")) == 1
    status = int(got.start[1])
    own = {b"connection", b"transfer-encoding", b"trailer"}
    own |= {b"upgrade"} if status in (426, _TUNNEL) else set()
    assert {name for name in names if name in HOP_BY_HOP} <= own
