"""Requests on their way to an upstream; responses stand in test_heads_to_client.py."""

import pytest

from corsproxy.core.heads import Client, RequestHead, index_fields, to_upstream
from corsproxy.core.routes import HeaderEdits, Route
from corsproxy.core.targets import Target, parse
from corsproxy.core.upstreams import Address, ForwardProxy, Upstream, UpstreamTls

LEGACY = Upstream(Address("legacy", 8000))
BASE = Upstream(Address("legacy", 80), b"/v1", b"key=1")
PROXY = ForwardProxy("proxy", 3128, authorization=b"Basic YTpi")
CLIENT = Client("203.0.113.7")

WHO = (
    b"X-Forwarded-For: 203.0.113.7\r\n"
    b"X-Forwarded-Proto: http\r\n"
    b"X-Forwarded-Host: p:80\r\n"
    b'Forwarded: for=203.0.113.7;host="p:80";proto=http\r\n'
    b"Via: 1.1 corsproxy\r\n"
)


def route(**changes: object) -> Route:
    return Route(**{"name": "r", "upstream": LEGACY, **changes})  # type: ignore[arg-type]


def sent(lines: bytes, on: Route | None = None, client: Client = CLIENT, **how: bool) -> bytes:
    """Send a head written as on the wire, without its `Host: p:80`."""
    start, *rest = lines.split(b"\r\n")
    method, target = start.split(b" ")
    fields = [(b"Host", b"p:80")]
    for line in rest:
        name, _, value = line.partition(b": ")
        if name == b"Host":
            fields.pop(0)
        fields.append((name, value))
    fields = [field for field in fields if field != (b"Host", b"none")]
    parsed = parse(target)
    assert parsed is not None
    head = RequestHead(method, parsed, 1, fields, index_fields(fields))
    return to_upstream(head, on or route(), client, b"1.1 corsproxy", **how)


def test_fields_are_indexed_by_name_in_order():
    fields = [(b"A", b"1"), (b"b", b"2"), (b"a", b"3")]

    assert index_fields(fields) == {b"a": [b"1", b"3"], b"b": [b"2"]}


@pytest.mark.parametrize(
    ("request_", "changes", "start"),
    [
        pytest.param(b"GET /a", {}, b"GET /a", id="as it came"),
        pytest.param(
            b"GET //a/%2F%2f;x/../~?b=1&&b=2+%zz",
            {},
            b"GET //a/%2F%2f;x/../~?b=1&&b=2+%zz",
            id="R1 and R2: octet for octet",
        ),
        pytest.param(b"GET /a?", {}, b"GET /a?", id="R3: a bare ?"),
        pytest.param(b"M-SEARCH /a", {}, b"M-SEARCH /a", id="R12: any method"),
        pytest.param(b"purge /a", {}, b"purge /a", id="R12: in any case"),
        pytest.param(b"OPTIONS *", {}, b"OPTIONS *", id="R10: the asterisk"),
        pytest.param(b"GET http://p:80/a?b", {}, b"GET /a?b", id="R9: origin form"),
        pytest.param(b"GET http://p:80", {}, b"GET /", id="R9: an empty path"),
        pytest.param(b"GET /a#b", {}, b"GET /a", id="R13: no fragment"),
        pytest.param(
            b"GET /api//x?y",
            {"path": b"/api", "strip_prefix": True},
            b"GET //x?y",
            id="R6: the prefix stripped",
        ),
        pytest.param(
            b"GET /api",
            {"path": b"/api", "strip_prefix": True, "upstream": BASE},
            b"GET /v1/?key=1",
            id="R7: and the base put before",
        ),
        pytest.param(
            b"GET /a?b=2", {"upstream": BASE}, b"GET /v1/a?key=1&b=2", id="R8: queries merged"
        ),
        pytest.param(
            b"GET /a?b",
            {"upstream": Upstream(Address("legacy", 8000, proxy=PROXY))},
            b"GET http://legacy:8000/a?b",
            id="absolute form for a forward proxy",
        ),
        pytest.param(
            b"OPTIONS *",
            {"upstream": Upstream(Address("legacy", 8000, proxy=PROXY))},
            b"OPTIONS http://legacy:8000",
            id="the asterisk for a forward proxy (RFC 9112 §3.2.4)",
        ),
        pytest.param(
            b"GET /a",
            {"upstream": Upstream(Address("legacy", 443, UpstreamTls(), proxy=PROXY))},
            b"GET /a",
            id="origin form through a forward proxy's tunnel",
        ),
    ],
)
def test_the_request_line(request_: bytes, changes: dict[str, object], start: bytes):
    assert sent(request_, route(**changes)).partition(b" HTTP/1.1\r\n")[0] == start


