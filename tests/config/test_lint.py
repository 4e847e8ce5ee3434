from collections.abc import Callable

import pytest

from corsproxy.config import Config

Tell = Callable[..., list[str]]
HIDDEN = "no request gets here:"
FIRST = "write the narrower route first"


@pytest.mark.parametrize(
    ("policy", "level", "problem"),
    [
        (
            "max_age: 20d",
            "warning",
            (
                '1:47: cors.max_age: "20d": no browser honours it: Firefox stops at 86400 s, '
                "Chromium at 7200, Safari at 600; write 86400"
            ),
        ),
        (
            "max_age: 24h",
            "info",
            '1:47: cors.max_age: "24h": Chromium stops at 7200 s, Safari at 600',
        ),
        (
            "allow_methods: [PUT]",
            "warning",
            (
                "1:38: cors.allow_methods: requests with a JSON body will fail: Content-Type is "
                "not in allow_headers; write allow_headers: [Content-Type]"
            ),
        ),
        (
            "allow_headers: ['*']",
            "warning",
            (
                "1:38: cors.allow_headers: '*' does not cover Authorization (Fetch §2.2.2); "
                'write ["*", Authorization] where pages send it'
            ),
        ),
        (
            "timing_allow_origin: ['*', 'https://a']",
            "warning",
            (
                '1:65: cors.timing_allow_origin[1]: "https://a": '
                "covered by '*' already: leave it out"
            ),
        ),
    ],
)
def test_what_will_not_do_in_a_browser(
    policy: str, level: str, problem: str, load: Callable[..., Config]
):
    policy = f"{{allow_origins: ['https://a'], {policy}}}"
    table = f"cors: {policy}\nroutes: [{{upstream: 'http://a'}}]"
    config = load(table)
    (told,) = (*config.warnings, *config.notes)
    assert (told.level, f"{told}".removeprefix("t.yaml:")) == (level, problem)


def test_a_policy_with_mistakes_is_not_judged_further(tell_cors: Tell):
    policy = "{allow_origins: ['https://a.com'], allow_methods: [PUT], allow_headers: [Cookie]}"
    assert len(tell_cors(policy)) == 1


@pytest.mark.parametrize(
    ("routes", "problems"),
    [
        pytest.param(["path: /a/b", "path: /a", "path: /ab", "path: /"], [], id="narrow first"),
        pytest.param(
            ["path: /a", "path: /a/b"],
            [f"4:3: routes[1]: {HIDDEN} routes[0] takes them all; {FIRST}"],
            id="a prefix hides what is below",
        ),
        pytest.param(
            ["", "path_regex: /b"],
            [f"4:3: routes[1]: {HIDDEN} routes[0] takes them all; {FIRST}"],
            id="the root hides a regular expression",
        ),
        pytest.param(
            ["path_regex: /b", "path_regex: /b", "path: /b"],
            [f"4:3: routes[1]: {HIDDEN} routes[0] takes them all; {FIRST}"],
            id="the same regular expression",
        ),
        pytest.param(["path: /b", "path_regex: '/b/.*'"], [], id="expressions are not looked into"),
        pytest.param(
            ["methods: [GET]", "methods: [POST]", "methods: [GET, POST]", ""],
            [f"5:3: routes[2]: {HIDDEN} routes[0] and routes[1] take them all; {FIRST}"],
            id="methods of two routes",
        ),
        pytest.param(["methods: [GET]", "methods: [GET, POST]"], [], id="a method is left"),
        pytest.param(
            ["host: '*.a.b'", "host: x.a.b", "host: '*.x.a.b'", "host: a.b", ""],
            [
                f"4:3: routes[1]: {HIDDEN} routes[0] takes them all; {FIRST}",
                f"5:3: routes[2]: {HIDDEN} routes[0] takes them all; {FIRST}",
            ],
            id="a wildcard hides what is below",
        ),
        pytest.param(["host: a.b", "host: '*.a.b'", ""], [], id="hosts that differ"),
    ],
)
def test_a_route_that_others_hide(routes: list[str], problems: list[str], tell: Tell):
    lines = [f"- {{{route or 'path: /'}, upstream: 'http://a', cors: off}}" for route in routes]
    assert tell("# a table\nroutes:\n" + "\n".join(lines)) == problems


def test_a_route_with_a_wrong_path_hides_nothing(tell: Tell):
    route = "{upstream: 'http://a', cors: off, path: "
    assert tell(f"routes:\n- {route}api}}\n- {route}/x}}") == [
        '2:43: routes[0].path: "api": a path starts with a slash; write /api'
    ]


def test_a_policy_that_many_routes_inherit_is_made_once(load: Callable[..., Config]):
    routes = ", ".join(f"{{path: /r{i}, upstream: 'http://a'}}" for i in range(20))
    table = load(f"cors: {{allow_origins: ['https://a.example']}}\nroutes: [{routes}]").table
    assert len({id(route.policy) for route in table.routes}) == 1
