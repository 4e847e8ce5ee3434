"""What each answer comes to: steps, the end, and what is asked besides."""

# ruff: noqa: ANN001, ANN003 the parameters are in the table
import pytest

from corsproxy.core.browser import Failure, PageRequest, preflight_of
from corsproxy.core.diagnosis import (
    Answer,
    Diagnosis,
    Message,
    Part,
    Silence,
    answered,
    asked,
    host_of,
    preflight_message,
    probes_for,
    request_message,
)
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.local_network import Crossing, Space

PAGE, URL = b"https://app.example", "https://api.example/a"
ALLOW = (b"Access-Control-Allow-Origin", b"*")
ANY = (b"access-control-allow-headers", b"*")
LATE = Silence(ProxyErrorType.HTTP_RESPONSE_TIMEOUT, "in 10 s", connected=True)
GONE = Silence(ProxyErrorType.CONNECTION_REFUSED, "refused", connected=False)


def asking(method=b"GET", headers=(), url=URL, origin=PAGE, **more):
    return PageRequest(origin=origin, urls=(url,), method=method, headers=headers, **more)


def step(request, answer):
    return answered(request, request_message(request), answer)


def preflight(request, answer):
    return asked(request, preflight_message(request, preflight_of(request)), answer)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://a.example:80/x", b"a.example"),
        ("https://a.example:444/x", b"a.example:444"),
        ("http://[::1]:8000/", b"[::1]:8000"),
    ],
)
def test_the_host(url, host):
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://a", b"/"),
        ("http://a/b%20c?d=e", b"/b%20c?d=e"),
        ("http://a/?", b"/"),
    ],
)
def test_the_target(url, target):
    assert Message(b"GET", url, ()).target == target


def test_a_get_of_the_own_origin_has_no_origin():
    own = asking(origin=b"https://api.example")
    assert request_message(own).fields == ((b"Host", b"api.example"), (b"Accept", b"*/*"))


def test_a_cookie_and_the_length_of_no_content():
    assert request_message(asking(b"POST"), b"a=b").fields == (
        (b"Host", b"api.example"),
        (b"Accept", b"*/*"),
        (b"Origin", PAGE),
        (b"Cookie", b"a=b"),
        (b"Content-Length", b"0"),
    )


def test_authorization_passes_by_wildcard_where_that_is_all():
    request = asking(headers=((b"Authorization", b"t"),))
    done = preflight(request, Answer(200, (ALLOW, ANY)))
    assert (done.passed, done.tolerated) == (True, (b"authorization",))


@pytest.mark.parametrize(
    ("headers", "fields", "more"),
    [
        pytest.param((), (ALLOW,), {}, id="without a wildcard"),
        pytest.param((), (ANY,), {}, id="without an origin"),
        pytest.param(
            (), ((ALLOW[0], PAGE), (b"Access-Control-Allow-Credentials", b"true"), ANY),
            {"credentials": True}, id="with credentials",
        ),
    ],
)  # fmt: skip
def test_authorization_does_not_pass_otherwise(headers, fields, more):
    request = asking(headers=((b"Authorization", b"t"), *headers), **more)
    done = preflight(request, Answer(200, fields))
    assert (done.passed, done.tolerated, done.grant) == (False, (), None)


ENDS = {
    "allowed": (step(asking(), Answer(200, (ALLOW,))), None, None),
    "refused": (step(asking(), Answer(200, ())), Failure.ORIGIN_MISSING, None),
    "a request without answer": (step(asking(), LATE), Failure.UNANSWERED, LATE),
    "a preflight without answer": (preflight(asking(b"PUT"), LATE), Failure.UNANSWERED, None),
    "a preflight without server": (preflight(asking(b"PUT"), GONE), Failure.UNANSWERED, GONE),
}


@pytest.mark.parametrize(("last", "failure", "unreached"), ENDS.values(), ids=ENDS)
def test_the_end(last, failure, unreached):
    diagnosis = Diagnosis(request=last.request, steps=(last,))
    got = diagnosis.failure.failure if diagnosis.failure else None
    assert (got, diagnosis.unreached, diagnosis.allowed) == (failure, unreached, failure is None)
    assert diagnosis.asked_only is (last.part is Part.PREFLIGHT)


