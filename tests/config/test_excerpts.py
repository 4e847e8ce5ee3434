import pytest

from corsproxy.config.excerpts import Excerpt, excerpt, lines_of
from corsproxy.config.problems import Problem


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\nb", ["a", "b"]),
        ("a\r\nb\rc", ["a", "b", "c"]),
        ("a\u2028b\x85c\u2029d", ["a", "b", "c", "d"]),
        ("\ufeffa", ["a"]),
    ],
)
def test_lines_are_counted_as_yaml_does(text: str, lines: list[str]):
    assert lines_of(text) == lines


@pytest.mark.parametrize(
    ("line", "column", "underlined"),
    [
        ("max_age: x # y", 10, "x"),
        ("max_age: x # y", 1, "max_age"),
        ("a: [https://b:1, c]", 5, "https://b:1"),
        ('a: "b \\" c", d', 4, '"b \\" c"'),
        ("a: 'b '' c', d", 4, "'b '' c'"),
        ("a: {b: c}", 4, "{"),
        ("a: 'never ends", 4, "'never"),
    ],
)
def test_what_is_underlined(line: str, column: int, underlined: str):
    found = excerpt(Problem("f", "no", line=2, column=column), ["", line])
    assert found is not None
    assert found.line == 2
    assert found.text[found.start : found.start + found.length] == underlined


@pytest.mark.parametrize(
    "problem",
    [
        Problem("f", "no place"),
        Problem("f", "beyond the end", line=9, column=1),
        Problem("f", "an empty line", line=1, column=1),
    ],
)
def test_there_may_be_nothing_to_show(problem: Problem):
    assert excerpt(problem, ["", "a"]) is None


def test_a_long_line_is_cut_around_the_place():
    found = excerpt(Problem("f", "no", line=1, column=501), ["a" * 500 + "'b'" + "c" * 500])
    assert found == Excerpt(1, "…" + "a" * 40 + "'b'" + "c" * 57 + "…", 41, 3)
    found = excerpt(Problem("f", "no", line=1, column=3), ["a 'b'" + "c" * 500])
    assert found == Excerpt(1, "a 'b'" + "c" * 95 + "…", 2, 3)


def test_no_password_and_no_control_character_is_shown():
    line = "proxy: http://user:secret@a, x: \x1b[31m, y: no"
    found = excerpt(Problem("f", "no", line=1, column=len(line) - 1), [line])
    assert found is not None
    assert found.text == "proxy: http://***********@a, x:  [31m, y: no"
    assert found.text[found.start :] == "no"
