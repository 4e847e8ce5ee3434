from collections.abc import Callable

import pytest

from corsproxy.config.messages import validate
from corsproxy.config.report import Report
from corsproxy.config.tree import Node

ROUTES = "routes: [{upstream: 'http://a', cors: off}]\n"


@pytest.mark.parametrize(
    ("routes", "problem"),
    [
        (
            "  path:/api",
            '"path:/api": a blank is missing behind the colon; write - path: /api',
        ),
        (
            "  /api: http://b",
            (
                "expected a list, got a mapping; "
                "write - path: /api, and in the line under it upstream: http://b"
            ),
        ),
        (
            "  /api: {upstream: http://b}",
            (
                "expected a list, got a mapping; "
                "write - path: /api, and in the line under it upstream: http://b"
            ),
        ),
        (
            "  /api: 5",
            (
                "expected a list, got a mapping; "
                "write - path: /api, and in the line under it upstream: http://localhost:8000"
            ),
        ),
        (
            "  path: /api",
            "expected a list, got a mapping; write a dash and a blank before its first key: - path",
        ),
        ("  {}", "expected a list, got a mapping"),
    ],
)
def test_routes_that_are_no_list(routes: str, problem: str, tell: Callable[..., list[str]]):
    assert tell(f"routes:\n{routes}") == [f"2:3: routes: {problem}"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "cors: {allow_origins: 'https://a, https://b'}",
            ('2:23: cors.allow_origins: "https://a, https://b": expected a list, got text; '
            'write ["https://a", "https://b"]'),
        ),
        (
            "cors: {allow_origins: 5}",
            "2:23: cors.allow_origins: 5: expected a list, got the number 5",
        ),
        (
            "cors: {allow_origins: {a: b}}",
            "2:23: cors.allow_origins: expected a list, got a mapping",
        ),
        (
            "cors: {allow_methods: [on]}",
            '2:24: cors.allow_methods[0]: true: expected text, got the boolean true; write "on"',
        ),
        (
            "cors: 'allow_origins:[http://a]'",
            ('2:7: cors: "allow_origins:[http://a]": a blank is missing behind the colon; '
            "write allow_origins: [http://a]"),
        ),
        (
            "cors: {allow_origins: '-http://a -http://b'}",
            ('2:23: cors.allow_origins: "-http://a -http://b": a blank is missing behind the dash; '
            'write ["http://a", "http://b"]'),
        ),
        ("cors: x", '2:7: cors: "x": expected a mapping, got text'),
        ("cors: [x]", "2:7: cors: expected a mapping, got a list"),
        (
            "cors: off",
            "2:7: cors: false: `off` stands on a route, and leaves CORS to its upstream",
        ),
        ("timeouts: 5", "2:11: timeouts: 5: expected a mapping, got the number 5"),
        ("log: {access: 'yes'}", ('2:15: log.access: "yes": expected true or false, got text; '
                                 "write true, without quotes")),
        ("log: {level: WARN}", ('2:14: log.level: "WARN": expected debug, info, warning or error; '
                               "write warning")),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind(line: str, problem: str, tell: Callable[..., list[str]]):
    assert tell(ROUTES + line) == [problem]


def test_a_wrong_key_is_told_at_the_key(tell_route: Callable[..., list[str]]):
    assert tell_route("request_headers: {set: {'A B': x}}") == [
        '3:28: routes[0].request_headers.set["A B"]: one header\'s name an item; write [A, B]'
    ]


def test_what_is_wrong_is_taken_out_and_the_rest_is_validated(
    tree: Callable[[object], Node], report: Report
):
    root = tree({"routes": [{"upstream": "x"}, 5, {"upstream": "http://a", "host": "B"}]})
    table = validate(root, report)
    assert [problem.path for problem in report.problems] == [
        "routes[0].upstream",
        "routes[1]",
        "routes[2].host",
    ]
    assert [route.upstream is None for route in table.routes] == [True, False]
    assert root.plain() == {"routes": [{}, {"upstream": "http://a"}]}
