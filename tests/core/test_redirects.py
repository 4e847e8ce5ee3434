from dataclasses import replace

import pytest

from corsproxy.core.browser import Failure, Finding, PageRequest
from corsproxy.core.redirects import redirected

PAGE = "http://localhost:3001"
JSON, TOKEN = (b"Content-Type", b"application/json"), (b"Authorization", b"b")
POST = PageRequest(
    origin=PAGE.encode(), urls=("https://a.example/x/y?q",), method=b"POST", headers=(JSON, TOKEN)
)


def to(location: str) -> list[tuple[bytes, bytes]]:
    return [(b"Location", location.encode())]


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/z", "https://a.example/z"),
        ("z?a=b#c", "https://a.example/x/z?a=b"),
        ("//b.example/z", "https://b.example/z"),
        ("http://b.example:8080", "http://b.example:8080"),
        ("/b c%2F\xe9?\xe9\x9b", "https://a.example/b%20c%2F%C3%A9?%C3%A9%C2%9B"),
    ],
)
def test_a_location_is_resolved(location: str, url: str):
    led = redirected(POST, 307, to(location))

    assert isinstance(led, PageRequest)
    assert led.urls == (POST.url, url)


@pytest.mark.parametrize(
    ("method", "status", "followed"),
    [
        (b"POST", 301, b"GET"),
        (b"POST", 302, b"GET"),
        (b"POST", 303, b"GET"),
        (b"POST", 307, b"POST"),
        (b"POST", 308, b"POST"),
        (b"PUT", 301, b"PUT"),
        (b"PUT", 302, b"PUT"),
        (b"PUT", 303, b"GET"),
        (b"HEAD", 303, b"HEAD"),
        (b"GET", 302, b"GET"),
    ],
)
def test_a_method_becomes_get_and_loses_what_is_about_content(
    method: bytes, status: int, followed: bytes
):
    led = redirected(replace(POST, method=method), status, to("/z"))

    assert isinstance(led, PageRequest)
    kept = (TOKEN,) if method != followed else (JSON, TOKEN)
    assert (led.method, led.headers) == (followed, kept)


def test_another_origin_never_gets_authorization():
    led = redirected(POST, 308, to("https://b.example/"))

    assert isinstance(led, PageRequest)
    assert led.headers == (JSON,)


@pytest.mark.parametrize(
    ("status", "fields"),
    [(200, to("/z")), (300, to("/z")), (304, to("/z")), (302, [])],
)
def test_anything_else_is_no_redirect(status: int, fields: list[tuple[bytes, bytes]]):
    assert redirected(POST, status, fields) is None


STEP = "Fetch §4.5, HTTP-redirect fetch, step"
UNUSABLE = Finding(
    "the Location is no HTTP(S) address", f"{STEP}s 5 and 6", Failure.REDIRECT_UNUSABLE
)
SECRET = Finding(
    "the Location has a name or password in it", f"{STEP}s 9 and 10", Failure.REDIRECT_CREDENTIALS
)
OWN = replace(POST, urls=(f"{PAGE}/x",))


@pytest.mark.parametrize(
    ("request_", "fields", "why"),
    [
        pytest.param(POST, to("mailto:a@b.example"), UNUSABLE, id="another scheme"),
        pytest.param(POST, to("http://[::1/"), UNUSABLE, id="no address"),
        pytest.param(POST, [*to("/a"), *to("/b")], UNUSABLE, id="two addresses"),
        pytest.param(POST, to("https://u:p@a.example/"), SECRET, id="a password"),
        pytest.param(OWN, to("https://u:p@a.example/"), SECRET, id="a password elsewhere"),
        pytest.param(
            replace(POST, urls=(POST.url,) * 21),
            to("/z"),
            Finding(
                "a browser follows no more than 20 redirects", f"{STEP} 7", Failure.REDIRECT_LIMIT
            ),
            id="too many",
        ),
    ],
)
def test_what_a_browser_does_not_follow(
    request_: PageRequest, fields: list[tuple[bytes, bytes]], why: Finding
):
    assert redirected(request_, 302, fields) == why


def test_what_it_does_follow():
    assert isinstance(redirected(replace(POST, urls=(POST.url,) * 20), 302, to("/z")), PageRequest)
    assert isinstance(redirected(OWN, 302, to("http://u:p@localhost:3001/")), PageRequest)
