"""The words that two commands share; told whole in test_explained.py and test_diagnosed.py."""

import pytest

from corsproxy.cli.page import Page
from corsproxy.cli.steps import judged, needed, sent, title
from corsproxy.core.browser import Failure, Finding, PageRequest, preflight_of
from corsproxy.core.cors_check import Grant

PAGE = Page("http://a/", "put", ((b"Cookie", b"a"), (b"X-A", b"")), credentials=True)
REQUEST = PageRequest(
    origin=b"http://a/", urls=("http://b/",), method=b"PUT", headers=PAGE.headers[1:],
    credentials=True,
)  # fmt: skip


def test_what_a_browser_changes_is_said():
    assert list(title(REQUEST, PAGE)) == [
        "PUT http://b/ from a page at http://a/, with credentials",
        "  no browser sends this origin: browsers send no trailing slash; write http://a",
        "  browsers raise put to upper case  (Fetch §2.2.1, normalize)",
        (
            "  Cookie is the browser's own, and what a page says of it is dropped  (Fetch §2.2.2, "
            "forbidden request-header)"
        ),
    ]


@pytest.mark.parametrize(
    ("request_", "first"),
    [
        (REQUEST, "Preflight: the browser asks first, for"),
        (
            PageRequest(origin=b"http://a", urls=("http://b/",)),
            (
                "Preflight: none, for the method and all headers are safelisted  (Fetch §2.2.1, "
                "§2.2.2)"
            ),
        ),
        (
            PageRequest(origin=b"http://b", urls=("http://b/",), method=b"PUT"),
            "Preflight: none, for the page's own origin is asked  (Fetch §4.1, main fetch)",
        ),
    ],
    ids=["needed", "not needed", "the own origin"],
)
def test_whether_it_is_asked_first(request_: PageRequest, first: str):
    assert next(needed(request_, preflight_of(request_))) == first


def test_a_head():
    assert list(sent("GET / HTTP/1.1", [(b"Host", b"b\xff")])) == [
        "  > GET / HTTP/1.1",
        "  > Host: b\\xff",
    ]


def test_rules_and_how_long_they_are_remembered():
    rules = [Finding("good", "§1"), Finding("bad", "§2", Failure.ORIGIN_MISSING)]
    assert list(judged(rules, Grant(max_age=7200))) == [
        "  \x1b[32mok\x1b[0m  good  (§1)",
        "  \x1b[31mno\x1b[0m  bad  (§2)",
        (
            "      remembered 7200 s by Chromium, 7200 s by Firefox, 600 s by Safari  (Fetch §4.8, "
            "steps 7.8 to 7.10)"
        ),
    ]
