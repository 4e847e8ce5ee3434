"""What a command line says of a page's request: the options of `explain` and `diagnose`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import click

from corsproxy.core.browser import Finding, PageRequest
from corsproxy.core.fields import Field, has_control, is_token

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
    """Return an address as a browser sends it: no fragment, and all that isn't ASCII encoded."""
    return quote(address.partition("#")[0], safe=_PRINTABLE)


def _header(text: str) -> Field:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    octets = value.encode("utf-8")
    if not is_token(name.encode()) or has_control(octets):
        raise click.UsageError(f"--header {text!r}: write 'Name: value', or the name alone")
    if not colon and name.lower() == "content-type":
        octets = b"application/json"  # what a page asks about that names no type
    return name.encode(), octets