@pytest.mark.parametrize("secure", [True, False])
def test_a_browser_that_asks_its_user_allows_and_one_that_does_not_ask_refuses(secure):
    crossed = Crossing(Space.PUBLIC, Space.LOCAL, URL, secure)
    steps = (step(asking(), Answer(200, (ALLOW,))),)
    assert Diagnosis(request=asking(), steps=steps, crossings=(crossed,)).allowed is secure


PROBED = {
    "a GET": (step(asking(), Answer(200, (ALLOW,))), ["GET", "GET", "GET"]),
    "a HEAD that isn't there": (step(asking(b"HEAD"), Answer(404, (ALLOW,))), ["HEAD", "HEAD"]),
    "a PUT": (step(asking(b"PUT"), Answer(200, (ALLOW,))), ["OPTIONS"]),
    "a POST that needs no preflight": (step(asking(b"POST"), Answer(200, (ALLOW,))), []),
    "no answer": (step(asking(), LATE), []),
    "a GET without CORS": (step(asking(), Answer(200, ())), ["OPTIONS"]),
    "a POST without CORS": (step(asking(b"POST"), Answer(404, ())), ["OPTIONS"]),
    "a PUT without CORS, whose preflight passed": (step(asking(b"PUT"), Answer(200, ())), []),
    "a GET that is allowed to another": (
        step(asking(), Answer(200, ((ALLOW[0], b"https://b.example"),))), []),
    "the own origin": (step(asking(origin=b"https://api.example"), Answer(200, ())), []),
}  # fmt: skip


@pytest.mark.parametrize(("last", "methods"), PROBED.values(), ids=PROBED)
def test_what_is_asked_besides_changes_nothing(last, methods):
    assert [sent.method.decode() for _, _, sent in probes_for((last,))] == methods


def test_a_corsproxy_is_asked_why_as_a_preflight_asks():
    [(part, _, sent)] = probes_for((step(asking(b"POST"), Answer(200, ())),))
    assert (part, sent.url, dict(sent.fields)) == (
        Part.WHY,
        URL,
        {
            b"Host": b"api.example",
            b"Accept": b"*/*",
            b"Access-Control-Request-Method": b"POST",
            b"Origin": PAGE,
        },
    )


KIND = b"application/problem+json"
PROBLEM = (b"Content-Type", KIND)
PROBLEMS = {
    "a refusal": (KIND, b'{"reason": "origin_null", "status": 403}', {"reason": "origin_null"}),
    "with a charset": (
        KIND + b"; charset=utf-8", b'{"reason": "origin_null"}', {"reason": "origin_null"}),
    "what steers a terminal": (
        KIND, b'{"reason": "origin_null", "culprit": "\\u001b[2J"}',
        {"reason": "origin_null", "culprit": "\\x1b[2J"}),
    "somebody else's problem": (KIND, b'{"reason": "no money"}', {}),
    "a list": (KIND, b"[]", {}),
    "cut short": (KIND, b'{"reason"', {}),
    "no text": (KIND, b"\xff", {}),
    "too deep": (KIND, b"[" * 100_000, {}),
    "another type": (b"application/json", b'{"reason": "origin_null"}', {}),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "told"), PROBLEMS.values(), ids=PROBLEMS)
def test_a_refusal_of_corsproxy_is_known_by_its_reason(kind, content, told):
    assert Answer(403, ((b"Content-Type", kind),), content).refusal == told


DENIED = (b"Proxy-Status", b"corsproxy; error=http_request_denied")
VARY = (b"Vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
REFUSERS = {
    "that says why": (403, (PROBLEM,), b'{"reason": "origin_null"}', True),
    "that doesn't": (403, (DENIED, VARY), b"", True),
    "that refuses something else": (403, (DENIED,), b"", False),
    "with another status": (502, (DENIED, VARY), b"", False),
    "that is none": (403, (VARY,), b"", False),
}


@pytest.mark.parametrize(("status", "fields", "content", "known"), REFUSERS.values(), ids=REFUSERS)
def test_a_corsproxy_that_refuses(status, fields, content, known):
    assert Answer(status, fields, content).refused is known
