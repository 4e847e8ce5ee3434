"""The fields of requests on their way to an upstream (R18 to R26)."""

import pytest

from corsproxy.core.heads import Client, RequestHead, index_fields, to_upstream
from corsproxy.core.routes import HeaderEdits, Route
from corsproxy.core.targets import Target
from corsproxy.core.upstreams import Address, ForwardProxy, Upstream, UpstreamTls

LEGACY = Upstream(Address("legacy", 8000))
PROXY = ForwardProxy("proxy", 3128, authorization=b"Basic YTpi")
WHO = (
    b"X-Forwarded-For: 203.0.113.7\r\n"
    b"X-Forwarded-Proto: http\r\n"
    b"X-Forwarded-Host: p:80\r\n"
    b'Forwarded: for=203.0.113.7;host="p:80";proto=http\r\n'
    b"Via: 1.1 corsproxy\r\n"
)


def route(**changes: object) -> Route:
    return Route(**{"name": "r", "upstream": LEGACY, **changes})  # type: ignore[arg-type]


def edits(**changes: object) -> Route:
    return route(request_headers=HeaderEdits(**changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "changed", "passed"),
    [
        pytest.param(b"", route(), WHO, id="R23: nothing is injected"),
        pytest.param(
            b"accept: a\r\nX-B:  c \r\nACCEPT: b\r\nx-empty: \r\nx-user: Jos\xe9\r\nCookie: a=b",
            route(),
            b"accept: a\r\nX-B:  c \r\nACCEPT: b\r\nx-empty: \r\nx-user: Jos\xe9\r\nCookie: a=b\r\n"
            + WHO,
            id="R18 and R19: order, case, repeats and every octet",
        ),
        pytest.param(
            b"Authorization: a\r\nOrigin: o\r\nRange: r\r\nIf-Match: i\r\nAccept-Encoding: br",
            route(),
            b"Authorization: a\r\nOrigin: o\r\nRange: r\r\nIf-Match: i\r\nAccept-Encoding: br\r\n"
            + WHO,
            id="R36: untouched",
        ),
        pytest.param(
            b"Connection: keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: c\r\nTE: trailers\r\n"
            b"Trailer: X\r\nUpgrade: h2c\r\nProxy-Authorization: a\r\nX-A: 1",
            route(),
            b"X-A: 1\r\n" + WHO,
            id="R20: what is for one hop only",
        ),
        pytest.param(
            b"Connection: X-A\r\nX-a: 1\r\nconnection: x-B , close,\r\nX-B: 2\r\nConnection: \r\n"
            b"X-C: 3",
            route(),
            b"X-C: 3\r\n" + WHO,
            id="R20: what Connection names, in any case, on several lines",
        ),
        pytest.param(
            b"Connection: X-Forwarded-For, X-Forwarded-Host, Forwarded, Via\r\nVia: 1.0 a",
            route(),
            WHO,
            id="R21: but never our own fields (CVE-2025-48865)",
        ),
        pytest.param(
            b"Connection: Host, Content-Length, Cookie\r\nContent-Length: 3\r\nCookie: a",
            route(),
            b"Content-Length: 3\r\nCookie: a\r\n" + WHO,
            id="R21: nor what would corrupt the request",
        ),
        pytest.param(
            b"X-Forwarded-For: 6.6.6.6\r\nx-forwarded-proto: https\r\nX-Forwarded-Host: evil\r\n"
            b"Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Port: 1\r\n"
            b"X-Forwarded-Server: s\r\nX-Forwarded-By: b\r\nX-Forwarded-Prefix: /p\r\n"
            b"X-Forwarded-Anything: a\r\nX-Forwarded: for=6.6.6.6",
            route(),
            b"X-Forwarded: for=6.6.6.6\r\n" + WHO,
            id="R24 and R25: what anyone could have written is replaced",
        ),
        pytest.param(
            b"X_Forwarded_For: 6.6.6.6\r\nx-forwarded_proto: https\r\nX_REAL_IP: 6\r\n"
            b"X_Forwarded_Prefix: /p\r\nx_other: 1",
            route(),
            b"x_other: 1\r\n" + WHO,
            id="R22: so are their twins (CVE-2025-64484)",
        ),
        pytest.param(
            b"X_User: evil\r\nx-user: evil\r\nX-Tenant: evil\r\nX_Key: evil\r\nx_other: 1",
            edits(set=((b"X-User", b"me"), (b"X_Tenant", b"us")), remove=(b"X-Key",)),
            b"x_other: 1\r\n" + WHO + b"X-User: me\r\nX_Tenant: us\r\n",
            id="R22: and those of fields that the route sets or removes",
        ),
        pytest.param(
            b"Via: 1.0 a, 1.1 b\r\nvia: 1.1 c",
            route(),
            b"Via: 1.0 a, 1.1 b\r\nvia: 1.1 c\r\n" + WHO,
            id="R26: Via is extended",
        ),
        pytest.param(
            b"Max-Forwards: 7", route(), b"Max-Forwards: 7\r\n" + WHO, id="R27: not for GET"
        ),
        pytest.param(
            b"Transfer-Encoding: chunked",
            route(),
            WHO + b"Transfer-Encoding: chunked\r\n",
            id="R33: chunked stays chunked",
        ),
        pytest.param(
            b"Content-Length: 3", route(), b"Content-Length: 3\r\n" + WHO, id="R33: sized, sized"
        ),
        pytest.param(
            b"X-A: 1\r\nx-b: 1\r\nX-B: 2\r\nX-C: 1",
            edits(set=((b"X-A", b"2"),), add=((b"X-C", b"2"), (b"Host", b"no")), remove=(b"x-B",)),
            b"X-C: 1\r\n" + WHO + b"X-A: 2\r\nX-C: 2\r\n",
            id="set replaces, add adds, remove removes",
        ),
        pytest.param(
            b"Via: 1.1 a\r\nOrigin: o",
            edits(
                remove=(b"via", b"X-Forwarded-For", b"forwarded"),
                set=((b"Origin", b"http://legacy:8000"), (b"X-Forwarded-Host", b"h")),
            ),
            b"X-Forwarded-Proto: http\r\nOrigin: http://legacy:8000\r\nX-Forwarded-Host: h\r\n",
            id="R24 and R26: our own fields can be turned off or set",
        ),
        pytest.param(
            b"X-A: 1",
            route(upstream=Upstream(Address("legacy", 8000, proxy=PROXY))),
            b"X-A: 1\r\nProxy-Authorization: Basic YTpi\r\n" + WHO,
            id="a forward proxy's credentials",
        ),
        pytest.param(
            b"X-A: 1",
            route(upstream=Upstream(Address("legacy", 8000, UpstreamTls(), proxy=PROXY))),
            b"X-A: 1\r\n" + WHO,
            id="which are not for what is behind its tunnel",
        ),
        pytest.param(
            b"X-A: 1",
            route(upstream=Upstream(Address("legacy", 8000, proxy=ForwardProxy("p", 1)))),
            b"X-A: 1\r\n" + WHO,
            id="a forward proxy without credentials",
        ),
    ],
)
def test_the_fields(fields: bytes, changed: Route, passed: bytes):
    lines = (line.partition(b": ") for line in fields.split(b"\r\n") if line)
    came = [(b"Host", b"p:80"), *((name, value) for name, _, value in lines)]
    head = RequestHead(b"GET", Target(b"/"), 1, came, index_fields(came))

    start, host, rest = to_upstream(head, changed, Client("203.0.113.7"), b"1.1 corsproxy").split(
        b"\r\n", 2
    )

    assert start.endswith(b" HTTP/1.1")
    assert host == b"Host: legacy:8000"
    assert rest == passed + b"\r\n"
