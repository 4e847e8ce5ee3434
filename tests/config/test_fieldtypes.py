from collections.abc import Callable

import pytest

from corsproxy.config import fieldtypes
from corsproxy.config.scalars import Substituted

ROUTES = "routes: [{upstream: 'http://a', cors: off}]\n"


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        ("workers: 1", []),
        ("workers: 2", ["2:10: workers: 2: more than one worker is not supported yet; write 1"]),
        (
            "workers: auto",
            ['2:10: workers: "auto": more than one worker is not supported yet; write 1'],
        ),
        ("admin: [':1']", ["2:8: admin: the admin listener is one address, not a list"]),
        (
            "admin: on",
            [("2:8: admin: true: expected an address, got the boolean true; write 127.0.0.1:8081")],
        ),
        ("admin: a", ['2:8: admin: "a": the port is missing; write a:8081']),
        (
            "admin: 8080",
            [
                (
                    "2:8: admin: 8080: an address has a host; "
                    "write 127.0.0.1:8080, or :8080 for all interfaces"
                )
            ],
        ),
        ("admin: 'off'", []),
        ("limits: {keepalive: off, upstream_keepalive: 0}", []),
        (
            "limits: {request_body: 0}",
            ["2:24: limits.request_body: 0: a size is at least 1; `off` is without limit"],
        ),
        (
            "timeouts: {idle: 0}",
            [
                (
                    "2:18: timeouts.idle: 0: nothing is done in no time; `off` waits for ever; "
                    "write off"
                )
            ],
        ),
        ("log: {format: xml}", ['2:15: log.format: "xml": expected text or json']),
    ],
)
def test_a_single_value_at_the_top(line: str, problems: list[str], tell: Callable[..., list[str]]):
    assert tell(ROUTES + line) == problems


@pytest.mark.parametrize(
    ("policy", "problems"),
    [
        ("mode: enforce", []),
        ("mode: report", []),
        (
            "mode: x",
            ['1:48: cors.mode: "x": expected enforce or report'],
        ),
        ("preflight_status: 200", []),
        (
            "preflight_status: 302",
            [
                (
                    "1:60: cors.preflight_status: 302: a preflight succeeds with an ok status: "
                    "200 to 299; write 204"
                )
            ],
        ),
        (
            "resource_policy: same_origin",
            [
                (
                    '1:59: cors.resource_policy: "same_origin": expected same-origin, same-site or '
                    "cross-origin; write same-origin"
                )
            ],
        ),
        ("on_refused: deny", ['1:54: cors.on_refused: "deny": expected forward or block']),
        ("upstream_cors: keep", ['1:57: cors.upstream_cors: "keep": expected replace or fill']),
    ],
)
def test_a_single_value_of_a_policy(
    policy: str, problems: list[str], tell_cors: Callable[..., list[str]]
):
    assert tell_cors(f"{{allow_origins: ['https://a.com'], {policy}}}") == problems


@pytest.mark.parametrize(
    ("value", "tag"), [(False, "off"), ("off", "off"), (Substituted("no"), "off"), ({}, "policy")]
)
def test_the_form_of_a_routes_policy(value: object, tag: str):
    assert fieldtypes.off_tag(value) == tag


def test_short_forms_are_made_long():
    assert fieldtypes.one_or_more(":80") == [":80"]
    assert fieldtypes.one_or_more([":80"]) == [":80"]
    assert fieldtypes.url_alone("http://a") == {"url": "http://a"}
    assert fieldtypes.word_tag({}) == "mapping"
    assert fieldtypes.word_tag("local") == "word"
