"""A long table answers as one that is walked route by route."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.route_index import RouteIndex
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.targets import Target
from corsproxy.core.upstreams import Address, Upstream

UPSTREAM = Upstream(Address("legacy", 8000))
SEGMENTS = st.sampled_from([b"a", b"b", b"ab", b"", b".", b"..", b"%61", b"a;x", b"%2f"])
HOSTS = ["a.example", "b.a.example", "example", "*.a.example", "*.example"]

paths = st.builds(lambda parts: b"/" + b"/".join(parts), st.lists(SEGMENTS, max_size=4))
prefixes = st.sampled_from([b"/", b"/a", b"/a/", b"/a/b", b"/a/b/ab", b"/b", b"/ab", b"//a"])
regexes = st.sampled_from([rb"/a/.*", rb"/[ab]", rb".*", rb"\*"]).map(re.compile)
methods = st.frozensets(st.sampled_from([b"GET", b"PUT"]), max_size=1)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    regex = draw(st.none() | st.none() | regexes)
    return Route(
        name="r",
        upstream=UPSTREAM,
        path=None if regex else draw(prefixes),
        path_regex=regex,
        host=draw(st.none() | st.sampled_from(HOSTS)),
        methods=draw(methods),
    )


tables = st.lists(routes(), max_size=24).map(
    lambda drawn: tuple(replace(route, name=str(i)) for i, route in enumerate(drawn))
)
targets = paths | st.just(b"*") | st.just(b"nonsense") | st.just(b"")
hosts = st.sampled_from([b"a.example", b"B.a.example:80", b"x.y.a.example", b"example", b"", b"z"])


def said(match: object) -> object:
    return match.name if isinstance(match, Route) else str(match)


@given(tables, targets, hosts, st.sampled_from([b"GET", b"PUT", b"DELETE"]))
def test_the_index_changes_no_answer(table, path, host, method):  # noqa: ANN001
    plain = RouteTable(table)
    indexed = RouteTable(table)
    object.__setattr__(plain, "_index", None)
    object.__setattr__(indexed, "_index", RouteIndex(table))
    target = Target(path)
    assert said(indexed.match(method, target, host)) == said(plain.match(method, target, host))


def test_few_of_many_routes_are_looked_at():
    table = tuple(
        Route(name=str(i), upstream=UPSTREAM, path=b"/r%d" % i, host=host)
        for i in range(500)
        for host in (None, f"h{i}.example")
    )
    found = RouteIndex(table).candidates(table, b"/r7/x", "h7.example")
    assert [(route.name, route.host) for route in found] == [("7", None), ("7", "h7.example")]


def test_routes_by_a_regular_expression_stay_in_their_place():
    names = ["a", "regex", "b"]
    table = (
        Route(name="a", upstream=UPSTREAM, path=b"/a"),
        Route(name="regex", upstream=UPSTREAM, path=None, path_regex=re.compile(rb"/x")),
        Route(name="b", upstream=UPSTREAM, path=b"/"),
    )
    found = RouteIndex(table).candidates(table, b"/a/b", "")
    assert [route.name for route in found] == names
