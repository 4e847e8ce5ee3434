from dataclasses import replace

import pytest

from corsproxy.core.browser import PageRequest
from corsproxy.core.cors_check import Grant
from corsproxy.core.preflight_cache import CAPS, PreflightCache

PUT = PageRequest(origin=b"http://localhost:3001", urls=("https://a.example/x",), method=b"PUT")
OWN = replace(PUT, method=b"GET", headers=((b"X-Own", b"1"),))
TOKEN = replace(PUT, method=b"GET", headers=((b"Authorization", b"b"),))
UPLOAD = replace(PUT, method=b"POST", asks_always=True)
GRANT = Grant((b"PUT", b"GET"), (b"X-OWN",), 600)
WILD = Grant((b"*",), (b"*",), 600)
CACHE = PreflightCache(CAPS["Chromium"])

SPARED = [
    pytest.param(GRANT, PUT, True, id="the method"),
    pytest.param(GRANT, OWN, True, id="the header, in any case"),
    pytest.param(GRANT, replace(OWN, method=b"PUT"), True, id="both"),
    pytest.param(GRANT, replace(PUT, method=b"DELETE"), False, id="another method"),
    pytest.param(GRANT, TOKEN, False, id="another header"),
    pytest.param(WILD, replace(OWN, method=b"DELETE"), True, id="all by *"),
    pytest.param(WILD, TOKEN, False, id="Authorization by *"),
    pytest.param(GRANT, UPLOAD, False, id="an upload that is listened to"),
    pytest.param(Grant((b"POST",)), UPLOAD, True, id="the same once more"),
    pytest.param(GRANT, replace(PUT, urls=("https://a.example/y",)), False, id="another path"),
    pytest.param(GRANT, replace(PUT, origin=b"https://b.example"), False, id="another page"),
    pytest.param(GRANT, replace(PUT, credentials=True), False, id="credentials more"),
]


@pytest.mark.parametrize(("grant", "request_", "spared"), SPARED)
def test_what_was_allowed_is_not_asked_again(grant: Grant, request_: PageRequest, spared: bool):
    cache = CACHE.remember(PUT, grant, 0.0)

    assert cache.spares(request_, 1.0) is spared


def test_what_was_allowed_with_credentials_serves_without():
    assert CACHE.remember(replace(PUT, credentials=True), GRANT, 0.0).spares(PUT, 1.0)


@pytest.mark.parametrize(("browser", "seconds"), [("Chromium", 7200), ("Firefox", 86400),
                                                  ("Safari", 600)])  # fmt: skip
def test_each_browser_remembers_no_longer_than_its_cap(browser: str, seconds: int):
    cache = PreflightCache(CAPS[browser]).remember(PUT, replace(GRANT, max_age=10**6), 100.0)

    assert cache.spares(PUT, 100.0 + seconds - 1)
    assert not cache.spares(PUT, 100.0 + seconds)


def test_a_later_answer_renews_and_nothing_piles_up():
    cache = CACHE.remember(PUT, GRANT, 0.0).remember(PUT, replace(GRANT, max_age=10), 5.0)

    assert [(e.method, e.header, e.until) for e in cache.entries] == [
        (b"PUT", None, 15.0),
        (b"GET", None, 15.0),
        (None, b"x-own", 15.0),
    ]


def test_what_has_ended_is_dropped():
    other = replace(PUT, urls=("https://b.example/",))

    assert len(CACHE.remember(PUT, GRANT, 0.0).remember(other, GRANT, 600.0).entries) == 3


def test_a_failure_clears_what_is_remembered_of_its_address():
    other = replace(PUT, urls=("https://b.example/",))
    cache = CACHE.remember(PUT, GRANT, 0.0).remember(other, GRANT, 0.0).forget(PUT)

    assert not cache.spares(PUT, 1.0)
    assert cache.spares(other, 1.0)
