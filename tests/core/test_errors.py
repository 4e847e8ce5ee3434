import json

import pytest

from corsproxy.core.errors import (
    REASONS,
    GatewayError,
    ProxyErrorType,
    problem,
    proxy_status,
)
from corsproxy.core.fields import is_token

STATUSES = {
    "dns_timeout": 504,
    "dns_error": 502,
    "destination_not_found": 404,
    "destination_unavailable": 503,
    "destination_ip_unroutable": 502,
    "connection_refused": 502,
    "connection_terminated": 502,
    "connection_timeout": 504,
    "connection_read_timeout": 504,
    "connection_write_timeout": 504,
    "connection_limit_reached": 503,
    "tls_protocol_error": 502,
    "tls_certificate_error": 502,
    "http_request_error": 400,
    "http_request_denied": 403,
    "http_response_incomplete": 502,
    "http_response_header_section_size": 502,
    "http_response_timeout": 504,
    "http_upgrade_failed": 502,
    "http_protocol_error": 502,
    "proxy_loop_detected": 508,
    "proxy_configuration_error": 500,
    "proxy_internal_error": 500,
}


def test_every_token_has_its_status():
    assert {kind.token: kind.status for kind in ProxyErrorType} == STATUSES


@pytest.mark.parametrize("kind", ProxyErrorType, ids=lambda kind: kind.token)
def test_every_type_can_be_answered(kind: ProxyErrorType):
    assert kind.status in REASONS
    assert is_token(kind.token.encode())
    assert proxy_status(GatewayError(kind)) == (
        b"Proxy-Status",
        b"corsproxy; error=" + kind.token.encode(),
    )


def test_an_error_has_the_status_and_title_of_its_type():
    error = GatewayError(ProxyErrorType.DNS_ERROR)

    assert (error.status, str(error), error.detail, error.inside, error.hint, error.fields) == (
        502,
        "The upstream's name can't be resolved",
        "",
        "",
        "",
        (),
    )


def test_an_error_may_say_more():
    error = GatewayError(
        ProxyErrorType.HTTP_REQUEST_ERROR, "too large", status=413, inside="10.0.0.1", hint="wait"
    )

    assert (error.status, str(error), error.detail, error.inside, error.hint) == (
        413,
        "too large",
        "too large",
        "10.0.0.1",
        "wait",
    )


@pytest.mark.parametrize(
    ("members", "body"),
    [
        pytest.param({}, b"{}\n", id="nothing"),
        pytest.param(
            {"title": "No", "detail": "", "hint": None, "status": 404},
            b'{"title": "No", "status": 404}\n',
            id="empty members are left out",
        ),
        pytest.param({"retries": 0, "open": False}, b'{"retries": 0, "open": false}\n', id="zeros"),
        pytest.param({"a": "é"}, '{"a": "é"}\n'.encode(), id="UTF-8"),
        pytest.param({"a": "\udce9"}, b'{"a": "\\udce9"}\n', id="what no encoding can write"),
    ],
)
def test_a_problem_is_json(members: dict[str, object], body: bytes):
    assert problem(members) == body
    assert json.loads(body) == {k: v for k, v in members.items() if v not in (None, "")}
