from dataclasses import replace

import pytest

from corsproxy.core.browser import (
    Failure,
    Finding,
    PageRequest,
    Preflight,
    origin_of,
    preflight_of,
)
from corsproxy.core.fields import Fields
from corsproxy.core.safelist import UnsafeHeader

PAGE = b"http://localhost:3001"
API = "https://api.example/users"
REQUEST = PageRequest(origin=PAGE, urls=(API,))
JSON = (b"Content-Type", b"application/json")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example/users?a=b", b"https://api.example"),
        ("http://API.Example:80/", b"http://api.example"),
        ("https://api.example:80", b"https://api.example:80"),
        ("http://[::1]:8080/x", b"http://[::1]:8080"),
        ("http://a:b@localhost:3001/", b"http://localhost:3001"),
        ("ftp://api.example/", b"null"),
        ("data:text/plain,x", b"null"),
        ("http://a b/", b"null"),
        ("http://a:99999/", b"null"),
        ("http://[::1/", b"null"),
    ],
)
def test_the_origin_of_an_address(url: str, origin: bytes):
    assert origin_of(url) == origin


def test_a_script_s_words_are_normalised_and_the_browser_s_own_headers_left_out():
    made = PageRequest.from_script(
        PAGE, API, b"put", [(b"Cookie", b"a=b"), (b"X-Own", b" 1\t")], credentials=True
    )

    assert made == PageRequest(
        origin=PAGE, urls=(API,), method=b"PUT", headers=((b"X-Own", b"1"),), credentials=True
    )


@pytest.mark.parametrize("method", [b"trace", b"CONNECT", b"", b"a b"])
def test_what_no_page_can_send_throws(method: bytes):
    shown = ascii(method.decode())

    assert PageRequest.from_script(PAGE, API, method, (), credentials=False) == Finding(
        f"no page can send {shown}: fetch() throws a TypeError",
        "Fetch §2.2.1, forbidden method",
        Failure.METHOD_FORBIDDEN,
    )


METHOD = "Fetch §2.2.1, CORS-safelisted method"
HEADER = "Fetch §2.2.2, CORS-safelisted request-header"
NOT_PUT = "PUT is none of the safelisted methods GET, HEAD, POST"
NO_FORM = "content-type: application/json is none of the three types that a form can send"
ASKING = [
    pytest.param(
        b"PUT", [], [b"PUT", b""], [(NOT_PUT, METHOD)],
        id="a method",
    ),
    pytest.param(
        b"patch", [], [b"patch", b""],
        [("patch is none of the safelisted methods GET, HEAD, POST", METHOD)],
        id="a method in small letters",
    ),
    pytest.param(
        b"POST", [JSON], [b"POST", b"content-type"],
        [(NO_FORM, HEADER)],
        id="JSON",
    ),
    pytest.param(
        b"DELETE", [(b"X-Trace", b"1"), (b"Authorization", b"b"), (b"Accept", b"*/*")],
        [b"DELETE", b"authorization,x-trace"],
        [
            ("DELETE is none of the safelisted methods GET, HEAD, POST", METHOD),
            ("authorization: its name is not safelisted", HEADER),
            ("x-trace: its name is not safelisted", HEADER),
        ],
        id="a method and two headers",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("method", "headers", "asked", "why"), ASKING)
def test_a_preflight_says_what_it_asks_and_why(
    method: bytes, headers: Fields, asked: list[bytes], why: list[tuple[str, str]]
):
    preflight = preflight_of(replace(REQUEST, method=method, headers=headers))

    assert preflight is not None
    assert preflight.why == tuple(Finding(*reason) for reason in why)
    assert preflight.fields == (
        (b"Accept", b"*/*"),
        (b"Access-Control-Request-Method", asked[0]),
        *([(b"Access-Control-Request-Headers", asked[1])] if asked[1] else []),
        (b"Origin", PAGE),
    )


def test_an_upload_that_is_listened_to_asks():
    what = "the page listens to the upload, or streams it"
    why = (Finding(what, "Fetch §2.2.5, use-CORS-preflight flag"),)

    request = replace(REQUEST, method=b"POST", asks_always=True)
    assert preflight_of(request) == Preflight(PAGE, b"POST", (), why)


FORM = (b"Content-Type", b"text/plain")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(REQUEST, id="GET"),
        pytest.param(replace(REQUEST, method=b"HEAD"), id="HEAD"),
        pytest.param(replace(REQUEST, method=b"POST", headers=[FORM]), id="POST of a form"),
        pytest.param(replace(REQUEST, credentials=True), id="GET with credentials"),
        pytest.param(
            replace(REQUEST, method=b"PUT", urls=("http://localhost:3001/x",), headers=[JSON]),
            id="anything to the page's own origin",
        ),
    ],
)
def test_no_preflight_is_needed(request_: PageRequest):
    assert preflight_of(request_) is None


OWN, OTHER, THIRD = "http://localhost:3001/x", "https://b.example/", "https://c.example/"


@pytest.mark.parametrize(
    ("urls", "origin"),
    [
        pytest.param((OTHER,), PAGE, id="another origin"),
        pytest.param((OWN, OTHER), PAGE, id="led away by the page's own"),
        pytest.param((OTHER, OTHER), PAGE, id="another origin to itself"),
        pytest.param((OTHER, THIRD), b"null", id="another origin to a third"),
        pytest.param((OTHER, OWN), b"null", id="another origin back to the page's"),
        pytest.param((OWN, OTHER, THIRD, OWN), b"null", id="a long way"),
    ],
)
def test_the_origin_sent_is_null_once_another_led_away(urls: tuple[str, ...], origin: bytes):
    assert replace(REQUEST, urls=urls).sent_origin == origin


def test_cors_holds_for_good_once_another_origin_was_asked():
    assert replace(REQUEST, urls=(OWN, OTHER)).url == OTHER
    assert not replace(REQUEST, urls=(OWN, OWN)).cross_origin
    assert replace(REQUEST, urls=(OWN, OTHER, OWN)).cross_origin
    assert replace(REQUEST, origin=b"null", urls=(OWN,)).cross_origin


def test_a_finding_passes_unless_it_is_a_failure():
    assert Finding("well", "Fetch").passed
    assert not Finding("bad", "Fetch", Failure.STATUS_NOT_OK).passed


def test_the_reasons_name_the_headers_asked_for():
    request = replace(REQUEST, headers=((b"X-A", b"1"),))
    preflight = preflight_of(request)

    assert preflight is not None
    assert preflight.headers == (UnsafeHeader(b"x-a", "its name is not safelisted"),)
