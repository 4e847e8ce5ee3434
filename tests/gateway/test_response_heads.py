"""R49-R53, R61, R62, R66, R72: the head of a response, as the client reads it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\nOrigin: http://localhost:3001\r\nConnection: close\r\n\r\n"
CORS = (
    b"Access-Control-Allow-Origin: http://localhost:3001\r\n"
    b"Access-Control-Allow-Credentials: true\r\n"
)
VARY = b"Vary: Origin\r\n"
DATE = b"Date: now\r\n"
SIZE = b"Content-Length: 2\r\n"


def normal(answer: bytes) -> bytes:
    return re.sub(rb"Date: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n", DATE, answer)


def reply(fields: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + fields + SIZE + b"\r\nok"


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        pytest.param(b"200 OK", b"200 OK", id="R49 200"),
        pytest.param(b"200", b"200 ", id="R49 no reason and no blank"),
        pytest.param(b"200 ", b"200 ", id="R49 no reason"),
        pytest.param(b"200 J\xe9", b"200 J\xe9", id="R49 R51 a reason beyond ASCII"),
        pytest.param(b"299 Odd", b"299 Odd", id="R49 299"),
        pytest.param(b"345 \tx", b"345 \tx", id="R49 345"),
        pytest.param(b"418 I'm a teapot", b"418 I'm a teapot", id="R49 418"),
        pytest.param(b"451 No", b"451 No", id="R49 451"),
        pytest.param(b"599 No", b"599 No", id="R49 599"),
        pytest.param(b"999 No", b"999 No", id="R49 999"),
    ],
)
async def test_a_status_line_passes(answering: Start, proxy: Start, sent: bytes, received: bytes):
    upstream = await answering(reply(status=sent))
    front = await proxy(upstream.url)
    assert normal(await front.send(REQUEST)) == (
        b"HTTP/1.1 "
        + received
        + b"\r\nConnection: close\r\n"
        + SIZE
        + DATE
        + CORS
        + VARY
        + b"\r\nok"
    )


COOKIES = b"Set-Cookie: a=1; Expires=Sun, 22 Nov 2026 09:00:00 GMT\r\nSET-COOKIE: b=2,3\r\n"
RANGES = (
    b"Content-Range: bytes 0-1/5\r\nAccept-Ranges: bytes\r\n"
    b'Content-Type: multipart/byteranges; boundary="x"\r\n'
)
VALIDATORS = (
    b'Content-Encoding: gzip\r\nETag: W/"x"\r\nContent-MD5: q==\r\nDigest: sha-256=y\r\n'
    b"Cache-Control: no-store\r\n"
)
HOP_BY_HOP = (
    b"Connection: X-A, x-b, close\r\nX-A: 1\r\nx-B: 2\r\nKeep-Alive: timeout=5\r\n"
    b"Proxy-Connection: keep-alive\r\nProxy-Authenticate: Basic\r\nTE: x\r\nTrailer: X-T\r\n"
    b"Upgrade: h2c\r\n"
)


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        pytest.param(b"", b"", id="R52 nothing is invented but Date"),
        pytest.param(
            b"x-B: 1\r\nA: 2\r\nX-b: 3\r\nx-B: 1\r\n",
            b"x-B: 1\r\nA: 2\r\nX-b: 3\r\nx-B: 1\r\n",
            id="R50 order, repeats and case",
        ),
        pytest.param(COOKIES, COOKIES, id="R50 cookies are not joined"),
        pytest.param(
            b"A: \xe9\xff\t!\r\nB:\r\n", b"A: \xe9\xff\t!\r\nB: \r\n", id="R51 octets of a value"
        ),
        pytest.param(b"A: \t b \t\r\n", b"A: b\r\n", id="R51 the blanks around go"),
        pytest.param(b"Server: s\r\n", b"Server: s\r\n", id="R52 Server is kept"),
        pytest.param(HOP_BY_HOP, b"", id="R53 hop-by-hop fields, and what Connection names"),
        pytest.param(
            b'Alt-Svc: h2=":443"\r\nStrict-Transport-Security: max-age=1\r\n',
            b"",
            id="R53 on loopback Alt-Svc too",
        ),
        pytest.param(RANGES, RANGES, id="R66 ranges"),
        pytest.param(VALIDATORS, VALIDATORS, id="R67 validators and codings"),
        pytest.param(b"A: b\r\n c\r\n", b"A: b c\r\n", id="R62 a fold becomes a blank"),
        pytest.param(
            b"Access-Control-Allow-Origin: *\r\naccess-control-max-age: 1\r\n",
            b"",
            id="R50 but the upstream's own CORS is replaced",
        ),
    ],
)
async def test_fields_reach_the_client(
    answering: Start, proxy: Start, sent: bytes, received: bytes
):
    upstream = await answering(reply(sent))
    front = await proxy(upstream.url)
    assert normal(await front.send(REQUEST)) == (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
        + received + SIZE + DATE + CORS + VARY + b"\r\nok"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        pytest.param(
            reply(b"Date: yesterday\r\n"),
            b"200 OK\r\nConnection: close\r\nDate: yesterday\r\n" + SIZE + CORS + VARY,
            id="R52 Date is kept",
        ),
        pytest.param(
            reply(b"Connection: Upgrade\r\nUpgrade: TLS/1.3\r\n", b"426 Upgrade Required"),
            b"426 Upgrade Required\r\nConnection: close\r\nUpgrade: TLS/1.3\r\n"
            + SIZE + DATE + CORS + VARY,
            id="R53 Upgrade stays on 426",
        ),
        pytest.param(
            reply(b"Location: /elsewhere\r\n", b"302 Found"),
            b"302 Found\r\nConnection: close\r\nLocation: /elsewhere\r\n"
            + SIZE + DATE + CORS + VARY,
            id="R72 redirects are not followed",
        ),
        pytest.param(
            reply(b"Content-Range: bytes */5\r\n", b"416 Range Not Satisfiable"),
            b"416 Range Not Satisfiable\r\nConnection: close\r\nContent-Range: bytes */5\r\n"
            + SIZE + DATE + CORS + VARY,
            id="R66 416",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\nA: b\nContent-Length: 2\n\nok",
            b"200 OK\r\nConnection: close\r\nA: b\r\n" + SIZE + DATE + CORS + VARY,
            id="R56 bare LF is mended",
        ),
    ],
)  # fmt: skip
async def test_special_heads(answering: Start, proxy: Start, sent: bytes, received: bytes):
    upstream = await answering(sent)
    front = await proxy(upstream.url)
    assert normal(await front.send(REQUEST)) == b"HTTP/1.1 " + received + b"\r\nok"
    assert upstream.connections == 1


CHUNKS = b"\r\n2\r\nok\r\n0\r\n\r\n"
CODED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: "


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(reply(b"A: \x01\r\n"), id="R51 a control character"),
        pytest.param(reply(b"A: \x00\r\n"), id="R51 NUL"),
        pytest.param(reply(b"A: b\rc\r\n"), id="R51 CR"),
        pytest.param(reply(status=b"200 O\x01K"), id="R51 a control character in the reason"),
        pytest.param(reply(b"Content-Length: x\r\n"), id="R61 no length"),
        pytest.param(reply(SIZE), id="R61 two lengths"),
        pytest.param(reply(b"Content-Length: 3\r\n"), id="R61 two lengths that differ"),
        pytest.param(reply().replace(b": 2", b": 2, 2"), id="R61 a list of lengths"),
        pytest.param(reply().replace(b": 2", b": +2"), id="R61 a length with a sign"),
        pytest.param(reply().replace(b": 2", b": " + b"9" * 20), id="R61 a length over 64 bits"),
        pytest.param(CODED + b"chunked\r\n" + SIZE + CHUNKS, id="R61 Content-Length and coding"),
        pytest.param(CODED + b"foo\r\n" + CHUNKS, id="R61 an unknown coding"),
        pytest.param(CODED + b"gzip, chunked\r\n" + CHUNKS, id="R61 another coding"),
        pytest.param(CODED + b"chunked, chunked\r\n" + CHUNKS, id="R61 chunked twice"),
        pytest.param(
            (CODED + b"chunked\r\n" + CHUNKS).replace(b"/1.1", b"/1.0"), id="R61 chunked in 1.0"
        ),
        pytest.param(reply(b"A : b\r\n"), id="R61 a blank before the colon"),
        pytest.param(reply(b"Abc\r\n"), id="R61 no colon"),
        pytest.param(reply(b": b\r\n"), id="R61 no name"),
        pytest.param(reply(status=b"0 X"), id="R61 status 0"),
        pytest.param(reply(status=b"099 X"), id="R61 status 099"),
        pytest.param(reply(status=b"1000 X"), id="R61 status 1000"),
        pytest.param(reply(status=b"OK"), id="R61 no status"),
        pytest.param(reply().replace(b"/1.1", b"/2.0"), id="R61 HTTP/2.0"),
        pytest.param(reply().replace(b"HTTP/1.1", b"ICY"), id="R61 another protocol"),
        pytest.param(reply().replace(b"HTTP/1.1", b"RTSP/1.0"), id="R61 RTSP"),
        pytest.param(reply().replace(b"HTTP/1.1", b"ICE/1.0"), id="R61 ICE"),
        pytest.param(b"\r\n" + reply().replace(b"HTTP/1.1", b"RTSP/1.1"), id="R61 RTSP/1.1"),
        pytest.param(b"garbage\r\n\r\n", id="R61 garbage"),
        pytest.param(b"\x16\x03\x01\x02\x00", id="R61 TLS"),
        pytest.param(b"", id="R61 nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b\r\n", id="R61 half a head"),
        pytest.param(reply(b"A: " + b"b" * 2000 + b"\r\n"), id="R61 a field over the limit"),
        pytest.param(reply(b"A: b\r\n" * 300), id="R61 fields over the limit"),
    ],
)
async def test_a_malformed_head_is_a_bad_gateway_that_a_page_can_read(
    answering: Start, proxy: Start, sent: bytes
):
    upstream = await answering(sent)
    front = await proxy(upstream.url, {"limits": {"upstream_header_size": "1KiB"}})
    answer = await front.send(REQUEST)
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n")
    assert answer.partition(b"\r\n\r\n")[0].endswith((CORS + VARY)[:-2])
    assert (answer.count(b"\r\n\r\n"), front.left_behind[2]) == (1, 0)


async def test_r61_the_default_limit_is_wide(answering: Start, proxy: Start):
    upstream = await answering(reply(b"A: " + b"b" * 200_000 + b"\r\n"))
    front = await proxy(upstream.url)
    assert (await front.send(REQUEST)).startswith(b"HTTP/1.1 200 OK\r\n")
