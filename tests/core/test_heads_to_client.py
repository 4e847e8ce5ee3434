"""Responses on their way to the client: what the policy says of them is in test_heads_cors.py."""

import pytest

from corsproxy.core.cors import Verdict
from corsproxy.core.heads import Client, Passage, ResponseHead, to_client
from corsproxy.core.routes import CookieRules, HeaderEdits, Route, RouteTable
from corsproxy.core.upstreams import Address, Upstream, UpstreamTls

LEGACY = Upstream(Address("legacy", 8000))
AUTH = Upstream(Address("auth", 443, UpstreamTls()), b"/realm")
DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
DATED = b"Date: " + DATE + b"\r\n"
CHUNKED = ((b"Transfer-Encoding", b"chunked"),)


def read(lines: bytes) -> tuple[tuple[bytes, bytes], ...]:
    fields = (line.partition(b": ") for line in lines.split(b"\r\n") if line)
    return tuple((name, value) for name, _, value in fields)


def route(**changes: object) -> Route:
    return Route(**{"name": "r", "upstream": LEGACY, **changes})  # type: ignore[arg-type]


def passage(on: Route | None, **changes: object) -> Passage:
    table = RouteTable([on, route(name="auth", path=b"/auth", strip_prefix=True, upstream=AUTH)]
                       if on else [])  # fmt: skip
    given = {"client": Client("203.0.113.7"), "host": b"p:8080", "route": on, "table": table}
    return Passage(Verdict(), None, **{**given, **changes})  # type: ignore[arg-type]


def answered(
    fields: bytes,
    way: Passage,
    framing: tuple[tuple[bytes, bytes], ...] = (),
    status: tuple[int, bytes] = (200, b"OK"),
) -> bytes:
    return to_client(ResponseHead(*status, read(fields)), way, framing, DATE)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        pytest.param((200, b"OK"), b"HTTP/1.1 200 OK", id="OK"),
        pytest.param((299, b""), b"HTTP/1.1 299 ", id="R49: an empty reason"),
        pytest.param((418, b"Je suis th\xe9"), b"HTTP/1.1 418 Je suis th\xe9", id="R49: obs-text"),
        pytest.param((999, b"What Ever"), b"HTTP/1.1 999 What Ever", id="R49: any status"),
    ],
)
def test_the_status_line(status: tuple[int, bytes], line: bytes):
    assert answered(b"", passage(route()), status=status) == line + b"\r\n" + DATED + b"\r\n"


@pytest.mark.parametrize(
    ("fields", "passed"),
    [
        pytest.param(b"", DATED, id="R52: Date is added, no Server, no Content-Type"),
        pytest.param(
            b"date: x\r\nServer: old/1", b"date: x\r\nServer: old/1\r\n", id="R52: the upstream's"
        ),
        pytest.param(
            b"set-cookie: a=1\r\nX-A: \r\nSet-Cookie: b=2\r\nx-a: Jos\xe9\r\nset-cookie: a=3",
            b"set-cookie: a=1\r\nX-A: \r\nSet-Cookie: b=2\r\nx-a: Jos\xe9\r\nset-cookie: a=3\r\n"
            + DATED,
            id="R50 and R51: order, case, repeats and every octet",
        ),
        pytest.param(
            b"Connection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nx-hop: 1\r\nProxy-Connection: c\r\n"
            b"TE: t\r\nTransfer-Encoding: gzip\r\nUpgrade: h2c\r\nTrailer: X\r\n"
            b"Proxy-Authenticate: Basic\r\nProxy-Authentication-Info: i\r\nX-A: 1",
            b"X-A: 1\r\n" + DATED,
            id="R53: what is for one hop only, and what Connection names",
        ),
        pytest.param(
            b"Connection: Date, Set-Cookie, Content-Length\r\nDate: x\r\nSet-Cookie: a\r\n"
            b"Content-Length: 3",
            b"Content-Length: 3\r\n" + DATED,
            id="R21: except what would corrupt the response",
        ),
        pytest.param(b"Content-Length: 3", b"Content-Length: 3\r\n" + DATED, id="R54: the size"),
        pytest.param(
            b"Strict-Transport-Security: max-age=1\r\nAlt-Svc: h3",
            b"Strict-Transport-Security: max-age=1\r\nAlt-Svc: h3\r\n" + DATED,
            id="HSTS and Alt-Svc off loopback",
        ),
        pytest.param(
            b"access-control-allow-origin: a\r\nAccess-Control-Allow-Origin: b\r\nVary: X",
            b"access-control-allow-origin: a\r\nAccess-Control-Allow-Origin: b\r\nVary: X\r\n"
            + DATED,
            id="cors: off leaves CORS to the upstream",
        ),
        pytest.param(
            b"Content-Encoding: gzip\r\nETag: e\r\nContent-Range: r\r\nVia: 1.1 u",
            b"Content-Encoding: gzip\r\nETag: e\r\nContent-Range: r\r\nVia: 1.1 u\r\n" + DATED,
            id="R66 and R67: untouched",
        ),
    ],
)
def test_the_fields(fields: bytes, passed: bytes):
    assert answered(fields, passage(route())) == b"HTTP/1.1 200 OK\r\n" + passed + b"\r\n"


