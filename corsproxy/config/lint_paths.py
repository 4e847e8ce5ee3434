"""Paths that are compared as they are written, and look as if more was meant."""

import re
from collections.abc import Iterable

from corsproxy.config.report import Report
from corsproxy.config.tree import Node
from corsproxy.core.routes import Route

# as in Express and Rails, OpenAPI and Spring, Flask, Next.js, and shells
_PLACEHOLDER = re.compile(
    r":[A-Za-z_]\w*|\{[^{}]+\}|<[^<>]+>|\[(?:\.\.\.)?[A-Za-z_]\w*\]|\*+", re.ASCII
)
_EXPRESSION = re.compile(r"\[[^\]]+\]|\.[*+]|\([^)]*[|*+][^)]*\)|\\[dsw]")
_ALL_BELOW = re.compile(r"(.*)/\(?\.[*+]\)?")


def paths(routes: Iterable[tuple[Route, Node]], report: Report) -> None:
    """Warn of a `path` with a placeholder or a regular expression in it."""
    for route, node in routes:
        at = node.get("path")
        if at and route.path and (write := _meant(route.path.decode())):
            what = "a path is compared letter by letter: nothing in it stands for something else"
            report.add(at, what, write, level="warning")


def _meant(path: str) -> str | None:
    parts = [_part(segment) for segment in path.split("/")]
    if all(plain for plain, _ in parts):
        return None
    below = _ALL_BELOW.fullmatch(path)
    if below and _meant(below[1]) is None:
        return f"path: {below[1] or '/'}"
    return "path_regex: '" + "/".join(part for _, part in parts) + "'"


def _part(segment: str) -> tuple[bool, str]:
    """Return whether a segment of a path is meant as it is, and the expression for it."""
    if _PLACEHOLDER.fullmatch(segment):
        return False, "[^/]+"
    if _EXPRESSION.search(segment):
        return False, segment
    return True, re.escape(segment).replace(r"\-", "-")
