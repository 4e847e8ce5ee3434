"""What is no entry of `allow_origins`: what its writer meant, and how that is written."""

import json
import re

from corsproxy.config import slips
from corsproxy.config.problems import WrongValueError
from corsproxy.core import hosts
from corsproxy.core.origins import OriginPattern, OriginSyntaxError

_BETWEEN = re.compile(r"[\x00-\x20\x7f,;]+")
_EXPRESSION = re.compile(r"[\\^$()|+]|/\.\*|\]\*|^https\?:")
_PORT = re.compile(r"(.*[^:]):([^:]*)")
_QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
_EVERYONE = frozenset({"any", "all", "everyone"})
_LONGEST_LABEL = 63
_LONGEST_HOST = 253
_ANY = "'*' may only lead the host ('*.example.com') or be the port"


def explain(entry: str, error: OriginSyntaxError) -> WrongValueError:
    """Say what is wrong with an entry that `error` was raised for, and what to write instead."""
    wrong = _refuse_slip(entry) or _refuse_list(entry) or _refuse_expression(entry)
    if wrong is None and error.write is None:
        wrong = _refuse_wildcard(entry) or _refuse_host(entry)
    return wrong or WrongValueError(error.what, error.write or _with_other_port(entry))


def wildcard(text: str) -> str | None:
    """Return an entry with a wildcard for a text that is one, perhaps without its scheme."""
    if text == "*":
        return '"*"'
    return next(
        (one for one in (_valid(text), _valid("https://", text)) if one and "*" in one), None
    )


def port_alone(port: str) -> WrongValueError:
    """Say what is missing around the number of a port, which stands where an origin should."""
    return WrongValueError("an origin has a scheme and a host", _valid("http://localhost:", port))


def _refuse_slip(entry: str) -> WrongValueError | None:
    """Look for what is written around an origin, or in place of one, by a slip or a habit."""
    if (bare := entry.strip(_QUOTES)) != entry:
        return WrongValueError("the quotes are part of the text here", _nearest(bare))
    if entry.lower() in _EVERYONE:
        return WrongValueError("any origin is '*'", '"*"')
    if entry.isascii() and entry.isdigit():
        return port_alone(entry)
    if (near := slips.with_mark(entry)) and (write := _nearest(near)):
        return slips.no_mark(write)
    return None if entry.endswith("$") else slips.refuse_variable(entry)


def _nearest(text: str) -> str | None:
    """Return a text that is an origin, or the one that is told to be written in its place."""
    try:
        return str(OriginPattern.parse(text))
    except OriginSyntaxError as error:
        return error.write and _valid(error.write)


def _refuse_list(entry: str) -> WrongValueError | None:
    if not re.search(r"[\x00-\x20\x7f,]", entry):
        return None
    words = [word for word in _BETWEEN.split(entry) if word]
    if len(words) > 1 and all("://" in word for word in words):
        return WrongValueError("one origin an item", json.dumps(words, ensure_ascii=False))
    write = _valid(*words) if re.fullmatch(r"\s*[\x20-\x7e]*[\s\x00]*", entry) else None
    return WrongValueError("an origin has no blanks and no control characters", write)


def _refuse_expression(entry: str) -> WrongValueError | None:
    if entry.startswith("//"):
        return WrongValueError("the scheme is missing", _valid("https:", entry))
    if _EXPRESSION.search(entry):
        return WrongValueError("this looks like a regular expression", "it in allow_origin_regex")
    return None


def _refuse_wildcard(entry: str) -> WrongValueError | None:
    scheme, mark, rest = entry.partition("://")
    if not mark or "*" not in entry:
        return None
    if "*" in scheme:
        return WrongValueError(_ANY, _valid("https://", rest))
    host = rest if rest.startswith("[") else rest.partition(":")[0]
    if host in {"*", "*.*", "**"}:
        return WrongValueError(f"this is every {scheme} site", '"*" for what is public')
    if host.startswith("[") or hosts.is_ipv4(host.replace("*", "1")):
        what = "a wildcard stands for DNS labels, not for parts of an address"
        return WrongValueError(what, "each address, or a pattern in allow_origin_regex")
    if "*" not in host or "/" in host:
        return None
    labels = _valid(scheme, "://*.", rest.lstrip("*."))
    return WrongValueError(_ANY, labels or "each name, or a pattern in allow_origin_regex")


def _refuse_host(entry: str) -> WrongValueError | None:
    host = _PORT.sub(r"\1", entry.partition("://")[2])
    if "/" in host or "[" in host:
        return None
    if len(host) > _LONGEST_HOST:
        return WrongValueError(f"a host has at most {_LONGEST_HOST} characters")
    if any(len(label) > _LONGEST_LABEL for label in host.split(".")):
        return WrongValueError(f"a label of a host has at most {_LONGEST_LABEL} characters")
    if ".." in host:
        return WrongValueError("the host has an empty label", _valid(re.sub(r"\.+", ".", entry)))
    return None


def _with_other_port(entry: str) -> str | None:
    """Return the entry with a port that may have been meant: without zeros before it, or any."""
    match = _PORT.fullmatch(entry)
    if not match or match[1] in {"http", "https"}:
        return None
    return (match[2] and _valid(f"{match[1]}:{match[2].lstrip('0')}")) or _valid(f"{match[1]}:*")


def _valid(*parts: str) -> str | None:
    text = "".join(parts)
    try:
        return str(OriginPattern.parse(text))
    except OriginSyntaxError:
        return None
