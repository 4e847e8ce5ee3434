import re

import pytest

from corsproxy.config.lint_regexes import Regexes, Stranger
from corsproxy.config.public_suffixes import PublicSuffixes
from corsproxy.config.report import Report
from corsproxy.config.tree import Node


@pytest.fixture
def judge(report: Report) -> Regexes:
    return Regexes(PublicSuffixes(), report)


@pytest.mark.parametrize(
    ("pattern", "stranger"),
    [
        ("https?://.*", "https://a.invalid"),
        (r"https://.+\.invalid", "https://a.invalid"),
        (r"https://a\.com.*", "https://a.com.evil.invalid"),
        (r"https://.*a\.com", "https://evila.com"),
        (r"https://app.a\.com", "https://appxa.com"),
        (r"https://a\.[a-z]+", "https://a.invalid"),
        (r"https://[a-z]+\.co\.uk", "https://evila.co.uk"),
        (r"http://127\.0\.0\.1.*", "http://127.0.0.1.evil.invalid"),
        (r"http://a\.com.*:8080", "http://a.com.evil.invalid:8080"),
    ],
)
def test_a_stranger_gets_in(pattern: str, stranger: str, judge: Regexes):
    found = judge.check(re.compile(pattern), Node((), "scalar", pattern))
    assert found is not None
    assert found.origin == stranger
    assert re.fullmatch(pattern, stranger)
    assert judge.report.problems == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"https://a\.com",
        r"https://([a-z]+\.)?a\.com(:\d+)?",
        r"https://[^.]+\.a\.co\.uk",
        r"https?://localhost(:[0-9]{4,5})?",
        r"http://10\.\d+\.\d+\.\d+",
        r"https://[a-z]+\.corp\.internal",
        r"https://[a-z]+\.local",
        r"https://[0-9.]+",
        r"https://pr-\d+--site\.example\.net",
        r"(?x) https://a\.com  # the page",
        r"https://(?P<name>a|b)\.com",
        r"chrome-extension://[a-p]{32}",
        r"(a)\1",
    ],
)
def test_nobody_else_gets_in(pattern: str, judge: Regexes):
    assert judge.check(re.compile(pattern), Node((), "scalar", pattern)) is None
    assert judge.report.problems == []


def test_one_that_nobody_can_read(judge: Regexes):
    pattern = "https://(" + "|".join(f"a{i}" for i in range(300)) + r")\.com"
    assert judge.check(re.compile(pattern), Node((), "scalar", "x")) is None
    assert [str(problem) for problem in judge.report.problems] == [
        (
            't.yaml: "x": longer than 1000 characters: nobody can tell whom it lets in; '
            "write the origins in allow_origins"
        )
    ]


def test_anybody_is_told_from_somebody():
    assert Stranger("https://a.invalid", None).anybody
    assert not Stranger("https://evila.com", None).anybody
