from collections.abc import Callable

import pytest

from corsproxy.config import Config
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.origins import compile_origins

Tell = Callable[..., list[str]]
NO_ORIGIN = (
    "no origin is allowed, so the policy allows nothing; "
    'write allow_origins: ["http://localhost:3001"]'
)
NULL = "any site can open a frame whose origin is 'null'"
ANY = (
    "with credentials, '*' gives every site the user's session; write each page's origin, such as "
    "http://localhost:3001, or dangerously_allow: [any_origin_with_credentials] if it is meant"
)
ANY_REGEX = "with credentials, a pattern for any origin gives every site the session"
PLAIN = "with credentials over plain http, anyone on the network is the origin"
REPORT = "with credentials, to report and not refuse gives every site the user's session"


def meant(danger: str) -> str:
    return f"; write dangerously_allow: [{danger}] if it is meant"


@pytest.mark.parametrize(
    ("cors", "problems"),
    [
        pytest.param("{allow_origins: ['*']}", [], id="anyone"),
        pytest.param("{}", [f"1:1: cors: {NO_ORIGIN}"], id="no origin"),
        pytest.param(
            "{allow_origins: []}", [f"1:8: cors.allow_origins: {NO_ORIGIN}"], id="an empty list"
        ),
        pytest.param(
            "{allow_origins: [null]}",
            [
                (
                    "1:24: cors.allow_origins[0]: this is YAML's null; the opaque origin is text, "
                    'and a danger; write "null", and dangerously_allow: [null_origin]'
                )
            ],
            id="YAML's null",
        ),
        pytest.param(
            "{allow_origins: ['null']}",
            [f'1:24: cors.allow_origins[0]: "null": {NULL}' + meant("null_origin")],
            id="the opaque origin",
        ),
        pytest.param(
            "{allow_origins: ['null'], dangerously_allow: [null_origin]}", [], id="a danger taken"
        ),
        pytest.param(
            "{allow_origins: ['*'], allow_credentials: true}",
            [f'1:24: cors.allow_origins[0]: "*": {ANY}'],
            id="anyone with credentials",
        ),
        pytest.param(
            "{allow_origin_regex: ['https?://.*'], allow_credentials: true}",
            [
                f'1:29: cors.allow_origin_regex[0]: "https?://.*": {ANY_REGEX}'
                + meant("any_origin_with_credentials")
            ],
            id="a pattern for anyone with credentials",
        ),
        pytest.param(
            "{allow_origin_regex: ['https://[a-z]+\\.a\\.com'], allow_credentials: true}",
            [],
            id="a pattern for some with credentials",
        ),
        pytest.param(
            "{allow_origins: ['http://a.com', 'http://localhost:*', 'http://*.localhost'], "
            "allow_credentials: true}",
            [
                f'1:24: cors.allow_origins[0]: "http://a.com": {PLAIN}'
                + meant("insecure_origin_with_credentials")
            ],
            id="plain http with credentials",
        ),
        pytest.param("{allow_origins: ['http://a.com']}", [], id="plain http without"),
        pytest.param("{allow_origins: ['https://a.com'], mode: report}", [], id="only reported"),
        pytest.param(
            "{allow_origins: ['https://a.com'], mode: report, allow_credentials: true}",
            [f'1:48: cors.mode: "report": {REPORT}' + meant("any_origin_with_credentials")],
            id="only reported, with credentials",
        ),
        pytest.param(
            "{allow_origins: ['https://a.com'], mode: report, allow_credentials: true, "
            "dangerously_allow: [any_origin_with_credentials]}",
            [],
            id="only reported, with credentials, meant",
        ),
        pytest.param(
            "{allow_origins: ['https://*.com', 'https://*.localhost', 'https://*.b.org']}",
            [
                '1:24: cors.allow_origins[0]: "https://*.com": anyone can register a name under '
                ".com" + meant("public_suffix_wildcard")
            ],
            id="a whole top-level domain",
        ),
        pytest.param(
            "{allow_origins: ['*'], dangerously_allow: [null_origin]}",
            [
                (
                    '1:50: cors.dangerously_allow[0]: "null_origin": nothing here needs '
                    "null_origin: leave it out"
                )
            ],
            id="a danger that nothing needs",
        ),
        pytest.param(
            "{allow_origins: ['null'], dangerously_allow: [nul_origin]}",
            [
                (
                    '1:53: cors.dangerously_allow[0]: "nul_origin": expected null_origin, '
                    "any_origin_with_credentials, public_suffix_wildcard or "
                    "insecure_origin_with_credentials; write null_origin"
                )
            ],
            id="an unknown danger",
        ),
        pytest.param(
            "{allow_origins: [x.de], dangerously_allow: [null_origin]}",
            ['1:24: cors.allow_origins[0]: "x.de": the scheme is missing; write https://x.de'],
            id="a danger that a wrong entry may have needed",
        ),
        pytest.param(
            "{allow_origins: ['*'], allow_methods: [get, GET], allow_headers: [X-A, x-a], "
            "expose_headers: [X-B, X-b]}",
            [
                '1:51: cors.allow_methods[1]: "GET": stands in the list already: leave it out',
                '1:78: cors.allow_headers[1]: "x-a": stands in the list already: leave it out',
                '1:106: cors.expose_headers[1]: "X-b": stands in the list already: leave it out',
            ],
            id="names twice",
        ),
    ],
)
def test_a_policy(cors: str, problems: list[str], tell_cors: Tell):
    assert tell_cors(cors) == problems


