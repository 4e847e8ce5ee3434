"""Tests of a policy: what `check` makes of them, each with its place."""

from collections.abc import Callable

import pytest

from corsproxy.config import Config
from corsproxy.config.policy_tests import run_tests

PAGE = "http://localhost:3001"
TABLE = """\
cors:
  allow_origins: ["http://localhost:3001"]
  allow_methods: [PUT]
  allow_headers: [Content-Type]
  tests: [{in_cors}]
routes:
- {{path: /api, upstream: "http://a", tests: [{on_route}]}}
- path: /open
  upstream: "http://a"
  methods: [GET]
  cors: {{allow_origins: ["*"], tests: [{in_own}]}}
- {{path: /own, upstream: "http://a", cors: off}}
- {{path: /hosted, host: "*.example", upstream: "http://a", tests: [{hosted}]}}
- {{path: /reports, upstream: "http://a", cors: {{mode: report}}}}
tests: [{top}]
"""
NOWHERE = {"in_cors": "", "on_route": "", "in_own": "", "top": "", "hosted": ""}


def outcomes(config: Config) -> list[str]:
    found = run_tests(config.tests, config.table)
    return [f"{one.problem}" if one.problem else f"passed {one.test.name}" for one in found]


@pytest.fixture
def try_one(load: Callable[..., Config]) -> Callable[..., str]:
    def one(test: str, where: str = "top") -> str:
        (outcome,) = outcomes(load(TABLE.format_map({**NOWHERE, where: "{" + test + "}"})))
        return outcome.partition(": ")[2] if where == "top" else outcome

    return one


REFUSED = "expect: refuse, reason"
PASSING = [
    f"path: /api, origin: '{PAGE}', expect: allow",
    f"path: /api/x?y, origin: '{PAGE}', method: put, headers: [content-type], expect: allow",
    f"path: 'http://other:1/api', origin: '{PAGE}', expect: allow",
    f"path: /api, origin: '{PAGE}', method: POST, headers: [Accept], expect: allow",
    f"path: /api, origin: 'https://evil.example', {REFUSED}: origin_not_allowed",
    f"path: /api, origin: 'null', {REFUSED}: origin_null",
    f"path: /api, origin: 'http://LOCALHOST:3001', {REFUSED}: origin_malformed",
    f"path: /api, origin: '{PAGE}', method: DELETE, {REFUSED}: method_not_allowed",
    f"path: /api, origin: '{PAGE}', method: 'GET,PUT', {REFUSED}: method_malformed",
    f"path: /api, origin: '{PAGE}', headers: [Authorization], {REFUSED}: header_not_allowed",
    f"path: /api, origin: '{PAGE}', credentials: true, expect: refuse",
    f"path: /reports, origin: '{PAGE}', method: PUT, expect: allow",
    f"path: /reports, origin: '{PAGE}', method: PATCH, {REFUSED}: method_not_allowed",
    f"path: /reports, origin: 'https://evil.example', {REFUSED}: origin_not_allowed",
    "path: /open, origin: 'https://anyone.example', expect: allow",
    "path: /open, origin: 'null', expect: allow",
    f"path: 'https://a.example/hosted', origin: '{PAGE}', expect: allow",
]


@pytest.mark.parametrize("test", PASSING)
def test_it_passes(test: str, try_one: Callable[..., str]):
    assert try_one(test) == ""


