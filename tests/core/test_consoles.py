"""What Firefox and Safari say; Chromium's words are held against it in tests/browser."""

# ruff: noqa: ANN001, ANN002, ANN003, RUF001 the parameters are in the table; quotes are Firefox's
import pytest

from corsproxy.core.browser import PageRequest, preflight_of
from corsproxy.core.consoles import Outcome, Word, outcomes
from corsproxy.core.diagnosis import (
    Answer,
    Diagnosis,
    Silence,
    answered,
    asked,
    preflight_message,
    request_message,
)
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.local_network import Crossing, Space, mixed_content

PAGE, URL = b"https://app.example", "https://api.example/a"
ORIGIN = (b"Access-Control-Allow-Origin", PAGE)
OTHER = (ORIGIN[0], b"https://other.example")
STAR = (ORIGIN[0], b"*")
METHODS = (b"Access-Control-Allow-Methods", b"PUT")
FIREFOX = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource "
    f"at {URL}. (Reason: "
)


def diagnosed(status, *fields, method=b"GET", headers=(), credentials=False):
    request = PageRequest(
        origin=PAGE, urls=(URL,), method=method, headers=headers, credentials=credentials
    )
    answer = Answer(status, fields)
    if preflight := preflight_of(request):
        last = asked(request, preflight_message(request, preflight), answer)
    else:
        last = answered(request, request_message(request), answer)
    return Diagnosis(request=request, steps=(last,))


def put(status, *fields, **more):
    return diagnosed(status, *fields, method=b"PUT", **more)


NOT_ALLOWED = "Origin https://app.example is not allowed by Access-Control-Allow-Origin. "
SAID = {
    "no origin": (
        diagnosed(200), "CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 200.",
        NOT_ALLOWED + "Status code: 200"),
    "two lines": (
        diagnosed(200, ORIGIN, ORIGIN),
        "Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed).",
        "Access-Control-Allow-Origin cannot contain more than one origin."),
    "two origins in a line": (
        diagnosed(200, (ORIGIN[0], b"https://a, https://b")),
        "CORS header ‘Access-Control-Allow-Origin’ does not match ‘https://a, https://b’).",
        "Access-Control-Allow-Origin cannot contain more than one origin."),
    "another origin": (
        diagnosed(404, OTHER),
        "CORS header ‘Access-Control-Allow-Origin’ does not match ‘https://other.example’).",
        NOT_ALLOWED + "Status code: 404"),
    "'*' with credentials": (
        diagnosed(200, STAR, credentials=True),
        "Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’).",
        "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true."),
    "no credentials": (
        diagnosed(200, ORIGIN, credentials=True),
        "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’).",
        'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".'),
    "a preflight that is not OK": (
        put(403, ORIGIN), "CORS preflight response did not succeed). Status code: 403.",
        "Preflight response is not successful. Status code: 403"),
    "a preflight that is not OK, without CORS": (
        put(401), "CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 401.",
        "Preflight response is not successful. Status code: 401"),
    "a preflight that is redirected": (
        put(301), "CORS request external redirect not allowed).",
        "Preflight response is not successful. Status code: 301"),
    "no such method": (
        put(200, ORIGIN), "Did not find method in CORS header ‘Access-Control-Allow-Methods’).",
        "Method PUT is not allowed by Access-Control-Allow-Methods."),
    "no such header": (
        put(200, ORIGIN, METHODS, headers=((b"X-B", b"1"),)),
        ("header ‘x-b’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS "
        "preflight response)."),
        "Request header field x-b is not allowed by Access-Control-Allow-Headers."),
    "what has names of facts in it": (
        diagnosed(200, (ORIGIN[0], b"{status}")),
        "CORS header ‘Access-Control-Allow-Origin’ does not match ‘{status}’).",
        NOT_ALLOWED + "Status code: 200"),
}  # fmt: skip


@pytest.mark.parametrize(("diagnosis", "firefox", "safari"), SAID.values(), ids=SAID)
def test_what_firefox_and_safari_say(diagnosis, firefox, safari):
    assert outcomes(diagnosis)[1:] == (
        Outcome("Firefox", Word.REFUSED, console=FIREFOX + firefox),
        Outcome("Safari", Word.REFUSED, console=safari),
    )


def test_where_nothing_is_known_for_sure_nothing_is_said():
    request = diagnosed(200).request
    silence = Silence(ProxyErrorType.HTTP_RESPONSE_TIMEOUT, "", connected=True)
    last = answered(request, request_message(request), silence)
    browsers = ("Chromium", "Firefox", "Safari")
    expected = tuple(Outcome(browser, Word.REFUSED) for browser in browsers)
    assert outcomes(Diagnosis(request=request, steps=(last,))) == expected


def test_a_nearer_network_is_a_matter_of_the_user():
    allowed = diagnosed(200, ORIGIN)
    crossed = Crossing(Space.PUBLIC, Space.LOCAL, URL, secure=True)
    diagnosis = Diagnosis(request=allowed.request, steps=allowed.steps, crossings=(crossed,))
    assert [outcome.word for outcome in outcomes(diagnosis)] == [
        Word.ASKS, Word.ALLOWED, Word.ALLOWED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://api.example/", Word.REFUSED),
        ("http://192.168.0.1/", Word.ASKS),
        ("http://printer.local/", Word.ASKS),
    ],
)
def test_mixed_content_of_the_local_network_is_chromiums_user_to_say(url, word):
    request = PageRequest(origin=PAGE, urls=(url,))
    diagnosis = Diagnosis(request=request, end=mixed_content(PAGE, url), blocked=url)
    assert [outcome.word for outcome in outcomes(diagnosis)] == [word, Word.REFUSED, Word.REFUSED]


def test_what_older_safaris_block():
    request = PageRequest(origin=PAGE, urls=("http://localhost:8000/",))
    last = answered(request, request_message(request), Answer(200, (STAR,)))
    assert "WebKit" in outcomes(Diagnosis(request=request, steps=(last,)))[2].why
