"""R1-R17: the request line, from the client's octets to the upstream's."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FIELDS = b"Host: h\r\nConnection: close\r\n\r\n"
API = {"path": "/api"}
STRIPPED = {"path": "/api", "strip_prefix": True}
ODD = b"/%2F%2f%7E~%C3%A9//;+%20'\"^|{}`<>%zz%"


def line(target: bytes, method: bytes = b"GET") -> bytes:
    return method + b" " + target + b" HTTP/1.1"


LONG = b"/?" + b"&".join(b"k=%d" % i for i in range(2000))


@pytest.mark.parametrize(
    ("sent", "base", "route", "forwarded"),
    [
        pytest.param(line(ODD), "", {}, line(ODD), id="R1 every octet of the path"),
        pytest.param(line(b"//a//b"), "", {}, line(b"//a//b"), id="R1 leading double slash"),
        pytest.param(line(b"/a/./b/../c"), "", {}, line(b"/a/./b/../c"), id="R1 dot segments"),
        pytest.param(
            line(b"/?b=%zz&;+&a=2&a=1?x/../#"),
            "",
            {},
            line(b"/?b=%zz&;+&a=2&a=1?x/../"),
            id="R2 R13 the query octet for octet, the fragment off",
        ),
        pytest.param(line(LONG), "", {}, line(LONG), id="R2 a very long query"),
        pytest.param(line(b"/a?"), "", {}, line(b"/a?"), id="R3 a bare question mark stays"),
        pytest.param(line(b"/a?"), "", STRIPPED | {"path": "/"}, line(b"/a?"), id="R3 stripped"),
        pytest.param(line(b"/a"), "/b", {}, line(b"/b/a"), id="R3 R7 no question mark is added"),
        pytest.param(line(b"/api"), "", API, line(b"/api"), id="R5 the prefix itself"),
        pytest.param(line(b"/api/"), "", API, line(b"/api/"), id="R5 the prefix with a slash"),
        pytest.param(line(b"/api/x"), "", API, line(b"/api/x"), id="R5 below the prefix"),
        pytest.param(line(b"/api?x"), "", API, line(b"/api?x"), id="R5 the prefix with a query"),
        pytest.param(
            line(b"/api/x?/api/"),
            "",
            STRIPPED,
            line(b"/x?/api/"),
            id="R6 the query stays",
        ),
        pytest.param(line(b"/api"), "", STRIPPED, line(b"/"), id="R6 all stripped is a slash"),
        pytest.param(line(b"/api?a"), "", STRIPPED, line(b"/?a"), id="R6 all but the query"),
        pytest.param(line(b"/api//x"), "", STRIPPED, line(b"//x"), id="R6 R7 doubled slashes stay"),
        pytest.param(line(b"/x"), "/b/", {}, line(b"/b/x"), id="R7 one slash at the seam"),
        pytest.param(line(b"/"), "/b", {}, line(b"/b/"), id="R7 the root below a base"),
        pytest.param(line(b"//a%2Fb//"), "/b", {}, line(b"/b//a%2Fb//"), id="R7 slashes elsewhere"),
        pytest.param(line(b"/api"), "/b", STRIPPED, line(b"/b/"), id="R6 R7 stripped below a base"),
        pytest.param(line(b"/x?b=2"), "/?a=1", {}, line(b"/x?a=1&b=2"), id="R8 queries are merged"),
        pytest.param(line(b"/x"), "/?a=1", {}, line(b"/x?a=1"), id="R8 only the upstream's query"),
        pytest.param(line(b"/x?"), "/?a=1", {}, line(b"/x?a=1"), id="R8 an empty query adds no &"),
        pytest.param(line(b"http://o:9/p?q"), "", {}, line(b"/p?q"), id="R9 absolute form"),
        pytest.param(line(b"HTTP://o?q"), "", {}, line(b"/?q"), id="R9 an empty path is a slash"),
        pytest.param(
            line(b"*", b"OPTIONS"), "/b", {}, line(b"*", b"OPTIONS"), id="R10 R17 the asterisk"
        ),
        pytest.param(line(b"/", b"QUERY"), "", {}, line(b"/", b"QUERY"), id="R12 QUERY"),
        pytest.param(line(b"/", b"PROPFIND"), "", {}, line(b"/", b"PROPFIND"), id="R12 PROPFIND"),
        pytest.param(line(b"/", b"REPORT"), "", {}, line(b"/", b"REPORT"), id="R12 REPORT"),
        pytest.param(line(b"/", b"PURGE"), "", {}, line(b"/", b"PURGE"), id="R12 PURGE"),
        pytest.param(line(b"/#f"), "", {}, line(b"/"), id="R13 a fragment is not forwarded"),
        pytest.param(
            line(b"/" + b"a" * 8000), "", {}, line(b"/" + b"a" * 8000), id="R15 8000 octets pass"
        ),
    ],
)
async def test_a_target_reaches_the_upstream(
    answering: Start,
    proxy: Start,
    sent: bytes,
    base: str,
    route: Mapping[str, object],
    forwarded: bytes,
):
    upstream = await answering(OK)
    front = await proxy(upstream.url + base, **route)
    answer = await front.send(sent + b"\r\n" + FIELDS)
    assert [head.split(b"\r\n")[0] for head in upstream.heads] == [forwarded]
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


PREFLIGHT = b"Origin: http://localhost:3001\r\n", b"Access-Control-Request-Method: PUT\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(b"", id="R17 a plain OPTIONS"),
        pytest.param(PREFLIGHT[0], id="R17 OPTIONS without Access-Control-Request-Method"),
        pytest.param(PREFLIGHT[1], id="R17 OPTIONS without Origin"),
    ],
)
async def test_an_options_that_is_no_preflight_is_forwarded(
    answering: Start, proxy: Start, fields: bytes
):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    answer = await front.send(b"OPTIONS /a HTTP/1.1\r\n" + fields + FIELDS)
    assert upstream.heads[0].startswith(b"OPTIONS /a HTTP/1.1\r\n" + fields + b"Host: ")
    assert answer.endswith(b"\r\n\r\nok")


@pytest.mark.parametrize(
    ("route", "sent", "status"),
    [
        pytest.param(API, line(b"/api/../x"), 400, id="R4 dots"),
        pytest.param(API, line(b"/api/%2e%2E/x"), 400, id="R4 encoded dots"),
        pytest.param(API, line(b"/api/..%2fx"), 400, id="R4 an encoded slash"),
        pytest.param(API, line(b"/api/..%5cx"), 400, id="R4 an encoded backslash"),
        pytest.param(API, line(b"/api/..\\x"), 400, id="R4 a backslash"),
        pytest.param(API, line(b"/api/y/../../x"), 400, id="R4 dots after a segment"),
        pytest.param(API, line(b"/api/..;/x"), 400, id="R4 dots with a parameter"),
        pytest.param(STRIPPED, line(b"/api/.."), 400, id="R4 R6 dots where the prefix is stripped"),
        pytest.param({}, line(b"/.."), 400, id="R4 above the root"),
        pytest.param(API, line(b"/apix"), 404, id="R5 no whole segment"),
        pytest.param(API, line(b"/API"), 404, id="R5 case counts"),
        pytest.param(API, line(b"/x?/api"), 404, id="R5 the query does not count"),
        pytest.param(API, line(b"*", b"OPTIONS"), 404, id="R10 the asterisk below no prefix"),
        pytest.param({"path_regex": ".*"}, line(b"ftp://x/"), 404, id="R9 no URL of this proxy"),
        pytest.param({}, line(b"http://u@o/"), 400, id="R9 R28 an authority with a user"),
        pytest.param({}, line(b"o:443", b"CONNECT"), 405, id="R11 CONNECT"),
        pytest.param({}, line(b"/", b"TRACE"), 405, id="R11 TRACE"),
        pytest.param({}, line(b"/", b"get"), 400, id="R12 a method in lower case"),
        pytest.param({}, line(b"/", b"FOO"), 400, id="R12 an unknown method"),
        pytest.param({}, line(b"/", b"G(T"), 400, id="R12 no token"),
        pytest.param({}, line(b"/a b"), 400, id="R14 a blank"),
        pytest.param({}, line(b"/a\tb"), 400, id="R14 a tab"),
        pytest.param({}, line(b"/\x01"), 400, id="R14 a control character"),
        pytest.param({}, line(b"/\x7f"), 400, id="R14 DEL"),
        pytest.param({}, line(b"/\xc3\xa9"), 400, id="R14 raw UTF-8"),
        pytest.param({}, line(b"/?\xe9"), 400, id="R14 raw latin-1 in the query"),
        pytest.param({}, line(b"/" + b"a" * 33_000), 414, id="R15 over the default"),
        pytest.param({}, b"GET / HTTP/0.9", 505, id="R16 HTTP/0.9 by name"),
        pytest.param({}, b"GET / HTTP/1.2", 505, id="R16 HTTP/1.2"),
        pytest.param({}, b"GET / HTTP/2.0", 505, id="R16 HTTP/2.0"),
        pytest.param({}, b"GET / HTTP/3.0", 505, id="R16 HTTP/3.0"),
        pytest.param({}, b"GET / http/1.1", 400, id="R16 the name in lower case"),
        pytest.param({}, b"PRI * HTTP/2.0", 400, id="R16 the preface of HTTP/2"),
    ],
)
async def test_a_target_is_refused(
    answering: Start, proxy: Start, route: Mapping[str, object], sent: bytes, status: int
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, **route)
    answer = await front.send(sent + b"\r\n" + FIELDS)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"\r\n\r\n") == 1
    assert (upstream.connections, front.left_behind[1]) == (0, 0)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        pytest.param(b"/" + b"a" * 3000, 200, id="R15 under the limit"),
        pytest.param(b"/" + b"a" * 4096, 414, id="R15 over limits.header_size"),
    ],
)
async def test_the_limit_of_a_target_is_set(
    answering: Start, proxy: Start, target: bytes, status: int
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, {"limits": {"header_size": "4KiB"}})
    answer = await front.send(line(target) + b"\r\n" + FIELDS)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert len(upstream.heads) == (status == 200)


@pytest.mark.parametrize(
    ("target", "host", "served"),
    [
        pytest.param(b"http://a.example/x", b"b.example", b"a", id="R9 the target, not Host"),
        pytest.param(b"http://B.example:81/x", b"a.example", b"b", id="R9 any case, any port"),
        pytest.param(b"/x", b"b.example", b"b", id="R9 origin form goes by Host"),
    ],
)
async def test_an_absolute_target_is_routed_by_its_authority(
    answering: Start, proxy: Start, target: bytes, host: bytes, served: bytes
):
    routes = []
    for name in ("a", "b"):
        reply = f"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{name}".encode()
        routes.append({"host": f"{name}.example", "upstream": (await answering(reply)).url})
    front = await proxy("", {"routes": routes})
    raw = line(target) + b"\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
    assert (await front.send(raw)).endswith(b"\r\n\r\n" + served)


async def test_r16_http_0_9_gets_no_answer_of_its_kind(answering: Start, proxy: Start):
    upstream = await answering(OK)
    front = await proxy(upstream.url, {"timeouts": {"header": 0.1}})
    answer = await front.send(b"GET /\r\n")
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n")
    assert upstream.connections == 0


async def test_r11_what_follows_a_refused_connect_is_not_executed(answering: Start, proxy: Start):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    behind = b"GET /behind HTTP/1.1\r\nHost: h\r\n\r\n"
    answer = await front.send(b"CONNECT o:443 HTTP/1.1\r\nHost: o:443\r\n\r\n" + behind)
    assert answer.startswith(b"HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n")
    assert (answer.count(b"\r\n\r\n"), upstream.connections) == (1, 0)