@pytest.mark.parametrize(
    ("request_", "changes", "host"),
    [
        pytest.param(b"GET /", {}, b"Host: legacy:8000", id="R29: the upstream's own"),
        pytest.param(b"GET /", {"upstream": BASE}, b"Host: legacy", id="R29: no default port"),
        pytest.param(
            b"GET /",
            {"upstream": Upstream(Address("::1", 81))},
            b"Host: [::1]:81",
            id="R29: IPv6 in brackets",
        ),
        pytest.param(b"GET /", {"preserve_host": True}, b"Host: p:80", id="R29: preserved"),
        pytest.param(
            b"GET /\r\nHost: none",
            {"preserve_host": True},
            b"Host: legacy:8000",
            id="R28: preserved where there was none",
        ),
        pytest.param(
            b"GET http://q/",
            {"preserve_host": True},
            b"Host: q",
            id="R9: preserved from the absolute form",
        ),
        pytest.param(
            b"GET /",
            {"request_headers": HeaderEdits(set=((b"HOST", b"set"),)), "preserve_host": True},
            b"Host: set",
            id="R29: set",
        ),
        pytest.param(
            b"GET /",
            {"request_headers": HeaderEdits(set=((b"X-A", b"b"), (b"Host", b"set")))},
            b"Host: set",
            id="R29: set after others",
        ),
        pytest.param(
            b"GET /\r\nHost: none", {}, b"Host: legacy:8000", id="R28: added where there was none"
        ),
        pytest.param(
            b"GET /",
            {"request_headers": HeaderEdits(remove=(b"Host",))},
            b"Host: legacy:8000",
            id="R28: never removed",
        ),
    ],
)
def test_one_host_is_sent(request_: bytes, changes: dict[str, object], host: bytes):
    lines = sent(request_, route(**changes)).split(b"\r\n")

    assert [line for line in lines if line.lower().startswith(b"host:")] == [host]


@pytest.mark.parametrize(
    ("client", "fields", "who"),
    [
        pytest.param(
            Client("2001:db8::1", "https"),
            b"",
            b"X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: https\r\n"
            b"X-Forwarded-Host: p:80\r\n"
            b'Forwarded: for="[2001:db8::1]";host="p:80";proto=https\r\n',
            id="R24 and R25: IPv6, and TLS",
        ),
        pytest.param(
            Client("fe80::1%eth0"),
            b"",
            b"X-Forwarded-For: fe80::1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: p:80\r\n"
            b'Forwarded: for="[fe80::1]";host="p:80";proto=http\r\n',
            id="R24: IPv6 without its zone",
        ),
        pytest.param(
            Client(None),
            b"",
            b"X-Forwarded-Proto: http\r\nX-Forwarded-Host: p:80\r\n"
            b'Forwarded: for=unknown;host="p:80";proto=http\r\n',
            id="R24: a unix socket has no address",
        ),
        pytest.param(
            CLIENT,
            b"\r\nHost: app.my-host.example",
            b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http\r\n"
            b"X-Forwarded-Host: app.my-host.example\r\n"
            b"Forwarded: for=203.0.113.7;host=app.my-host.example;proto=http\r\n",
            id="R25: a host that needs no quotes",
        ),
        pytest.param(
            CLIENT,
            b"\r\nHost: none",
            b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http\r\n"
            b"Forwarded: for=203.0.113.7;proto=http\r\n",
            id="R24: no host was asked for",
        ),
    ],
)
def test_who_asks_is_told(client: Client, fields: bytes, who: bytes):
    head = sent(b"GET /" + fields, client=client)

    assert head == (
        b"GET / HTTP/1.1\r\nHost: legacy:8000\r\n" + who + b"Via: 1.1 corsproxy\r\n\r\n"
    )


@pytest.mark.parametrize("method", [b"OPTIONS", b"TRACE"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"7", b"6", id="one less"),
        pytest.param(b"1", b"0", id="the last hop"),
        pytest.param(b"0", b"0", id="never below zero"),
        pytest.param(b"x", b"x", id="no number"),
        pytest.param(b"-1", b"-1", id="no natural number"),
        pytest.param(b"9" * 10, b"9" * 10, id="a number of 10 digits"),
        pytest.param(b"9" * 5000, b"9" * 5000, id="a number of 5000 digits"),
    ],
)
def test_max_forwards_counts_down(method: bytes, before: bytes, after: bytes):
    """R27."""
    head = sent(method + b" /\r\nMax-Forwards: " + before)

    assert b"\r\nMax-Forwards: " + after + b"\r\n" in head


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        pytest.param(
            b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n"
            b"sec-websocket-protocol: p",
            b"Sec-WebSocket-Key: k\r\nsec-websocket-protocol: p\r\n"
            + WHO
            + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            id="R73: a WebSocket handshake",
        ),
        pytest.param(
            b"Connection: Upgrade\r\nUpgrade: a/1\r\nupgrade: b",
            WHO + b"Connection: Upgrade\r\nUpgrade: a/1, b\r\n\r\n",
            id="R76: other protocols",
        ),
        pytest.param(
            b"Connection: Upgrade\r\nUpgrade: a\r\nTransfer-Encoding: chunked",
            WHO + b"Connection: Upgrade\r\nUpgrade: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="R76: with content before it",
        ),
    ],
)
def test_an_upgrade_is_asked_for(fields: bytes, end: bytes):
    head = sent(b"GET /\r\n" + fields, upgrade=True)

    assert head == b"GET / HTTP/1.1\r\nHost: legacy:8000\r\n" + end


@pytest.mark.parametrize(
    ("minor", "passed"),
    [
        pytest.param(1, [b"Expect: 100-continue"], id="from HTTP/1.1"),
        pytest.param(0, [], id="not from HTTP/1.0"),
    ],
)
def test_something_is_expected(minor: int, passed: list[bytes]):
    """R30."""
    fields = [(b"Host", b"p"), (b"Expect", b"100-continue")]
    head = RequestHead(b"PUT", Target(b"/"), minor, fields, index_fields(fields))

    lines = to_upstream(head, route(), CLIENT, b"1.1 corsproxy").split(b"\r\n")

    assert [line for line in lines if line.startswith(b"Expect")] == passed
