"""`corsproxy diagnose`: does what a browser does with any server, and says what stops it."""

import asyncio
import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import click

from corsproxy import __version__
from corsproxy.cli.diagnosed import as_json, finding_as_json, told, unreached
from corsproxy.cli.failure import fail
from corsproxy.cli.page import Page, as_sent, page_options
from corsproxy.core.browser import Finding, PageRequest, origin_of, preflight_of
from corsproxy.core.diagnosis import Diagnosis
from corsproxy.core.origins import Origin, OriginSyntaxError
from corsproxy.gateway.visit import Manner, visit

_REFUSED = 3
_COOKIE = b"cookie"


@click.command()
@click.argument("url", metavar="URL")
@page_options
@click.option(
    "--preflight-only",
    is_flag=True,
    help="Send the preflight and nothing else: for methods that change something.",
)
@click.option(
    "--insecure",
    is_flag=True,
    help="Go on where the server's certificate isn't trusted; a browser doesn't.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each connection and each answer may take.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="How the diagnosis is written.")  # fmt: skip
def diagnose(url: str, form: str, **options: Any) -> None:  # noqa: ANN401 as click hands them
    """Make a page's request of any server as a browser would, and say what stops it.

    The request is really sent, without content, once its preflight has allowed it or where none
    is needed: a DELETE deletes. --preflight-only sends nothing but the preflight. A GET that
    passes is made again as if from another origin, from none, and of an address that isn't
    there, to see what no single answer tells; of other methods the preflight alone.

    Cookies are known to browsers alone: with --credentials, --header 'Cookie: ...' says which one
    sends to the first server, never with a preflight.

    Exits 0 if the page may read the answer, 3 if the browser refuses, 1 if the server can't be
    reached, 2 on wrong usage.
    """
    manner = {name: options.pop(name) for name in ("preflight_only", "insecure", "timeout")}
    page, cookie = _without_cookies(Page.read(**options))
    request = _request(url, page, preflight_only=manner["preflight_only"])
    if isinstance(request, Finding):
        if form == "json":
            told_as = {"url": url, "allowed": False, "failure": finding_as_json(request)}
            click.echo(json.dumps(told_as, indent=2))
        else:
            click.echo(f"Refused by the browser: {request.what}  ({request.section})")
        raise SystemExit(_REFUSED)
    diagnosis = asyncio.run(visit(request, _manner(cookie, **manner)))
    _show(diagnosis, page, form)
    if manner["insecure"] and any(s.sent.url.startswith("https:") for s in diagnosis.steps):
        click.echo("the certificate was not checked (--insecure); a browser checks it", err=True)
    if silence := diagnosis.unreached:
        fail(unreached(silence, diagnosis.steps[-1].request.url), 1)
    if not diagnosis.allowed:
        raise SystemExit(_REFUSED)


def _show(diagnosis: Diagnosis, page: Page, form: str) -> None:
    if form == "json":
        click.echo(json.dumps(as_json(diagnosis), indent=2))
        return
    for line in told(diagnosis, page):
        click.echo(line)


def _without_cookies(page: Page) -> tuple[Page, bytes]:
    """Part a page's headers from the cookies, which are the browser's to add."""
    cookies = [value for name, value in page.headers if name.lower() == _COOKIE]
    if cookies and not page.credentials:
        raise click.UsageError("a browser sends cookies with credentials alone: add --credentials")
    kept = tuple(header for header in page.headers if header[0].lower() != _COOKIE)
    return replace(page, headers=kept), b"; ".join(cookies)


def _manner(cookie: bytes, *, preflight_only: bool, insecure: bool, timeout: float) -> Manner:
    return Manner(
        timeout=timeout,
        verify=not insecure,
        preflight_only=preflight_only,
        cookie=cookie,
        agent=f"Mozilla/5.0 (compatible; corsproxy/{__version__})".encode(),
    )


def _request(url: str, page: Page, *, preflight_only: bool) -> PageRequest | Finding:
    request = page.request(_url(url))
    _check_origin(page.origin)
    if preflight_only and isinstance(request, PageRequest) and preflight_of(request) is None:
        raise click.UsageError(
            "--preflight-only: a browser sends no preflight for this request, so that nothing "
            "would be sent; leave it out, or name the --method and each --header of the page"
        )
    return request


def _url(text: str) -> str:
    url = as_sent(_in_ascii(text))
    scheme, mark, rest = url.partition("://")
    if not mark:
        rest = url.removeprefix("//").lstrip("/")
        raise click.UsageError(f"{text!r} has no scheme: write https://{rest} or http://{rest}")
    if origin_of(f"{scheme.lower()}://{rest}") == b"null":
        raise click.UsageError(
            f"{text!r} is no address that a page can ask: write https://HOST/PATH or "
            "http://HOST:PORT/PATH"
        )
    if "@" in urlsplit(url).netloc:
        raise click.UsageError(
            f"{text!r} has a name or password in it, and fetch() takes no such address: write "
            "--header 'Authorization: ...'"
        )
    return f"{scheme.lower()}://{rest}"


def _in_ascii(text: str) -> str:
    """Return an address with its host in Punycode, as browsers send it (URL §3.3)."""
    found = re.match(r"(\w+://)([^/?#]+)", text)
    if not found or found[2].isascii():
        return text
    try:
        host = found[2].encode("idna").decode()
    except UnicodeError:
        return text
    return found[1] + host + text[found.end() :]


def _check_origin(text: str) -> None:
    """Refuse what no browser sends as an origin: the answer would be to another question."""
    if text == "null":
        return
    try:
        Origin.parse(text)
    except OriginSyntaxError as error:
        write = f": write {error.write}" if error.write else ", such as https://app.example.com"
        raise click.UsageError(f"--origin {text!r}: {error.what}{write}") from error
