import re
from collections.abc import Callable

import pytest

from corsproxy.config import Config
from corsproxy.core.limits import Timeouts
from corsproxy.core.routes import CookieRules, HeaderEdits, Route
from corsproxy.core.upstreams import Address, Upstream

Tell = Callable[..., list[str]]


def only_route(load: Callable[..., Config], written: str) -> Route:
    (route,) = load(f"routes: [{{upstream: 'http://a', cors: off, {written}}}]").table.routes
    return route


def test_a_route_with_all_its_keys(load: Callable[..., Config]):
    route = only_route(
        load,
        "name: n, path: /api/, host: '*.a.b', methods: [get, PATCH], strip_prefix: yes,"
        "preserve_host: yes, rewrite_location: no,"
        "request_headers: {set: {Host: h, X-A: é}, add: {X-B: b}, remove: [X-C]},"
        "response_headers: {set: {X-D: d}, add: {Vary: Accept}, remove: [Server]},"
        "cookies: {domain: strip, path: /, same_site: none, secure: on},"
        "timeouts: {idle: off, connect: 1}, limits: {request_body: 1MiB}",
    )
    assert route == Route(
        name="n",
        upstream=Upstream(Address("a", 80)),
        path=b"/api",
        host="*.a.b",
        methods=frozenset({b"GET", b"PATCH"}),
        strip_prefix=True,
        preserve_host=True,
        rewrite_location=False,
        request_headers=HeaderEdits(
            ((b"Host", b"h"), (b"X-A", b"\xe9")), ((b"X-B", b"b"),), (b"X-C",)
        ),
        response_headers=HeaderEdits(((b"X-D", b"d"),), ((b"Vary", b"Accept"),), (b"Server",)),
        cookies=CookieRules("", "/", "None", secure=True),
        timeouts=Timeouts(connect=1.0, idle=None),
        request_body=1024 * 1024,
        place="routes[0]",
        policy_place="cors",
    )


def test_a_route_with_none_of_its_keys(load: Callable[..., Config]):
    assert only_route(load, "") == Route(name="/", upstream=Upstream(Address("a", 80)))


def test_a_route_of_a_regular_expression(load: Callable[..., Config]):
    route = only_route(load, "path_regex: '/v[0-9]+'")
    assert (route.name, route.path) == ("/v[0-9]+", None)
    assert route.path_regex == re.compile(rb"/v[0-9]+")


def test_local_cookies(load: Callable[..., Config]):
    route = only_route(load, "cookies: local")
    assert (route.cookies, route.cookies_local) == (None, True)


def test_what_a_route_does_not_say_is_said_at_the_top(load: Callable[..., Config]):
    config = load(
        """
        timeouts: {response: 5, idle: 6, header: 7}
        limits: {request_body: 10, connections: 3}
        routes:
        - {path: /a, upstream: "http://a", cors: off, timeouts: {idle: 8}}
        - {path: /b, upstream: "http://a", cors: off, limits: {request_body: off}}
        """
    )
    first, second = config.table.routes
    assert first.timeouts == Timeouts(header=7.0, response=5.0, idle=8.0)
    assert second.timeouts == config.timeouts == Timeouts(header=7.0, response=5.0, idle=6.0)
    assert (first.request_body, second.request_body, config.limits.request_body) == (10, None, 10)
    assert [first.place, second.place] == ["routes[0]", "routes[1]"]


@pytest.mark.parametrize(
    ("route", "problems"),
    [
        (
            "path: /a, path_regex: /b",
            ["3:14: routes[0].path_regex: a route has a path or a path_regex, not both"],
        ),
        (
            "path_regex: /b, strip_prefix: true",
            [
                (
                    "3:20: routes[0].strip_prefix: a regular expression has no prefix to strip; "
                    "write `path` instead of `path_regex`"
                )
            ],
        ),
        (
            "request_headers: {set: {X-A: a, x-a: b}}",
            [
                (
                    "3:36: routes[0].request_headers.set.x-a: set already: "
                    "the case of a header's name doesn't count"
                )
            ],
        ),
        (
            "request_headers: {set: {X-A: 1}}",
            [
                (
                    "3:33: routes[0].request_headers.set.X-A: 1: expected text, got the number 1; "
                    'write "1"'
                )
            ],
        ),
        (
            "response_headers: {set: {Vary: a}}",
            [
                (
                    "3:29: routes[0].response_headers.set.Vary: "
                    "caches need the Vary of the policy: it can only be added to"
                )
            ],
        ),
        (
            "cookies: remote",
            ['3:13: routes[0].cookies: "remote": expected local, or a mapping; write local'],
        ),
        (
            "cookies: {same_site: None, secure: 'true'}",
            [
                (
                    '3:25: routes[0].cookies.same_site: "None": '
                    "expected none, lax or strict; write none"
                ),
                (
                    '3:39: routes[0].cookies.secure: "true": expected true or false, got text; '
                    "write true, without quotes"
                ),
            ],
        ),
        ("host: ", ["3:4: routes[0].host: the key has no value: give it one or leave it out"]),
        ("methods: [null]", ["3:14: routes[0].methods[0]: the item has no value"]),
    ],
)
def test_what_is_wrong_with_a_route(route: str, problems: list[str], tell_route: Tell):
    assert tell_route(route) == problems
