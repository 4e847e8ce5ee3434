import re

import pytest

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.routes import HeaderEdits, Route, RouteTable
from corsproxy.core.targets import Target, parse
from corsproxy.core.upstreams import Address, Upstream

UPSTREAM = Upstream(Address("legacy", 8000))
OTHER = Upstream(Address("other", 8000))
CLIMBS = "the path's dot segments lead out of its route"


def route(**changes: object) -> Route:
    return Route(**{"name": "r", "upstream": UPSTREAM, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "path", "matches"),
    [
        pytest.param({}, b"/", True, id="/ serves the root"),
        pytest.param({}, b"/x/y", True, id="/ serves everything"),
        pytest.param({}, b"*", True, id="R10: / serves the asterisk"),
        pytest.param({"path": b"/api"}, b"*", False, id="R10: a prefix does not"),
        pytest.param({"path": b"/api"}, b"/api", True, id="R5: the prefix itself"),
        pytest.param({"path": b"/api"}, b"/api/", True, id="R5: with a slash"),
        pytest.param({"path": b"/api"}, b"/api/x", True, id="R5: below it"),
        pytest.param({"path": b"/api"}, b"/apix", False, id="R5: never /apix"),
        pytest.param({"path": b"/api"}, b"/API", False, id="R5: by letter case"),
        pytest.param({"path": b"/api"}, b"/ap", False, id="R5: never a part"),
        pytest.param({"path": b"/api"}, b"//api", False, id="R5: never after an empty segment"),
        pytest.param({"path": b"/api"}, b"/api%2Fx", False, id="an encoded slash is no segment"),
        pytest.param({"path": b"/api/"}, b"/api", True, id="a slash behind the prefix means less"),
        pytest.param({"path": b"/api/"}, b"/api/x", True, id="and below it the same"),
        pytest.param(
            {"path": None, "path_regex": re.compile(rb"/v[0-9]+/.*")}, b"/v1/x", True, id="a regex"
        ),
        pytest.param(
            {"path": None, "path_regex": re.compile(rb"/v[0-9]+")},
            b"/v1/x",
            False,
            id="a regex matches the whole path",
        ),
        pytest.param(
            {"path": None, "path_regex": re.compile(rb"/v[0-9]+")},
            b"/v1\n",
            False,
            id="to the last octet",
        ),
    ],
)
def test_a_route_serves_paths(changes: dict[str, object], path: bytes, matches: bool):
    assert route(**changes).matches_path(path) is matches


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        pytest.param(None, "", True, id="no host asked: any"),
        pytest.param("api.example.com", "api.example.com", True, id="the host"),
        pytest.param("api.example.com", "example.com", False, id="another"),
        pytest.param("*.example.com", "a.example.com", True, id="one label"),
        pytest.param("*.example.com", "a.b.example.com", True, id="two labels"),
        pytest.param("*.example.com", "example.com", False, id="never the apex"),
        pytest.param("*.example.com", ".example.com", False, id="never an empty label"),
        pytest.param("*.example.com", "evilexample.com", False, id="never a suffix"),
    ],
)
def test_a_route_serves_hosts(pattern: str | None, host: str, matches: bool):
    assert route(host=pattern).matches_host(host) is matches


@pytest.mark.parametrize(
    ("changes", "path", "forwarded"),
    [
        pytest.param({"path": b"/api"}, b"/api/x", b"/api/x", id="nothing is stripped unasked"),
        pytest.param({"path": b"/api", "strip_prefix": True}, b"/api/x", b"/x", id="the prefix"),
        pytest.param({"path": b"/api", "strip_prefix": True}, b"/api", b"/", id="R6: all is /"),
        pytest.param({"path": b"/api", "strip_prefix": True}, b"/api/", b"/", id="R6: so is /api/"),
        pytest.param(
            {"path": b"/api", "strip_prefix": True}, b"/api//x//", b"//x//", id="R1: slashes stay"
        ),
        pytest.param(
            {"path": b"/api", "strip_prefix": True}, b"/%61pi/%2Fx", b"/%2Fx", id="R1: escapes stay"
        ),
        pytest.param(
            {"path": b"/a/b/", "strip_prefix": True}, b"/a/b/c/d", b"/c/d", id="two segments"
        ),
        pytest.param({"path": b"/", "strip_prefix": True}, b"/x", b"/x", id="the root"),
        pytest.param({"path": b"/", "strip_prefix": True}, b"*", b"*", id="R10: the asterisk"),
        pytest.param(
            {"path": None, "path_regex": re.compile(b".*"), "strip_prefix": True},
            b"/x",
            b"/x",
            id="a regex has no prefix",
        ),
    ],
)
def test_a_route_strips_its_prefix(changes: dict[str, object], path: bytes, forwarded: bytes):
    assert route(**changes).forwarded_path(path) == forwarded


TABLE = RouteTable(
    [
        route(name="read", path=b"/api", methods=frozenset({b"GET", b"HEAD"})),
        route(name="write", path=b"/api", methods=frozenset({b"PUT", b"POST"}), upstream=OTHER),
        route(name="versions", path=None, path_regex=re.compile(rb"/v[0-9]/.*")),
        route(name="tenant", path=b"/shop", host="*.example.com"),
        route(name="shop", path=b"/shop/open", host="example.com"),
    ]
)


