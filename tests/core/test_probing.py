"""What an upstream is asked: three requests, as the route would send them, each question once."""

import re
from dataclasses import replace
from typing import Any

import pytest

from corsproxy.core.cors import CorsPolicy
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.messages import Client
from corsproxy.core.origins import compile_origins
from corsproxy.core.probing import Probe, Trouble
from corsproxy.core.routes import HeaderEdits, Route
from corsproxy.core.upstreams import Address, ForwardProxy, Upstream, UpstreamTls

CLIENT = Client("127.0.0.1")
LEGACY = Upstream(Address("legacy", 8000))


Told = Any
Texts = tuple[str, ...]


def policy(
    *origins: str, methods: Texts = (), headers: Texts = (), regexes: Texts = ()
) -> CorsPolicy:
    return CorsPolicy(origins=compile_origins(origins, regexes), methods=methods, headers=headers)


PAGE = policy("http://localhost:3001")
ROUTE = Route(name="a", upstream=LEGACY, policy=PAGE)
WHO = (
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Host: localhost",
    "Forwarded: for=127.0.0.1;host=localhost;proto=http",
    "Via: 1.1 corsproxy-probe",
)
USUAL = ("User-Agent: corsproxy-probe", "Accept: */*")


def lines(head: bytes) -> tuple[str, ...]:
    assert head.endswith(b"\r\n\r\n")
    return tuple(head.decode().split("\r\n")[:-2])


def test_the_three_requests():
    route = replace(ROUTE, policy=policy("http://localhost:3001", methods=("PUT",)))
    probe = Probe.of(route, None, CLIENT)
    host = "Host: legacy:8000"
    assert lines(probe.plain(b"HEAD")) == ("HEAD / HTTP/1.1", host, *USUAL, *WHO)
    assert lines(probe.foreign(b"GET")) == (
        "GET / HTTP/1.1",
        host,
        *USUAL,
        "Origin: http://localhost:3001",
        *WHO,
    )
    assert lines(probe.preflight) == (
        "OPTIONS / HTTP/1.1",
        host,
        *USUAL,
        "Access-Control-Request-Method: PUT",
        "Origin: http://localhost:3001",
        *WHO,
    )


TARGETS = {
    "the route's own path": ({"path": b"/api"}, b"/api"),
    "the upstream's path before it": (
        {"path": b"/api", "upstream": replace(LEGACY, path=b"/v1", query=b"k=1")},
        b"/v1/api?k=1",
    ),
    "no prefix where it is stripped": ({"path": b"/api", "strip_prefix": True}, b"/"),
    "the upstream's own path for a regular expression": (
        {"path": None, "path_regex": re.compile(b"/v[0-9]+"), "upstream": LEGACY},
        b"/",
    ),
}


@pytest.mark.parametrize(("changes", "target"), TARGETS.values(), ids=TARGETS)
def test_what_is_asked_for(changes: Told, target: bytes):
    probe = Probe.of(replace(ROUTE, **changes), None, CLIENT)
    assert (probe.target, probe.plain(b"HEAD").split(b" ")[1]) == (target, target)


SENT = {
    "an Origin that the route sets, in every request": (
        {"request_headers": HeaderEdits(set=((b"Origin", b"http://legacy"),))},
        {"Origin: http://legacy"},
    ),
    "a field that the route adds": (
        {"request_headers": HeaderEdits(add=((b"X-Key", b"1"),))},
        {"X-Key: 1"},
    ),
    "the host of the route where it is preserved": (
        {"preserve_host": True, "host": "api.example.com"},
        {"Host: api.example.com"},
    ),
    "some host below a pattern": (
        {"preserve_host": True, "host": "*.example.com"},
        {"Host: www.example.com"},
    ),
}


@pytest.mark.parametrize(("changes", "expected"), SENT.values(), ids=SENT)
def test_what_the_route_sends(changes: Told, expected: set[str]):
    probe = Probe.of(replace(ROUTE, **changes), None, CLIENT)
    for head in (probe.plain(b"HEAD"), probe.foreign(b"HEAD"), probe.preflight):
        assert expected <= set(lines(head))
        assert len([line for line in lines(head) if line.startswith("Origin")]) <= 1


def test_a_forward_proxy_is_asked_in_absolute_form():
    address = Address("legacy", 8000, proxy=ForwardProxy("p", 3128, authorization=b"Basic x"))
    probe = Probe.of(replace(ROUTE, upstream=Upstream(address)), None, CLIENT)
    head = lines(probe.plain(b"HEAD"))
    assert head[0] == "HEAD http://legacy:8000/ HTTP/1.1"
    assert "Proxy-Authorization: Basic x" in head


