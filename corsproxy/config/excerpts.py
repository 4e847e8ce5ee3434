"""The line of a file that a problem is about, and the part of it that is wrong."""

import re
from typing import NamedTuple

from corsproxy.config.problems import Problem
from corsproxy.config.report import without_passwords

_LONGEST = 100  # characters of a line that are shown
_BEFORE = 40  # of them before the place, where the line is longer
_LINE_ENDS = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # YAML 1.1 §4.2
_VALUE = re.compile(
    r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s,\[\]{}:]+(?::[^\s,\[\]{}]+)*""", re.DOTALL
)


class Excerpt(NamedTuple):
    """A line, with control characters and passwords out, and what to underline (from 0)."""

    line: int
    text: str
    start: int
    length: int


def lines_of(text: str) -> list[str]:
    """Split a file as YAML counts its lines."""
    return _LINE_ENDS.split(text.removeprefix("\ufeff"))


def excerpt(problem: Problem, lines: list[str]) -> Excerpt | None:
    """Return the line that a problem is about; None where it has no place among `lines`."""
    if problem.line is None or problem.column is None or problem.line > len(lines):
        return None
    line, start = lines[problem.line - 1], problem.column - 1
    if not line.strip():
        return None
    match = _VALUE.match(line, start)
    length = max(1, match.end() - start) if match else 1
    shown = "".join(c if c.isprintable() else " " for c in without_passwords(line))
    shown, start = _window(shown, start)
    return Excerpt(problem.line, shown, start, min(length, max(1, len(shown) - start)))


def _window(line: str, start: int) -> tuple[str, int]:
    if len(line) <= _LONGEST:
        return line.rstrip(), start
    first = max(0, start - _BEFORE)
    last = first + _LONGEST
    head, tail = "…" if first else "", "…" if last < len(line) else ""
    return head + line[first:last].rstrip() + tail, start - first + len(head)
