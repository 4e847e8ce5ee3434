"""What a command line says of a page's request: the options of `explain` and `diagnose`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import click

from corsproxy.core.browser import Finding, PageRequest
from corsproxy.core.fields import Field, has_control, is_token

_PARTS = re.compile(r"(\w+://[^/?\\]*)?([^?]*)(.*)", re.DOTALL)
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Page:
    """A page's request as its writer says it, whoever it goes to."""

    origin: str
    method: str
    headers: tuple[Field, ...]
    credentials: bool

    @classmethod
    def read(cls, *, origin: str, method: str, headers: tuple[str, ...], credentials: bool) -> Self:
        """Return what the options say; raise `UsageError` for what no page could say."""
        if not (origin.isascii() and is_token(method.encode(errors="replace"))):
            raise click.UsageError("an origin is ASCII, and a method one word")
        return cls(origin, method, tuple(map(_header, headers)), credentials)

    def request(self, url: str) -> PageRequest | Finding:
        """Return the request as a browser would keep it, or why it makes none."""
        return PageRequest.from_script(
            self.origin.encode(),
            url,
            self.method.encode(),
            self.headers,
            credentials=self.credentials,
        )


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `Page.read` takes."""
    for option in (
        click.option("--credentials", is_flag=True,
                     help="The page sends cookies: credentials 'include'."),
        click.option("--header", "headers", metavar="NAME[: VALUE]", multiple=True,
                     help="A header that the page sets; may be repeated."),
        click.option("--method", metavar="METHOD", default="GET",
                     help="What fetch() is told (GET)."),
        click.option("--origin", metavar="ORIGIN", required=True,
                     help="The page's origin, as http://localhost:3001."),
    ):  # fmt: skip
        command = option(command)
    return command


def as_sent(address: str) -> str:
    """Return an address as a browser sends it: encoded, without dot segments and fragment.

    URL §4.4, basic URL parser.
    """
    start, path, query = _PARTS.fullmatch(address.partition("#")[0]).groups("")  # type: ignore[union-attr]
    return _encoded(start, "") + _encoded(_resolved(path), '"<>^`{}') + _encoded(query, "\"'<>")


def _resolved(path: str) -> str:
    kept: list[str] = []
    for segment in (segments := path.replace("\\", "/").split("/")):
        dots = segment.lower().replace("%2e", ".")
        if dots == ".." and len(kept) > 1:
            kept.pop()
        elif dots not in (".", ".."):
            kept.append(segment)
    ends_in_dots = segments[-1].lower().replace("%2e", ".") in (".", "..")
    return "/".join([*kept, ""] if ends_in_dots else kept)


def _encoded(text: str, unsafe: str) -> str:
    safe = _PRINTABLE.translate(dict.fromkeys(map(ord, unsafe)))
    return quote(text.encode("utf-8", "surrogateescape"), safe=safe)


def _header(text: str) -> Field:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    octets = value.encode("latin-1", "replace")  # as fetch() takes them
    if not is_token(name.encode("ascii", "replace")) or has_control(octets):
        raise click.UsageError(f"--header {text!r}: write 'Name: value', or the name alone")
    if octets.decode("latin-1") != value:
        raise click.UsageError(f"--header {text!r}: fetch() takes no character beyond U+00FF")
    if not colon and name.lower() == "content-type":
        octets = b"application/json"  # what a page asks about that names no type
    return name.encode(), octets