def test_a_policy_is_compiled(load: Callable[..., Config]):
    config = load(
        """
        cors:
          allow_origins: ["https://a.com", "https://a.com", "null"]
          allow_origin_regex: ['https://x\\.com']
          allow_methods: [put, PUT]
          allow_headers: [X-A, x-a]
          expose_headers: [X-B]
          allow_credentials: true
          max_age: 10m
          upstream_cors: fill
          allow_private_network: true
          preflight_status: 200
          on_refused: block
          timing_allow_origin: ["*"]
          resource_policy: same-site
          dangerously_allow: [null_origin]
        routes: [{upstream: "http://a"}]
        """
    )
    assert config.table.default == config.table.routes[0].policy
    assert config.table.default == CorsPolicy(
        origins=compile_origins(["https://a.com", "null"], ["https://x\\.com"]),
        methods=("PUT",),
        headers=("X-A",),
        expose=("X-B",),
        credentials=True,
        max_age=600,
        fill=True,
        private_network=True,
        preflight_status=200,
        block=True,
        timing_origins=compile_origins(["*"]),
        resource_policy="same-site",
    )


TWO_ROUTES = """
cors: {{allow_origins: {top}, allow_methods: [PUT], allow_headers: [Content-Type]}}
routes:
- {{path: /a, upstream: "http://a", cors: {own}}}
- {{upstream: "http://a"}}
"""


def test_a_route_overrides_key_by_key(load: Callable[..., Config]):
    own = "{allow_origins: ['https://b'], allow_methods: []}"
    table = load(TWO_ROUTES.format(top="['https://a']", own=own)).table
    assert [route.policy and str(route.policy.origins) for route in table.routes] == [
        "https://b",
        "https://a",
    ]
    assert [route.policy and route.policy.methods for route in table.routes] == [(), ("PUT",)]
    assert [route.policy and route.policy.headers for route in table.routes] == [
        ("Content-Type",),
        ("Content-Type",),
    ]
    assert [route.policy_place for route in table.routes] == ["routes[0].cors", "cors"]


@pytest.mark.parametrize(
    ("top", "own", "problems"),
    [
        pytest.param(
            "['*']",
            "{allow_credentials: true}",
            [f"4:62: routes[0].cors.allow_credentials: true: {ANY}"],
            id="credentials added to anyone are the route's mistake",
        ),
        pytest.param(
            "['null']",
            "{allow_origins: ['https://b']}",
            [f'2:24: cors.allow_origins[0]: "null": {NULL}' + meant("null_origin")],
            id="the top level is judged as it is, once",
        ),
        pytest.param(
            "['null']",
            "{allow_credentials: true}",
            [f'2:24: cors.allow_origins[0]: "null": {NULL}' + meant("null_origin")],
            id="the opaque origin is the top's mistake, whatever the credentials",
        ),
        pytest.param(
            "['https://a']",
            "{dangerously_allow: [null_origin], allow_origins: ['null']}",
            [],
            id="a danger that only the route takes",
        ),
        pytest.param("['https://a']", "off", [], id="off"),
        pytest.param(
            "['https://a']",
            "{mode: report, allow_credentials: true}",
            [
                '4:49: routes[0].cors.mode: "report": '
                + REPORT
                + meant("any_origin_with_credentials")
            ],
            id="a route that only reports",
        ),
    ],
)
def test_layers_of_a_policy(top: str, own: str, problems: list[str], tell: Tell):
    assert tell(TWO_ROUTES.format(top=top, own=own)) == problems


@pytest.mark.parametrize(
    ("table", "problems"),
    [
        (
            "routes: [{upstream: 'http://a'}]",
            [
                (
                    "1:10: routes[0]: no policy applies to the route; "
                    "write `cors` with allow_origins, or cors: off"
                )
            ],
        ),
        ("routes: [{upstream: 'http://a', cors: off}]", []),
        ("routes: [{upstream: 'http://a', cors: {allow_origins: ['*']}}]", []),
        (
            "cors: {max_age: 5}\nroutes: [{upstream: 'http://a', cors: {allow_origins: ['*']}}]",
            [],
        ),
        (
            "routes: [{upstream: 'http://a', cors: {origins: ['*']}}]",
            ["1:40: routes[0].cors.origins: unknown key; write allow_origins"],
        ),
        (
            "routes: [{upstream: 'http://a', cors: 5}]",
            ["1:39: routes[0].cors: 5: expected a mapping, got the number 5"],
        ),
        (
            (
                "cors: 5\nroutes: [{path: /a, upstream: 'http://a'}, "
                "{upstream: 'http://b', cors: {max_age: 5}}]"
            ),
            ["1:7: cors: 5: expected a mapping, got the number 5"],
        ),
    ],
)
def test_every_route_has_a_policy_or_none_on_purpose(table: str, problems: list[str], tell: Tell):
    assert tell(table) == problems