ORIGINS = {
    "the first that is named": (policy("https://*.a.com", "https://b.com"), b"https://b.com", True),
    "any port": (policy("http://localhost:*"), b"http://localhost:3000", True),
    "a name below": (policy("https://*.a.com:8443"), b"https://www.a.com:8443", True),
    "any origin": (policy("*"), b"https://app.example.com", True),
    "a regular expression": (
        policy(regexes=("https://a[0-9]+",)),
        b"https://app.example.com",
        False,
    ),
    "none at all": (None, b"https://app.example.com", False),
}


@pytest.mark.parametrize(("own", "origin", "known"), ORIGINS.values(), ids=ORIGINS)
def test_the_origin_of_a_policy(own: CorsPolicy | None, origin: bytes, known: bool):
    probe = Probe.of(replace(ROUTE, policy=own), None, CLIENT)
    assert (probe.origin, probe.known) == (origin, known)


def test_where_cors_is_off_the_origin_is_one_of_the_tables():
    probe = Probe.of(replace(ROUTE, policy=None), PAGE, CLIENT)
    assert (probe.origin, probe.known) == (b"http://localhost:3001", True)


ASKED = {
    "PUT where nothing more is allowed": (PAGE, b"PUT", ()),
    "PUT where cors is off": (None, b"PUT", ()),
    "PUT before others": (policy("*", methods=("DELETE", "PUT")), b"PUT", ()),
    "PUT and Content-Type where anything is": (
        policy("*", methods=("*",), headers=("*", "Authorization")),
        b"PUT",
        (b"authorization", b"content-type"),
    ),
    "what is allowed else": (
        policy("*", methods=("GET", "DELETE"), headers=("X-A",)),
        b"DELETE",
        (b"x-a",),
    ),
}


@pytest.mark.parametrize(("own", "method", "headers"), ASKED.values(), ids=ASKED)
def test_what_leave_is_asked_for(own: CorsPolicy | None, method: bytes, headers: tuple[bytes, ...]):
    probe = Probe.of(replace(ROUTE, policy=own), None, CLIENT)
    head = set(lines(probe.preflight))
    names = {f"Access-Control-Request-Headers: {b','.join(headers).decode()}"} if headers else set()
    assert (probe.method, probe.headers) == (method, headers)
    assert {f"Access-Control-Request-Method: {method.decode()}"} | names <= head


ONCE = {
    "another path": ({"path": b"/other"}, True),
    "another host": ({"host": "b.example.com"}, True),
    "another name": ({"name": "b"}, True),
    "another upstream": ({"upstream": replace(LEGACY, path=b"/v2")}, False),
    "another TLS": ({"upstream": Upstream(Address("legacy", 8000, UpstreamTls()))}, False),
    "other fields": ({"request_headers": HeaderEdits(remove=(b"Accept",))}, False),
    "another host that is preserved": ({"host": "b.example.com", "preserve_host": True}, False),
    "another origin": ({"policy": policy("https://b.com")}, False),
}


@pytest.mark.parametrize(("changes", "once"), ONCE.values(), ids=ONCE)
def test_routes_share_a_probe_that_would_ask_in_the_same_way(changes: Told, once: bool):
    one, other = (Probe.of(r, None, CLIENT) for r in (ROUTE, replace(ROUTE, **changes)))
    assert ((one == other), len({one, other}) == 1) == (once, once)


def test_the_upstreams_own_origin():
    for address, origin in [
        (Address("legacy", 8000), "http://legacy:8000"),
        (Address("legacy", 80), "http://legacy"),
        (Address("::1", 443, UpstreamTls()), "https://[::1]"),
        (Address("localhost", 80, socket="/run/a.sock"), "http://localhost"),
    ]:
        probe = Probe.of(replace(ROUTE, upstream=Upstream(address)), None, CLIENT)
        assert probe.own_origin == origin


@pytest.mark.parametrize(
    ("trouble", "may_pass"),
    [
        (Trouble(ProxyErrorType.CONNECTION_REFUSED), True),
        (Trouble(ProxyErrorType.DNS_ERROR), True),
        (Trouble(ProxyErrorType.CONNECTION_TERMINATED), True),
        (Trouble(ProxyErrorType.CONNECTION_TERMINATED, speaks="https"), False),
        (Trouble(ProxyErrorType.TLS_CERTIFICATE_ERROR), False),
        (Trouble(ProxyErrorType.HTTP_RESPONSE_TIMEOUT), False),
    ],
)
def test_what_may_pass_when_the_upstream_comes_up(trouble: Trouble, may_pass: bool):
    assert trouble.may_pass == may_pass