FAILING = {
    f"path: /api, origin: '{PAGE}', expect: refuse": (
        f"tests[0]: GET /api from {PAGE}: allowed; expected: refuse"
    ),
    "path: /api, origin: 'http://localhost:3002', expect: allow": (
        "tests[0]: GET /api from http://localhost:3002: refused: origin_not_allowed "
        f"http://localhost:3002, differs only by the port from '{PAGE}'; expected: allow; "
        f'write cors.allow_origins: ["{PAGE}", "http://localhost:3002"]'
    ),
    f"path: /api, origin: '{PAGE}', method: PATCH, headers: [X-A], expect: allow": (
        f"tests[0]: PATCH /api from {PAGE} with X-A: refused: method_not_allowed PATCH; "
        "expected: allow; write cors.allow_methods: [PUT, PATCH]"
    ),
    f"path: /api, origin: '{PAGE}', method: PATCH, {REFUSED}: origin_null": (
        f"tests[0]: PATCH /api from {PAGE}: refused: method_not_allowed PATCH; expected: refuse "
        "origin_null; write reason: method_not_allowed"
    ),
    f"path: /api, origin: '{PAGE}', credentials: true, expect: allow": (
        f"tests[0]: GET /api from {PAGE} and cookies: refused: cookies are not allowed; "
        "expected: allow; write allow_credentials: true"
    ),
    f"path: /api, origin: '{PAGE}', credentials: true, {REFUSED}: origin_null": (
        f"tests[0]: GET /api from {PAGE} and cookies: refused: cookies are not allowed; "
        "expected: refuse origin_null"
    ),
    f"path: /nowhere, origin: '{PAGE}', expect: refuse": (
        f"tests[0]: GET /nowhere from {PAGE}: no route matches the path (404); expected: refuse"
    ),
    f"path: /open, origin: '{PAGE}', method: PUT, expect: refuse": (
        f"tests[0]: PUT /open from {PAGE}: no route serves this method here (405); expected: refuse"
    ),
    f"path: /own, origin: '{PAGE}', expect: allow": (
        f"tests[0]: GET /own from {PAGE}: routes[2] leaves CORS to its upstream; expected: allow"
    ),
    f"path: /hosted, origin: '{PAGE}', expect: allow": (
        f"tests[0]: GET /hosted from {PAGE}: no route matches the path (404); expected: allow"
    ),
}


@pytest.mark.parametrize(("test", "problem"), FAILING.items())
def test_it_fails(test: str, problem: str, try_one: Callable[..., str]):
    assert try_one(test) == problem


def test_tests_stand_at_the_top_in_policies_and_on_routes(load: Callable[..., Config]):
    page = f"origin: '{PAGE}', expect: allow"
    config = load(
        TABLE.format(
            in_cors=f"{{path: /api, {page}}}",
            on_route=f"{{path: /api/x, {page}}}, {{path: /open, {page}}}",
            in_own=f"{{path: /open, {page}}}",
            hosted=f"{{path: /hosted, {page}}}",
            top=f"{{path: /api, {page}}}",
        )
    )
    assert outcomes(config) == [
        "passed tests[0]",
        "passed cors.tests[0]",
        "passed routes[0].tests[0]",
        (
            f"t.yaml:7:110: routes[0].tests[1]: GET /open from {PAGE}: routes[1] serves it, not "
            "this route; expected: allow"
        ),
        "passed routes[1].cors.tests[0]",
        "passed routes[3].tests[0]",
    ]


def test_what_a_test_says_is_checked_when_it_is_loaded(tell: Callable[..., list[str]]):
    tests = (
        "- {}\n- {path: api, origin: 'x', expect: alow, reason: why}\n"
        "- {path: /, origin: 'x', expect: allow, reason: origin_null}"
    )
    assert tell(f"routes: [{{upstream: 'http://a', cors: off}}]\ntests:\n{tests}") == [
        "3:3: tests[0]: the test has no path; write path: /",
        '3:3: tests[0]: the test has no origin; write origin: "http://localhost:3001"',
        "3:3: tests[0]: the test has no expect; write expect: allow, or expect: refuse",
        '4:10: tests[1].path: "api": a path starts with a slash, a URL with http://; write /api',
        '4:36: tests[1].expect: "alow": expected allow or refuse; write allow',
        (
            '4:50: tests[1].reason: "why": expected origin_not_allowed, origin_malformed, '
            "origin_null, method_not_allowed, method_malformed, header_not_allowed or "
            "too_many_headers"
        ),
        "5:41: tests[2].reason: what is allowed has no reason: leave it out",
    ]


def test_values_come_from_the_environment(load: Callable[..., Config]):
    test = "{path: '${P}', origin: '${O}', credentials: '${C}', expect: '${E}'}"
    config = load(
        TABLE.format_map({**NOWHERE, "top": test}),
        {"P": "/api", "O": PAGE, "C": "no", "E": "allow"},
    )
    assert outcomes(config) == ["passed tests[0]"]
