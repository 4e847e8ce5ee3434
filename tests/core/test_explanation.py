import re
from dataclasses import replace

import pytest

from corsproxy.core.advice import Change
from corsproxy.core.browser import Failure, PageRequest
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.errors import GatewayError
from corsproxy.core.explanation import Explanation, explain, where
from corsproxy.core.messages import Client
from corsproxy.core.origins import compile_origins
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.upstreams import Address, Upstream
from corsproxy.core.verdicts import Reason, Refusal

PAGE = "http://localhost:3001"
UPSTREAM = Upstream(Address("legacy", 8000))
VARY_PREFLIGHT = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
CLIENT = Client("127.0.0.1", loopback=True)
POLICY = CorsPolicy(origins=compile_origins([PAGE]), methods=("PUT",), headers=("X-Own",))
PUBLIC = CorsPolicy(origins=compile_origins(["*"]))
COOKIES = CorsPolicy(origins=compile_origins([PAGE]), credentials=True)
ALL = CorsPolicy(origins=compile_origins([PAGE]), credentials=True, expose=("*",))
BLOCK = CorsPolicy(origins=compile_origins([PAGE]), block=True)
REPORT = replace(POLICY, report=True)
TABLE = RouteTable(
    (
        Route(name="far", upstream=UPSTREAM, host="far.example", policy=POLICY),
        Route(name="read", upstream=UPSTREAM, path=b"/api", methods=frozenset({b"GET", b"HEAD"}),
              policy=PUBLIC),
        Route(name="api", upstream=UPSTREAM, path=b"/api", policy=POLICY, place="routes[2]"),
        Route(name="public", upstream=UPSTREAM, path=b"/public", policy=PUBLIC),
        Route(name="session", upstream=UPSTREAM, path=b"/session", policy=COOKIES),
        Route(name="all", upstream=UPSTREAM, path=b"/all", policy=ALL),
        Route(name="block", upstream=UPSTREAM, path=b"/block", policy=BLOCK),
        Route(name="off", upstream=UPSTREAM, path=b"/off"),
        Route(name="report", upstream=UPSTREAM, path=b"/report", policy=REPORT),
    ),
    POLICY,
)  # fmt: skip


def explained(
    path: str,
    method: bytes = b"GET",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    *,
    origin: str = PAGE,
    credentials: bool = False,
    reads: tuple[bytes, ...] = (),
) -> Explanation:
    request = PageRequest.from_script(
        origin.encode(), f"http://proxy:8080{path}", method, headers, credentials=credentials
    )
    assert isinstance(request, PageRequest)
    return explain(TABLE, request, CLIENT, reads)


def test_an_allowed_preflight_and_its_request():
    found = explained("/api/users?a=b", b"PUT")

    assert found.allowed
    assert found.change is None
    asked, sent = found.turns
    assert (asked.request.method, asked.request.target.path) == (b"OPTIONS", b"/api/users")
    assert asked.request.target.query == b"a=b"
    assert asked.request.fields == (
        (b"Host", b"proxy:8080"),
        (b"Accept", b"*/*"),
        (b"Access-Control-Request-Method", b"PUT"),
        (b"Origin", PAGE.encode()),
    )
    assert (asked.status, asked.fields) == (
        204,
        (
            (b"Access-Control-Allow-Origin", PAGE.encode()),
            (b"Access-Control-Allow-Methods", b"PUT"),
            (b"Access-Control-Allow-Headers", b"X-Own"),
            (b"Vary", VARY_PREFLIGHT),
        ),
    )
    assert sent.request.fields == ((b"Host", b"proxy:8080"), (b"Origin", PAGE.encode()))
    assert (sent.status, sent.fields) == (
        200,
        ((b"Access-Control-Allow-Origin", PAGE.encode()), (b"Vary", b"Origin")),
    )


def test_the_routes_passed_over_have_their_reasons():
    found = explained("/api", b"PUT")

    assert [(route.name, why) for route, why in found.passed_over] == [
        ("far", "it serves the host far.example"),
        ("read", "it serves GET, HEAD alone"),
    ]
    assert isinstance(found.match, Route)
    assert found.match.name == "api"


def test_a_preflight_is_routed_by_the_method_it_asks_for():
    got, put = explained("/api"), explained("/api", b"PUT")

    assert (got.policy, put.policy) == (PUBLIC, POLICY)
    assert explained("/api", headers=((b"X-Own", b"1"),)).turns[0].status == 403
    assert put.turns[0].status == 204


def test_the_paths_passed_over_are_told():
    assert [why for _, why in explained("/off").passed_over] == [
        "it serves the host far.example",
        "it serves /api",
        "it serves /api",
        "it serves /public",
        "it serves /session",
        "it serves /all",
        "it serves /block",
    ]


def test_a_path_that_climbs_out_is_told():
    found = explained("/api/..%2f..%2fx")

    assert isinstance(found.match, GatewayError)
    assert ("api", "the path's dot segments lead out of it") in [
        (route.name, why) for route, why in found.passed_over
    ]


