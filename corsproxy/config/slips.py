"""Slips in the writing of an address, be it an origin or a URL."""

import re
from collections.abc import Collection, Sequence

from corsproxy.config.problems import WrongValueError

_MARK = re.compile(r"(https?)(?://|:/|:///+|;//)([^/].*)", re.IGNORECASE)
# no scheme, and no port
_COLON = re.compile(r"\s*(?:- +)?(?!unix:)([a-z_]+):((?!//)[^\s\d].*)")
_DASH = re.compile(r"\s*-([^\s\d-].*)")
_LINES = 3
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)


def near_end(lines: Sequence[str]) -> tuple[str, str] | None:
    """Look for a colon or a dash without a blank behind it, in the last lines of what YAML took.

    Returns what to say of it, and what to write instead.
    """
    for number in range(len(lines), max(len(lines) - _LINES, 0), -1):
        line = lines[number - 1]
        if slip := _COLON.fullmatch(line):
            return f": a blank is missing behind a colon in line {number}", f"{slip[1]}: {slip[2]}"
        if slip := _DASH.fullmatch(line):
            return f": a blank is missing behind the dash in line {number}", f"- {slip[1]}"
    return None


def without_blank(text: str, keys: Collection[str]) -> str | None:
    """Return `key: value` for a text that is `key:value`, if the key is one of these."""
    key, colon, value = text.partition(":")
    return f"{key}: {value}" if colon and value and key in keys else None


def with_mark(text: str) -> str | None:
    """Return an address with the `://` that it nearly has; None for all else."""
    match = _MARK.fullmatch(text)
    return f"{match[1].lower()}://{match[2]}" if match else None


def no_mark(write: str) -> WrongValueError:
    """Say that the `://` of an address is not whole."""
    return WrongValueError("'://' stands between the scheme and the host", write)


def refuse_variable(text: str) -> WrongValueError | None:
    """Say how a variable of the environment is written, where a host is one without braces."""
    head, mark, rest = text.partition("://") if "://" in text else ("", "", text)
    host, slash, path = rest.partition("/")
    braced = _VARIABLE.sub(r"${\1}", host)
    if braced == host:
        return None
    what = "a variable of the environment stands in braces"
    return WrongValueError(what, head + mark + braced + slash + path)
