"""Slips in the writing of an address, be it an origin or a URL."""

import re

from corsproxy.config.problems import WrongValueError

_MARK = re.compile(r"(https?)(?://|:/|:///+|;//)([^/].*)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)", re.ASCII)


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
