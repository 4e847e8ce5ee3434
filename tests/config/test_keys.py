from collections.abc import Callable

import pytest
from pydantic import BaseModel

from corsproxy.config.keys import models
from corsproxy.config.model import Route, Table
from corsproxy.config.model_cors import Cors

CORS_KEYS = ", ".join(Cors.model_fields)
TOP_KEYS = ", ".join(Table.model_fields)
ROUTE_KEYS = ", ".join(Route.model_fields)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("origins", "allow_origins"),
        ("allowedOrigins", "allow_origins"),
        ("allow_origin", "allow_origins"),
        ("allow_origns", "allow_origins"),
        ("Access-Control-Allow-Origin", "allow_origins"),
        ("origin_regexes", "allow_origin_regex"),
        ("supports_credentials", "allow_credentials"),
        ("credentials", "allow_credentials"),
        ("allowedHeaders", "allow_headers"),
        ("exposedHeaders", "expose_headers"),
        ("methods", "allow_methods"),
        ("maxAge", "max_age"),
        ("max-age", "max_age"),
        ("optionsSuccessStatus", "preflight_status"),
    ],
)
def test_a_key_of_another_tool_is_told_in_ours(
    key: str, meant: str, tell: Callable[..., list[str]]
):
    table = f"routes: [{{upstream: 'http://a', cors: {{allow_origin_regex: [], {key}: 1}}}}]"
    assert f"1:64: routes[0].cors.{key}: unknown key; write {meant}" in tell(table)


@pytest.mark.parametrize(
    ("route", "problem"),
    [
        ("backend: x", "3:4: routes[0].backend: unknown key; write upstream"),
        ("target: x", "3:4: routes[0].target: unknown key; write upstream"),
        ("headers: x", "3:4: routes[0].headers: unknown key; write request_headers"),
        (
            "allowedOrigins: x",
            "3:4: routes[0].allowedOrigins: unknown key; write allow_origins under `cors`",
        ),
        (
            "allow_methds: x",
            "3:4: routes[0].allow_methds: unknown key; write allow_methods under `cors`",
        ),
        ("idle: 5s", "3:4: routes[0].idle: unknown key; write idle under `timeouts`"),
        ("workers: 5s", "3:4: routes[0].workers: unknown key; write workers at the top level"),
        (
            "changeOrigin: true",
            (
                "3:4: routes[0].changeOrigin: the upstream gets its own Host, "
                "unless preserve_host is true: leave it out"
            ),
        ),
        ("uri: x", "3:4: routes[0].uri: unknown key; write upstream"),
        (
            "paths: [/a]",
            "3:4: routes[0].paths: unknown key; write a route for each, with its own `path`",
        ),
        ("zzz: 1", f"3:4: routes[0].zzz: unknown key; known are {ROUTE_KEYS}"),
        (
            "timeouts: {header: 5s}",
            (
                "3:15: routes[0].timeouts.header: this holds before a route is known, or for "
                "all of them; write it in the top-level `timeouts`"
            ),
        ),
        (
            "limits: {connections: 5}",
            (
                "3:13: routes[0].limits.connections: this holds before a route is known, or for "
                "all of them; write it in the top-level `limits`"
            ),
        ),
    ],
)
def test_an_unknown_key_of_a_route(route: str, problem: str, tell_route: Callable[..., list[str]]):
    assert problem in tell_route(f"{route}, upstream: 'http://a'")
    assert len(tell_route(f"{route}, upstream: 'http://a'")) == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("port: 80", "2:1: port: unknown key; write listen"),
        ("upstream: x", "2:1: upstream: unknown key; write upstream in a route"),
        ("allow_origins: []", "2:1: allow_origins: unknown key; write allow_origins under `cors`"),
        (
            "routes[1].cors.allow_methods: []",
            (
                '2:1: ["routes[1].cors.allow_methods"]: unknown key; '
                "write allow_methods under the `cors` of routes[1]"
            ),
        ),
        (
            "routes[0].upstream: x",
            '2:1: ["routes[0].upstream"]: unknown key; write upstream in routes[0]',
        ),
        (
            "cors.allow_origins[0]: x",
            '2:1: ["cors.allow_origins[0]"]: unknown key; write allow_origins under `cors`',
        ),
        (
            "routes[0].nope.zzz: x",
            f'2:1: ["routes[0].nope.zzz"]: unknown key; known are {TOP_KEYS}',
        ),
        ("server: {port: 80}", f"2:1: server: unknown key; known are {TOP_KEYS}"),
        ("cors: {zzz: 1}", f"2:8: cors.zzz: unknown key; known are {CORS_KEYS}"),
    ],
)
def test_an_unknown_key_at_the_top(line: str, problem: str, tell: Callable[..., list[str]]):
    assert tell(f"routes: [{{upstream: 'http://a', cors: off}}]\n{line}") == [problem]


def test_an_unknown_key_is_told_although_its_value_is_wrong(tell: Callable[..., list[str]]):
    table = "routes: [{backend: '${NO}', cors: off, nmae: }]"
    assert tell(table) == [
        "1:11: routes[0].backend: unknown key; write upstream",
        "1:40: routes[0].nmae: unknown key; write name",
    ]


def test_every_model_is_found_with_its_path():
    found: dict[tuple[str | int, ...], type[BaseModel]] = dict(models(Table))
    assert [".".join(map(str, path)) for path in found] == [
        "",
        "tls",
        "cors",
        "cors.tests.0",
        "timeouts",
        "limits",
        "log",
        "routes.0",
        "routes.0.upstream",
        "routes.0.upstream.tls",
        "routes.0.request_headers",
        "routes.0.response_headers",
        "routes.0.cookies",
        "routes.0.cors",
        "routes.0.cors.tests.0",
        "routes.0.timeouts",
        "routes.0.limits",
        "routes.0.tests.0",
        "tests.0",
    ]
