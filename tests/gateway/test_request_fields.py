"""R18-R29, R36: the fields of a request, compared with what the upstream reads."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
WHO = (
    b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n"
    b"Forwarded: for=127.0.0.1;host=h;proto=http\r\n"
)
VIA = b"Via: 1.1 corsproxy-x\r\n"
HOST = b"Host: UPSTREAM\r\n"
CLOSE = b"Connection: close\r\n"


def normal(head: bytes) -> bytes:
    head = re.sub(rb"corsproxy-\w{8}", b"corsproxy-x", head)
    return re.sub(rb"127\.0\.0\.1:\d+", b"UPSTREAM", head)


SPOOFED = (
    b"X-Forwarded-For: 6.6.6.6\r\nX-FORWARDED-FOR: 7.7.7.7\r\nX-Forwarded-Host: evil\r\n"
    b"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 6.6.6.6\r\n"
    b"Forwarded: for=6.6.6.6\r\n"
)
TWINS = b"X_Forwarded_For: 6.6.6.6\r\nx-forwarded_proto: https\r\nX_REAL_IP: 6.6.6.6\r\n"
HOP_BY_HOP = (
    b"Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\n"
    b"TE: trailers\r\nTrailer: X-T\r\nUpgrade: foo\r\n"
)
UNTOUCHED = (
    b"Authorization: Basic x\r\nCookie: a=1; b=2\r\nOrigin: http://o\r\nReferer: http://o/p\r\n"
    b'Range: bytes=0-1\r\nIf-Range: "e"\r\nIf-None-Match: "a", W/"b"\r\nCache-Control: no-cache\r\n'
    b"Accept: */*\r\nAccept-Encoding: gzip, br\r\nAccept-Language: fr\r\nUser-Agent: u\r\n"
)


@pytest.mark.parametrize(
    ("sent", "forwarded"),
    [
        pytest.param(b"", b"", id="R23 nothing is injected"),
        pytest.param(b"X-User: Jos\xe9\r\n", b"X-User: Jos\xe9\r\n", id="R18 obs-text octets pass"),
        pytest.param(b"A: \t b\tc \t\r\n", b"A: b\tc\r\n", id="R18 only the blanks around go"),
        pytest.param(b"A:\r\nB:  \r\n", b"A: \r\nB: \r\n", id="R18 empty values stay"),
        pytest.param(
            b"b: 1\r\nA: 2\r\nB: 3\r\nCookie: a\r\nCOOKIE: b\r\na: 4\r\n",
            b"b: 1\r\nA: 2\r\nB: 3\r\nCookie: a\r\nCOOKIE: b\r\na: 4\r\n",
            id="R19 order, repeats and case of names",
        ),
        pytest.param(HOP_BY_HOP, b"", id="R20 hop-by-hop fields end here"),
        pytest.param(
            b"Connection: X-A,,x-b\r\nCONNECTION: ,\r\nConnection:\r\n"
            b"x-a: 1\r\nX-B: 2\r\nX-C: 3\r\n",
            b"X-C: 3\r\n",
            id="R20 and what Connection names, in any case and on any line",
        ),
        pytest.param(
            b"Connection: X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, Forwarded, Via\r\n",
            b"",
            id="R21 Connection cannot name the proxy's own away",
        ),
        pytest.param(
            b"Connection: Host, Origin, Cookie\r\nOrigin: o\r\nCookie: c\r\n",
            b"Origin: o\r\nCookie: c\r\n",
            id="R21 nor what the message needs",
        ),
        pytest.param(TWINS, b"", id="R22 underscore twins are replaced too"),
        pytest.param(SPOOFED, b"", id="R24 R25 who asks is not for the client to say"),
        pytest.param(
            b"X-Request-ID: 1\r\n", b"X-Request-ID: 1\r\n", id="R22 not managed, not lost"
        ),
        pytest.param(
            b"Via: 1.0 fred, 1.1 p (c)\r\n", b"Via: 1.0 fred, 1.1 p (c)\r\n", id="R26 others' Via"
        ),
        pytest.param(UNTOUCHED, UNTOUCHED, id="R36 end-to-end fields"),
    ],
)
async def test_fields_reach_the_upstream(
    answering: Start, proxy: Start, sent: bytes, forwarded: bytes
):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    answer = await front.send(b"GET / HTTP/1.1\r\nHost: h\r\n" + sent + CLOSE + b"\r\n")
    expected = b"GET / HTTP/1.1\r\n" + HOST + forwarded + WHO + VIA + b"\r\n"
    assert [normal(head) for head in upstream.heads] == [expected]
    assert answer.endswith(b"\r\n\r\nok")


HOPS = b"Max-Forwards: "


@pytest.mark.parametrize(
    ("method", "hops", "forwarded"),
    [
        pytest.param(b"OPTIONS", b"1", b"0", id="R27 the last hop"),
        pytest.param(b"OPTIONS", b"10", b"9", id="R27 a hop less"),
        pytest.param(b"OPTIONS", b"x", b"x", id="R27 what is no number stays"),
        pytest.param(b"OPTIONS", b"9" * 5000, b"9" * 5000, id="R27 nor is an endless one counted"),
        pytest.param(b"GET", b"0", b"0", id="R27 only OPTIONS and TRACE count"),
    ],
)
async def test_max_forwards_is_counted_down(
    answering: Start, proxy: Start, method: bytes, hops: bytes, forwarded: bytes
):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    await front.send(
        method + b" / HTTP/1.1\r\nHost: h\r\n" + HOPS + hops + b"\r\n" + CLOSE + b"\r\n"
    )
    expected = HOST + HOPS + forwarded + b"\r\n" + WHO + VIA + b"\r\n"
    assert normal(upstream.heads[0]) == method + b" / HTTP/1.1\r\n" + expected


@pytest.mark.parametrize("hops", [b"0", b"00"], ids=["R27 no hop", "R27 no hop, written longer"])
async def test_an_options_ends_here(answering: Start, proxy: Start, hops: bytes):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    answer = await front.send(
        b"OPTIONS / HTTP/1.1\r\nHost: h\r\n" + HOPS + hops + b"\r\n" + CLOSE + b"\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert upstream.connections == 0


BARE = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"]


@pytest.mark.parametrize(
    ("route", "sent", "forwarded"),
    [
        pytest.param(
            {"request_headers": {"remove": BARE}}, b"", HOST, id="R24 R26 who asks is turned off"
        ),
        pytest.param(
            {"request_headers": {"set": {"X-User": "me"}}},
            b"X-USER: you\r\nX_User: you\r\nX-Other: o\r\n",
            HOST + b"X-Other: o\r\n" + WHO + VIA + b"X-User: me\r\n",
            id="R22 set replaces every spelling",
        ),
        pytest.param(
            {"request_headers": {"set": {"Origin": "http://legacy"}, "add": {"X-A": "2"}}},
            b"Origin: http://o\r\nX-A: 1\r\n",
            HOST + b"X-A: 1\r\n" + WHO + VIA + b"Origin: http://legacy\r\nX-A: 2\r\n",
            id="R36 unless configured",
        ),
        pytest.param(
            {"preserve_host": True}, b"", b"Host: h\r\n" + WHO + VIA, id="R29 the client's Host"
        ),
        pytest.param(
            {"request_headers": {"set": {"Host": "literal.example"}}},
            b"",
            b"Host: literal.example\r\n" + WHO + VIA,
            id="R29 a literal Host",
        ),
    ],
)
async def test_fields_as_configured(
    answering: Start, proxy: Start, route: Mapping[str, object], sent: bytes, forwarded: bytes
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, **route)
    await front.send(b"GET / HTTP/1.1\r\nHost: h\r\n" + sent + CLOSE + b"\r\n")
    assert normal(upstream.heads[0]) == b"GET / HTTP/1.1\r\n" + forwarded + b"\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(b"", id="R28 none"),
        pytest.param(b"Host: h\r\nHost: h\r\n", id="R28 two that are equal"),
        pytest.param(b"Host: h\r\nHost: i\r\n", id="R28 two that differ"),
        pytest.param(b"Host:\r\n", id="R28 empty"),
        pytest.param(b"Host: a b\r\n", id="R28 a blank"),
        pytest.param(b"Host: a/b\r\n", id="R28 a slash"),
        pytest.param(b"Host: u@b\r\n", id="R28 a user"),
        pytest.param(b"Host: a:x\r\n", id="R28 no port"),
        pytest.param(b"Host: a:65536\r\n", id="R28 no port that high"),
        pytest.param(b"Host: [::1\r\n", id="R28 an open bracket"),
        pytest.param(b"Host: \xe9\r\n", id="R28 raw octets"),
        pytest.param(
            b"Host: a b\r\nOrigin: http://localhost:3001\r\nAccess-Control-Request-Method: PUT\r\n",
            id="R28 in a preflight too",
        ),
    ],
)
async def test_a_host_is_refused(answering: Start, proxy: Start, fields: bytes):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    behind = b"GET /behind HTTP/1.1\r\nHost: h\r\n\r\n"
    answer = await front.send(b"OPTIONS / HTTP/1.1\r\n" + fields + b"\r\n" + behind)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
    assert (answer.count(b"\r\n\r\n"), upstream.connections) == (1, 0)


@pytest.mark.parametrize(
    ("host", "quoted"),
    [
        pytest.param(b"a.example", b"a.example", id="R28 a name"),
        pytest.param(b"A.example:65535", b'"A.example:65535"', id="R28 R25 a port"),
        pytest.param(b"[::1]:8", b'"[::1]:8"', id="R28 R25 an IPv6 address"),
    ],
)
async def test_a_host_passes(answering: Start, proxy: Start, host: bytes, quoted: bytes):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    await front.send(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n" + CLOSE + b"\r\n")
    who = WHO.replace(b"Host: h", b"Host: " + host).replace(b"host=h", b"host=" + quoted)
    assert normal(upstream.heads[0]) == b"GET / HTTP/1.1\r\n" + HOST + who + VIA + b"\r\n"