@pytest.mark.parametrize(
    ("status", "fields", "framing", "passed"),
    [
        pytest.param(
            (200, b"OK"),
            b"Content-Length: 3\r\ntrailer: X-Sum",
            CHUNKED,
            b"Transfer-Encoding: chunked\r\ntrailer: X-Sum\r\n",
            id="R65: chunked, with Trailer and without a size",
        ),
        pytest.param(
            (200, b"OK"),
            b"Trailer: X-Sum",
            ((b"Connection", b"close"),),
            b"Connection: close\r\n",
            id="R57: until the end, without Trailer",
        ),
        pytest.param((204, b"No Content"), b"Content-Length: 0\r\nX-A: 1", (), b"X-A: 1\r\n",
                     id="R55: 204 without a size"),
        pytest.param(
            (304, b"Not Modified"), b"Content-Length: 9\r\nETag: e", (),
            b"Content-Length: 9\r\nETag: e\r\n", id="R55: 304 may tell one",
        ),
        pytest.param(
            (101, b"Switching Protocols"),
            b"connection: upgrade, x-a\r\nupgrade: websocket\r\nX-A: 1\r\n"
            b"Sec-WebSocket-Accept: s\r\nContent-Length: 0",
            ((b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")),
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s\r\n",
            id="R53 and R73: 101",
        ),
        pytest.param(
            (426, b"Upgrade Required"), b"Connection: upgrade\r\nUpgrade: TLS/1.3", (),
            b"Upgrade: TLS/1.3\r\n", id="R53: 426 says what is wanted",
        ),
    ],
)  # fmt: skip
def test_the_framing(
    status: tuple[int, bytes],
    fields: bytes,
    framing: tuple[tuple[bytes, bytes], ...],
    passed: bytes,
):
    head = answered(fields, passage(route()), framing, status)

    assert head == b"HTTP/1.1 %d %b\r\n" % status + passed + DATED + b"\r\n"


@pytest.mark.parametrize(
    "fields", [b"strict-transport-security: max-age=1\r\nALT-SVC: h3=:443\r\nX-A: 1"]
)
def test_on_loopback_nothing_is_pinned(fields: bytes):
    way = passage(route(), client=Client("127.0.0.1", loopback=True))

    assert answered(fields, way) == b"HTTP/1.1 200 OK\r\nX-A: 1\r\n" + DATED + b"\r\n"


@pytest.mark.parametrize(
    ("edits", "fields", "passed"),
    [
        pytest.param(
            HeaderEdits(set=((b"X-A", b"2"),), add=((b"X-B", b"2"),), remove=(b"X-C",)),
            b"x-a: 1\r\nX-B: 1\r\nx-c: 1\r\nX-D: 1\r\nX-A: 1",
            b"X-B: 1\r\nX-D: 1\r\n" + DATED + b"X-A: 2\r\nX-B: 2\r\n",
            id="set replaces, add adds, remove removes",
        ),
        pytest.param(
            HeaderEdits(remove=(b"Access-Control-Allow-Origin",), set=((b"Vary", b"X"),)),
            b"access-control-allow-origin: *\r\nVary: Y",
            DATED + b"Vary: X\r\n",
            id="cors: off leaves CORS to the edits too",
        ),
    ],
)
def test_the_routes_own_fields(edits: HeaderEdits, fields: bytes, passed: bytes):
    way = passage(route(response_headers=edits))

    assert answered(fields, way) == b"HTTP/1.1 200 OK\r\n" + passed + b"\r\n"


def cookie(path: bytes, *, strip: bool, scheme: str, loopback: bool = True) -> bytes:
    on = route(path=path, strip_prefix=strip, cookies_local=True)
    way = passage(on, client=Client("127.0.0.1", scheme, loopback))
    head = answered(b"Set-Cookie: a=b; Domain=legacy; Path=/x; Secure; SameSite=None", way)
    return head.split(b"\r\n")[1]


@pytest.mark.parametrize(
    ("path", "strip", "scheme", "expected"),
    [
        pytest.param(b"/api", True, "http", b"a=b; Path=/api; SameSite=Lax", id="stripped"),
        pytest.param(b"/api", False, "http", b"a=b; Path=/; SameSite=Lax", id="not stripped"),
        pytest.param(b"/", True, "https", b"a=b; Path=/; Secure; SameSite=None", id="over TLS"),
    ],
)
def test_cookies_work_on_localhost(path: bytes, strip: bool, scheme: str, expected: bytes):
    assert cookie(path, strip=strip, scheme=scheme) == b"Set-Cookie: " + expected


def test_cookies_follow_the_routes_rules():
    way = passage(route(cookies=CookieRules(domain="p")))

    head = answered(b"SET-COOKIE: a=b; domain=legacy\r\nset-cookie: c", way)

    assert head == (
        b"HTTP/1.1 200 OK\r\nSET-COOKIE: a=b; Domain=p\r\nset-cookie: c; Domain=p\r\n"
        + DATED
        + b"\r\n"
    )


@pytest.mark.parametrize(
    ("changes", "fields", "passed"),
    [
        pytest.param({}, b"Location: http://legacy:8000/a?b#c", b"Location: http://p:8080/a?b#c",
                     id="R70: to the route's own upstream"),
        pytest.param({}, b"location: https://auth/realm/login", b"location: http://p:8080/auth/login",
                     id="R70: to another route's"),
        pytest.param({}, b"Content-Location: http://legacy:8000/a",
                     b"Content-Location: http://p:8080/a", id="R70: Content-Location"),
        pytest.param({}, b"Refresh: 5; url=http://legacy:8000/a", b"Refresh: 5; url=http://p:8080/a",
                     id="R70: Refresh"),
        pytest.param({}, b"Location: https://else.example/", b"Location: https://else.example/",
                     id="R70: elsewhere"),
        pytest.param({}, b"Link: <http://legacy:8000/a>", b"Link: <http://legacy:8000/a>",
                     id="no other field"),
        pytest.param({"client": Client(None, "https")}, b"Location: http://legacy:8000/a",
                     b"Location: https://p:8080/a", id="by the listener's scheme"),
        pytest.param({"host": b""}, b"Location: http://legacy:8000/a",
                     b"Location: http://legacy:8000/a", id="not where no host was asked for"),
        pytest.param({"table": None}, b"Location: http://legacy:8000/a",
                     b"Location: http://legacy:8000/a", id="not without a table"),
        pytest.param({"route": route(rewrite_location=False)}, b"Location: http://legacy:8000/a",
                     b"Location: http://legacy:8000/a", id="R70: off is off"),
        pytest.param({"route": None}, b"Location: http://legacy:8000/a\r\nSet-Cookie: a; Domain=b",
                     b"Location: http://legacy:8000/a\r\nSet-Cookie: a; Domain=b",
                     id="where no route matched nothing is changed"),
    ],
)  # fmt: skip
def test_addresses_come_back_as_the_proxys(
    changes: dict[str, object], fields: bytes, passed: bytes
):
    head = answered(fields, passage(route(), **changes))

    assert head == b"HTTP/1.1 200 OK\r\n" + passed + b"\r\n" + DATED + b"\r\n"
