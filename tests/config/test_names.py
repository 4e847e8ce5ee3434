from collections.abc import Callable

import pytest

from corsproxy.config import names
from corsproxy.config.problems import WrongValueError

Parse = Callable[[object], object]
FORBIDDEN = "Fetch forbids the method to every page: leave it out"
UNSETTABLE = "browsers let no page set this header: leave it out"
OWN = "the header belongs to the connection, which the proxy manages itself"


@pytest.mark.parametrize(
    ("parse", "value", "taken"),
    [
        (names.policy_method, "get", "GET"),
        (names.policy_method, "Options", "OPTIONS"),
        (names.policy_method, "patch", "patch"),
        (names.policy_method, "M-SEARCH", "M-SEARCH"),
        (names.policy_method, "*", "*"),
        (names.route_method, "TRACE", "TRACE"),
        (names.request_header, "X-Foo", "X-Foo"),
        (names.request_header, "!#$%&'*+-.^_`|~", "!#$%&'*+-.^_`|~"),
        (names.request_header, "*", "*"),
        (names.response_header, "ETag", "ETag"),
        (names.settable_request_field, "Host", "Host"),
        (names.edited_request_field, "Origin", "Origin"),
        (names.addable_response_field, "Vary", "Vary"),
        (names.edited_response_field, "Set-Cookie", "Set-Cookie"),
        (names.field_value, " a\tb ", b"a\tb"),
        (names.field_value, "é", b"\xe9"),
        (names.field_value, "→", b"\xe2\x86\x92"),
    ],
)
def test_a_name_or_value_is_taken(parse: Parse, value: object, taken: object):
    assert parse(value) == taken


@pytest.mark.parametrize(
    ("parse", "value", "what", "write"),
    [
        (names.policy_method, "GET, PUT", "one method an item", "[GET, PUT]"),
        (names.policy_method, "PÜT", "this is no method", None),
        (names.policy_method, "PUT ", "this is no method", "PUT"),
        (names.policy_method, "TRACE", FORBIDDEN, None),
        (names.policy_method, "connect", FORBIDDEN, None),
        (names.policy_method, "Track", FORBIDDEN, None),
        (names.route_method, "*", "a route serves every method where `methods` is left out", None),
        (names.request_header, "A, B", "one header's name an item", "[A, B]"),
        (names.request_header, "A: b", "a header's name stands without its value", "A"),
        (names.request_header, "é", "this is no header's name", None),
        (
            names.request_header,
            "Cookie",
            "cookies are sent where allow_credentials is true: leave it out",
            None,
        ),
        (names.request_header, "host", UNSETTABLE, None),
        (names.request_header, "Referer", UNSETTABLE, None),
        (names.request_header, "Sec-Fetch-Mode", UNSETTABLE, None),
        (names.request_header, "Proxy-Authorization", UNSETTABLE, None),
        (
            names.request_header,
            "Access-Control-Allow-Origin",
            "this is a header of the CORS protocol itself: leave it out",
            None,
        ),
        (
            names.response_header,
            "set-cookie",
            "browsers let no page read this header: leave it out",
            None,
        ),
        (names.edited_request_field, "host", "a request has one Host: it can only be set", None),
        (names.settable_request_field, "Content-Length", OWN, None),
        (names.settable_request_field, "te", OWN, None),
        (names.addable_response_field, "Transfer-Encoding", OWN, None),
        (names.addable_response_field, "X-A:", "this is no header's name", "X-A"),
        (
            names.addable_response_field,
            "access-control-max-age",
            "the route's policy answers CORS",
            "max_age in `cors`",
        ),
        (
            names.edited_response_field,
            "Access-Control-Allow-Origin",
            "the route's policy answers CORS",
            "allow_origins in `cors`",
        ),
        (
            names.addable_response_field,
            "Access-Control-New",
            "the route's policy answers CORS",
            "it in `cors`",
        ),
        (
            names.edited_response_field,
            "vary",
            "caches need the Vary of the policy: it can only be added to",
            None,
        ),
        (
            names.field_value,
            "a\r\nb: c",
            "a header's value has no control characters and no line breaks",
            None,
        ),
    ],
)
def test_a_name_or_value_is_refused_with_what_to_write(
    parse: Parse, value: object, what: str, write: str | None
):
    with pytest.raises(WrongValueError) as caught:
        parse(value)
    assert (caught.value.what, caught.value.write) == (what, write)