@pytest.mark.parametrize(
    ("method", "target", "host", "name"),
    [
        pytest.param(b"GET", b"/api/x", b"h", "read", id="the first that matches"),
        pytest.param(b"PUT", b"/api/x", b"h", "write", id="the first that serves the method"),
        pytest.param(b"GET", b"/api?/v1/", b"h", "read", id="R5: the query is not looked at"),
        pytest.param(b"GET", b"/%61pi", b"h", "read", id="rule 63: compared decoded"),
        pytest.param(b"GET", b"/api/../api/x", b"h", CLIMBS, id="R4: out and in again is out"),
        pytest.param(b"GET", b"/api/a/../x", b"h", "read", id="R1: dot segments inside pass"),
        pytest.param(b"GET", b"/api/a/..%2f..%2fx", b"h", CLIMBS, id="R4: encoded slashes"),
        pytest.param(b"GET", b"/v1/../v2/x", b"h", "versions", id="a regex that still matches"),
        pytest.param(b"GET", b"/v1/../admin", b"h", CLIMBS, id="R4: out of a regular expression"),
        pytest.param(b"GET", b"/v1/../api/x", b"h", CLIMBS, id="rule 63: into another route"),
        pytest.param(b"GET", b"/shop", b"A.Example.com:81", "tenant", id="hosts by any case"),
        pytest.param(b"GET", b"/shop/open", b"example.com", "shop", id="the apex"),
        pytest.param(b"GET", b"/x", b"h", "no route matches the path", id="no path"),
        pytest.param(b"GET", b"/shop", b"other", "no route matches the path", id="no host"),
        pytest.param(b"GET", b"*", b"h", "no route matches the path", id="no root route for *"),
        pytest.param(b"DELETE", b"/api", b"h", "no route serves this method here", id="no method"),
        pytest.param(b"get", b"/api", b"h", "no route serves this method here", id="methods' case"),
    ],
)
def test_a_table_finds_the_route(method: bytes, target: bytes, host: bytes, name: str):
    parsed = parse(target)
    assert parsed is not None

    found = TABLE.match(method, parsed, host)

    assert (found.name if isinstance(found, Route) else found.detail) == name


@pytest.mark.parametrize(
    ("method", "target", "kind", "status", "fields"),
    [
        pytest.param(
            b"GET", b"/x", ProxyErrorType.DESTINATION_NOT_FOUND, 404, (), id="404: no route"
        ),
        pytest.param(
            b"DELETE",
            b"/api",
            ProxyErrorType.HTTP_REQUEST_DENIED,
            405,
            ((b"Allow", b"GET, HEAD, POST, PUT"),),
            id="405: with every method served there",
        ),
        pytest.param(
            b"GET", b"/api/..", ProxyErrorType.HTTP_REQUEST_ERROR, 400, (), id="400: climbing"
        ),
    ],
)
def test_no_route_is_an_error_with_its_status(
    method: bytes, target: bytes, kind: ProxyErrorType, status: int, fields: object
):
    error = TABLE.match(method, Target(target), b"h")

    assert isinstance(error, GatewayError)
    assert (error.kind, error.status, error.fields) == (kind, status, fields)


@pytest.mark.parametrize(
    "target",
    [
        b"/x/../admin",
        b"/x/%2e%2e/admin/users",
        b"/x/..%2fadmin",
        b"/x/..\\admin",
        b"/./admin",
        b"/;/../admin",
        b"/x/../%61dmin",
    ],
)
def test_no_dot_segment_leads_from_a_lax_route_into_a_strict_one(target: bytes):
    """Rule 63 (flask-cors CVE-2024-6844, CVE-2024-6866, CVE-2024-6839)."""
    table = RouteTable([route(name="strict", path=b"/admin"), route(name="lax")])

    found = table.match(b"GET", Target(target), b"h")

    assert isinstance(found, GatewayError)
    assert found.status == 400


def test_dot_segments_that_stay_on_their_route_pass():
    table = RouteTable([route(name="strict", path=b"/admin"), route(name="lax")])

    assert table.match(b"GET", Target(b"/x/../y"), b"h") is table.routes[1]
    assert table.match(b"GET", Target(b"/../y"), b"h") is not table.routes[1]


def test_dot_segments_are_followed_only_to_routes_of_the_same_method_and_host():
    table = RouteTable(
        [
            route(name="put", path=b"/a", methods=frozenset({b"PUT"})),
            route(name="other", path=b"/a", host="other"),
            route(name="all"),
        ]
    )

    assert table.match(b"GET", Target(b"/x/../a"), b"h") is table.routes[2]
    assert isinstance(table.match(b"PUT", Target(b"/x/../a"), b"h"), GatewayError)
    assert isinstance(table.match(b"GET", Target(b"/x/../a"), b"other"), GatewayError)


def test_what_is_no_target_matches_no_regular_expression():
    table = RouteTable([route(path=None, path_regex=re.compile(b".*"))])

    assert table.match(b"GET", Target(b"*"), b"h") is table.routes[0]
    assert isinstance(table.match(b"GET", Target(b"a:443"), b"h"), GatewayError)


def test_edits_drop_what_is_set_or_removed_and_append_what_is_set_or_added():
    edits = HeaderEdits(set=((b"X-A", b"1"),), add=((b"X-B", b"2"),), remove=(b"X-C",))

    assert edits.dropped == {b"x-a", b"x-c"}
    assert edits.appended == ((b"X-A", b"1"), (b"X-B", b"2"))
