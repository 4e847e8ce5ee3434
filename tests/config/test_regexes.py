import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.config import regexes
from corsproxy.config.patterns import origin_regex
from corsproxy.config.problems import WrongValueError


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"https://a\.com", ["https://a.com"]),
        (r"https?://a", ["http://a", "https://a"]),
        (r"(a|b\d)x?", ["a", "b1", "ax", "b1x"]),
        (r".*a", ["a", "https://a", "xa", "https://xa"]),
        (r"[^a-c]{2}", ["dd"]),
        (r"[\W\s]", ["-"]),
        (r"(?i)A", ["A", "a"]),
        (r"^a$", ["a"]),
        (r"(?=a)a(?>b)", ["ab"]),
        (r"(?!a)a", []),
        (r"(a)\1", []),
        (r"a{500}", []),
        (r"(a{200}){2}", []),
        (r"[^\x00-\xff]", []),
    ],
)
def test_what_an_expression_matches(pattern: str, expected: list[str]):
    assert regexes.samples(re.compile(pattern))[: len(expected) or 1] == expected


@given(st.from_regex(r"[ab.?*+()|\[\]]{0,12}", fullmatch=True))
def test_every_sample_is_matched(pattern: str):
    try:
        regex = origin_regex(pattern)
    except WrongValueError:
        return
    assert all(regex.fullmatch(text) for text in regexes.samples(regex))


@pytest.mark.parametrize(
    "pattern",
    [
        "([a-z]+)+!",
        "(?:[a-z]+|1)*!",
        "([a-z0-9]+-?)*!",
        "(x|([a-z]*)*)!",
        "(.*a)+!",
        "((a{1,99})){9,}!",
    ],
)
def test_it_can_take_for_ever(pattern: str):
    assert regexes.is_explosive(re.compile(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        r"([a-z0-9-]+\.)+com",
        r"(\.[a-z]+)*",
        r"(a+){0,3}",
        r"([a-z]++)+",
        r"(?>[a-z]+)+",
        r"[a-z]+[a-z]+",
        r"(ab?)*",
        r"(?:[a-z]+\.|[0-9]+:)+",
        r"([a-z]+(?:-|_))+",
    ],
)
def test_it_can_not(pattern: str):
    assert not regexes.is_explosive(re.compile(pattern))


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("https://app.a.com", r"https://app\.a\.com"),
        (r"https://app\.a.com", r"https://app\.a\.com"),
        ("https://.*", "https://.*"),
        ("https://[a.]b.c", r"https://[a.]b\.c"),
        ("https://a.+b", "https://a.+b"),
    ],
)
def test_dots_that_were_meant(pattern: str, written: str):
    assert regexes.with_dots_escaped(pattern) == written
