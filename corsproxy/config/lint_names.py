"""Methods and header names that are valid in a policy and will not do what was meant."""

from collections.abc import Collection, Mapping, Sequence

from corsproxy.config.model_cors import Cors
from corsproxy.config.report import Report
from corsproxy.config.tree import Node
from corsproxy.core.methods import CARRIED_METHODS

_WITHOUT_CONTENT = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})  # RFC 9110 §9.3
_SAFELISTED_METHODS = frozenset({"GET", "HEAD", "POST"})  # Fetch §2.2.1
# Fetch §2.2.2; Content-Type is left out, for JSON needs it listed, and so is Range
_SAFELISTED_HEADERS = frozenset({"accept", "accept-language", "content-language"})


def names(cors: Cors, sources: Mapping[str, Node], report: Report) -> None:
    """Tell of methods and headers that a browser takes for something else."""
    for key in ("allow_methods", "allow_headers", "expose_headers"):
        _tell_partial_wildcards(getattr(cors, key), sources.get(key), report)
    _methods(cors.allow_methods, sources.get("allow_methods"), report)
    _needless(cors, sources, report)
    _headers(cors, sources, report)


def _tell_partial_wildcards(values: Sequence[str], source: Node | None, report: Report) -> None:
    for node, name in _items(values, source):
        if "*" in name and name != "*":
            what = "'*' is a wildcard only where it stands alone: here it is a character"
            report.add(node, what, 'the names one by one, or "*"', level="warning")


def _methods(values: Sequence[str], source: Node | None, report: Report) -> None:
    for node, name in _items(values, source):
        if name != name.upper() and name.upper() not in values:
            what = "methods are compared by case, and browsers send this one as the page wrote it"
            report.add(node, what, name.upper(), level="warning")
        elif "*" not in name and name.encode() not in CARRIED_METHODS:
            what = (
                "HTTP parsers don't know the method, and refuse it, the proxy's too: leave it out"
            )
            report.add(node, what, level="warning")


def _needless(cors: Cors, sources: Mapping[str, Node], report: Report) -> None:
    methods = [name for name in cors.allow_methods if name in _SAFELISTED_METHODS]
    if methods and (source := sources.get("allow_methods")):
        what = f"browsers ask no leave for {_listed(methods)}: left out, it is the same"
        report.add_key(source, what, level="info")
    headers = [name for name in cors.allow_headers if name.lower() in _SAFELISTED_HEADERS]
    if headers and (source := sources.get("allow_headers")):
        what = f"browsers ask no leave for {_listed(headers)}, but for values over 128 octets"
        report.add_key(source, what, level="info")


def _headers(cors: Cors, sources: Mapping[str, Node], report: Report) -> None:
    allowed = {name.lower() for name in cors.allow_headers}
    headers = sources.get("allow_headers")
    if headers and "*" in allowed and "authorization" not in allowed:
        what = "'*' does not cover Authorization (Fetch §2.2.2)"
        report.add_key(headers, what, '["*", Authorization] where pages send it', level="warning")
    sends = [name for name in cors.allow_methods if name not in _WITHOUT_CONTENT]
    methods = sources.get("allow_methods")
    if methods and sends and not allowed & {"*", "content-type"}:
        what = "requests with a JSON body will fail: Content-Type is not in allow_headers"
        report.add_key(methods, what, "allow_headers: [Content-Type]", level="warning")


def _items(values: Sequence[str], source: Node | None) -> list[tuple[Node, str]]:
    return list(zip(source.children.values(), values, strict=True)) if source else []


def _listed(values: Collection[str]) -> str:
    *first, last = values
    return f"{', '.join(first)} and {last}" if first else last