REFUSED = {
    "an origin": (
        explained("/api", b"POST", origin="http://localhost:5173"),
        Refusal(
            Reason.ORIGIN_NOT_ALLOWED,
            "http://localhost:5173",
            f"differs only by the port from '{PAGE}'",
        ),
        Failure.ORIGIN_MISSING,
        Change("allow_origins", "http://localhost:5173"),
    ),
    "a method": (
        explained("/api", b"DELETE"),
        Refusal(Reason.METHOD_NOT_ALLOWED, "DELETE"),
        Failure.ORIGIN_MISSING,
        Change("allow_methods", "DELETE"),
    ),
    "a header, in the page's own letter case": (
        explained("/api", b"POST", headers=((b"X-Trace", b"1"),)),
        Refusal(Reason.HEADER_NOT_ALLOWED, "x-trace"),
        Failure.ORIGIN_MISSING,
        Change("allow_headers", "X-Trace"),
    ),
    "credentials": (
        explained("/api", b"POST", credentials=True),
        None,
        Failure.CREDENTIALS_MISSING,
        Change("allow_credentials", entry=True),
    ),
    "credentials where anyone may": (
        explained("/public", credentials=True),
        None,
        Failure.ORIGIN_WILDCARD,
        Change("allow_origins", PAGE, "*"),
    ),
    "a header that the page reads": (
        explained("/api", reads=(b"Content-Type", b"X-Total")),
        None,
        Failure.HEADER_UNREADABLE,
        Change("expose_headers", "X-Total"),
    ),
    "what is no origin": (
        explained("/api", b"POST", origin=f"{PAGE}/"),
        Refusal(Reason.ORIGIN_MALFORMED, f"{PAGE}/", "browsers send no trailing slash"),
        Failure.ORIGIN_MISSING,
        None,
    ),
    "an origin that is blocked": (
        explained("/block", origin="https://b.example"),
        Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://b.example"),
        Failure.ORIGIN_MISSING,
        Change("allow_origins", "https://b.example"),
    ),
    "what is left to the upstream": (explained("/off"), None, Failure.ORIGIN_MISSING, None),
    "a preflight that is left to the upstream": (
        explained("/off", b"PUT"),
        None,
        Failure.ORIGIN_MISSING,
        None,
    ),
}


@pytest.mark.parametrize(
    ("found", "refusal", "failure", "change"), REFUSED.values(), ids=REFUSED.keys()
)
def test_a_refusal_has_its_reason_and_the_edit_against_it(
    found: Explanation, refusal: Refusal | None, failure: Failure, change: Change | None
):
    assert not found.allowed
    assert found.refusal == refusal
    assert found.failure is not None
    assert found.failure.failure == failure
    assert found.change == change


def test_what_is_blocked_is_answered_403():
    assert explained("/block", origin="https://b.example").turns[0].status == 403
    assert explained("/block").turns[0].status == 200


def test_what_is_only_reported_is_allowed_and_told():
    found = explained("/report", b"PATCH")

    assert (found.allowed, found.refusal, found.change) == (True, None, None)
    assert found.reported == Refusal(Reason.METHOD_NOT_ALLOWED, "PATCH")
    assert [turn.reported for turn in found.turns] == [found.reported, None]
    told = explained("/report", origin="https://evil.example").reported
    assert told == Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://evil.example")
    assert explained("/report").reported is None


def test_no_route_is_not_allowed_though_the_page_reads_the_404():
    found = explained("/nowhere")

    assert (found.allowed, found.failure, found.refusal, found.change) == (False, None, None, None)
    assert found.turns[-1].status == 404
    assert found.policy == POLICY
    assert explained("/nowhere", origin="https://b.example").change is None


def test_a_refused_preflight_is_answered_403():
    assert explained("/api", b"DELETE").turns[-1].status == 403


def test_a_method_that_no_route_serves_is_answered_405():
    table = RouteTable(TABLE.routes[1:2], POLICY)
    request = PageRequest(origin=PAGE.encode(), urls=("http://proxy/api",), method=b"PUT")
    last = explain(table, request, CLIENT).turns[-1]

    assert (last.status, (b"Allow", b"GET, HEAD") in last.fields) == (405, True)


@pytest.mark.parametrize("path", ["/api", "/block", "/off"])
def test_cors_has_no_say_on_the_pages_own_origin(path: str):
    found = explained(path, b"POST", origin="http://proxy:8080")

    assert found.allowed
    assert found.preflight is None
    assert found.turns[0].findings[0].section == "Fetch §4.1, main fetch"


def test_to_its_own_origin_a_page_gets_without_an_origin_field():
    assert explained("/api", origin="http://proxy:8080").turns[0].request.named == {
        b"host": [b"proxy:8080"]
    }


def test_an_upstream_is_asked_for_credentials_where_they_are_allowed():
    assert explained("/session", credentials=True).allowed


def test_what_a_page_reads_of_an_answer_is_among_its_headers():
    found = explained("/all", credentials=True, reads=(b"X-Total",))

    assert found.allowed
    assert (b"Access-Control-Expose-Headers", b"x-total, date, vary") in found.turns[0].fields
    assert explained("/nowhere", reads=(b"X-Total",)).failure is None


def test_where_a_route_is():
    assert where(TABLE.routes[1]) == "/api"
    assert where(Route(name="all", upstream=UPSTREAM)) == "/"
    assert (
        where(Route(name="v", upstream=UPSTREAM, path_regex=re.compile(rb"/v[0-9]"))) == "~/v[0-9]"
    )
