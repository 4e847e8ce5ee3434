import pytest

from corsproxy.core.methods import is_forbidden_method, normalise_method, why_not_carried


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (b"get", b"GET"),
        (b"Head", b"HEAD"),
        (b"post", b"POST"),
        (b"put", b"PUT"),
        (b"delete", b"DELETE"),
        (b"options", b"OPTIONS"),
        (b"patch", b"patch"),
        (b"Propfind", b"Propfind"),
    ],
)
def test_six_methods_are_raised_to_upper_case(written: bytes, sent: bytes):
    assert normalise_method(written) == sent


@pytest.mark.parametrize("method", [b"CONNECT", b"trace", b"Track"])
def test_three_methods_are_forbidden_in_any_case(method: bytes):
    assert is_forbidden_method(method)
    assert not is_forbidden_method(method + b"S")


@pytest.mark.parametrize(
    ("method", "why"),
    [
        (b"PATCH", None),
        (b"M-SEARCH", None),
        (b"FOO", "HTTP parsers don't know the method, and refuse it"),
        (b"patch", "HTTP parsers don't know the method, and refuse it; 'PATCH' they know"),
    ],
)
def test_a_method_that_the_parser_refuses_is_not_carried(method: bytes, why: str | None):
    assert why_not_carried(method) == why
