import pytest

from corsproxy.core.safelist import UnsafeHeader, is_forbidden_header, unsafe_headers, why_unsafe

NOT_SAFELISTED = "its name is not safelisted"
TOO_LONG = "its value is longer than 128 octets"
NO_LANGUAGE = "its value has more in it than language tags do"
NO_RANGE = "its value is not one range with a start, such as bytes=0-99"
NO_TYPE = "its value is no media type"


def no_form(essence: str) -> str:
    return f"{essence} is none of the three types that a form can send"


HEADERS = [
    pytest.param(b"Accept", b"text/html, */*;q=0.1", None, id="Accept"),
    pytest.param(b"accept", b"a" * 128, None, id="128 octets"),
    pytest.param(b"accept", b"a" * 129, TOO_LONG, id="129 octets"),
    pytest.param(b"accept", b"a\tb", None, id="a tab"),
    pytest.param(b"accept", b"a(b", "its value has the unsafe octet '('", id="a bracket"),
    pytest.param(b"accept", b"a\x01", "its value has the unsafe octet '\\x01'", id="a control"),
    pytest.param(b"Accept-Language", b"de, en;q=0.5, *", None, id="languages"),
    pytest.param(b"Accept-Language", b"de_DE", NO_LANGUAGE, id="an underscore in a language"),
    pytest.param(b"Content-Language", b"de/at", NO_LANGUAGE, id="a slash in a language"),
    pytest.param(b"Content-Type", b"text/plain", None, id="text"),
    pytest.param(b"Content-Type", b"TEXT/Plain ; charset=utf-8", None, id="text in capitals"),
    pytest.param(b"Content-Type", b"multipart/form-data; boundary=x", None, id="a form with files"),
    pytest.param(b"content-type", b"application/x-www-form-urlencoded", None, id="a form"),
    pytest.param(b"content-type", b"application/json", no_form("application/json"), id="JSON"),
    pytest.param(b"content-type", b"Text/HTML", no_form("text/html"), id="HTML"),
    pytest.param(b"content-type", b"text", NO_TYPE, id="half a type"),
    pytest.param(b"content-type", b"", NO_TYPE, id="no type"),
    pytest.param(b"content-type", b"text/plain, text/plain", NO_TYPE, id="two types"),
    pytest.param(
        b"content-type", b'text/plain; a="b"', "its value has the unsafe octet '\"'", id="a quote"
    ),
    pytest.param(b"Range", b"bytes=0-99", None, id="a range"),
    pytest.param(b"Range", b"bytes=0-", None, id="a range to the end"),
    pytest.param(b"Range", b"bytes=-5", NO_RANGE, id="a range from the end"),
    pytest.param(b"Range", b"bytes=9-5", NO_RANGE, id="a range the wrong way round"),
    pytest.param(b"Range", b"bytes=0-1,3-4", NO_RANGE, id="two ranges"),
    pytest.param(b"Range", b"bytes = 0-1", NO_RANGE, id="blanks in a range"),
    pytest.param(b"Authorization", b"Bearer t", NOT_SAFELISTED, id="Authorization"),
    pytest.param(b"X-Own", b"", NOT_SAFELISTED, id="an own header"),
]


@pytest.mark.parametrize(("name", "value", "why"), HEADERS)
def test_a_header_is_safelisted_or_has_its_reason(name: bytes, value: bytes, why: str | None):
    assert why_unsafe(name, value) == why


def test_names_to_ask_for_are_sorted_in_lower_case_and_each_stands_once():
    headers = [(b"X-b", b"1"), (b"x-A", b"2"), (b"X-B", b"3"), (b"Accept", b"*/*")]

    assert unsafe_headers(headers) == (
        UnsafeHeader(b"x-a", NOT_SAFELISTED),
        UnsafeHeader(b"x-b", NOT_SAFELISTED),
    )


def test_safelisted_values_are_bounded_together():
    headers = [(b"accept", b"a" * 128)] * 8

    assert unsafe_headers(headers) == ()
    why = "all safelisted values together are longer than 1024 octets"
    assert unsafe_headers([*headers, (b"Accept-Language", b"d")]) == (
        UnsafeHeader(b"accept", why),
        UnsafeHeader(b"accept-language", why),
    )
    assert unsafe_headers([*headers, (b"Accept", b"("), (b"Range", b"bytes=0-")]) == (
        UnsafeHeader(b"accept", "its value has the unsafe octet '('"),
        UnsafeHeader(b"range", why),
    )


FORBIDDEN = [
    *[(name, b"1") for name in (b"Cookie", b"host", b"Origin", b"DNT", b"Via", b"Set-Cookie")],
    *[(name, b"1") for name in (b"Sec-Fetch-Mode", b"proxy-authorization", b"Content-Length")],
    (b"Access-Control-Request-Method", b"PUT"),
    (b"X-HTTP-Method-Override", b"trace"),
    (b"X-HTTP-Method", b"PUT, TRACK"),
    (b"x-method-override", b'"a,b" , CONNECT'),
]


@pytest.mark.parametrize(("name", "value"), FORBIDDEN)
def test_forbidden_headers_are_the_browsers_own(name: bytes, value: bytes):
    assert is_forbidden_header(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Authorization", b"b"),
        (b"User-Agent", b"me"),
        (b"Section", b"1"),
        (b"X-Own", b"TRACE"),
        (b"X-HTTP-Method-Override", b"PUT"),
        (b"X-HTTP-Method-Override", b'"a,TRACE,b", "TRACE'),
    ],
)
def test_all_others_are_the_pages(name: bytes, value: bytes):
    assert not is_forbidden_header(name, value)
