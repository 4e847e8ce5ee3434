"""The words that `explain` and `diagnose` share: a page's request, its preflight, each rule."""

from collections.abc import Iterable, Iterator

import click

from corsproxy.cli.page import Page
from corsproxy.core.browser import Finding, PageRequest, Preflight, shown
from corsproxy.core.cors_check import Grant
from corsproxy.core.fields import Fields
from corsproxy.core.origins import Origin, OriginSyntaxError
from corsproxy.core.preflight_cache import CAPS


def title(request: PageRequest, page: Page) -> Iterator[str]:
    """Yield what the page asks for, and where a browser keeps to other words than its writer."""
    cookies = ", with credentials" if request.credentials else ""
    yield f"{shown(request.method)} {request.url} from a page at {page.origin}{cookies}"
    yield from _origin_unlike_a_browser(page.origin)
    if shown(request.method) != page.method:
        yield f"  browsers raise {page.method} to upper case  (Fetch §2.2.1, normalize)"
    kept = {name for name, _ in request.headers}
    for name, _ in page.headers:
        if name not in kept:
            what = "is the browser's own, and what a page says of it is dropped"
            yield f"  {shown(name)} {what}  (Fetch §2.2.2, forbidden request-header)"


def _origin_unlike_a_browser(origin: str) -> Iterator[str]:
    if origin == "null":
        yield "  null is a page from file:// or a sandboxed frame: served over http://localhost it"
        yield "  has an origin that a policy can name"
        return
    try:
        Origin.parse(origin)
    except OriginSyntaxError as error:
        write = f"; write {error.write}" if error.write else ""
        yield f"  no browser sends this origin: {error.what}{write}"


def needed(request: PageRequest, preflight: Preflight | None) -> Iterator[str]:
    """Yield whether the browser asks first, and why."""
    if preflight is not None:
        yield "Preflight: the browser asks first, for"
        for finding in preflight.why:
            yield f"  {finding.what}  ({finding.section})"
    elif request.cross_origin:
        why = "the method and all headers are safelisted  (Fetch §2.2.1, §2.2.2)"
        yield f"Preflight: none, for {why}"
    else:
        yield "Preflight: none, for the page's own origin is asked  (Fetch §4.1, main fetch)"


def sent(first: str, fields: Fields) -> Iterator[str]:
    """Yield the lines of a request's head."""
    yield f"  > {first}"
    yield from (f"  > {shown(name)}: {shown(value)}" for name, value in fields)


def judged(findings: Iterable[Finding], grant: Grant | None) -> Iterator[str]:
    """Yield each rule with what it came to, and how long a preflight is remembered."""
    for finding in findings:
        mark = click.style("ok", fg="green") if finding.passed else click.style("no", fg="red")
        yield f"  {mark}  {finding.what}  ({finding.section})"
    if grant is not None:
        times = {name: min(cap, grant.max_age) for name, cap in CAPS.items()}
        told = ", ".join(f"{seconds} s by {name}" for name, seconds in times.items())
        yield f"      remembered {told}  (Fetch §4.8, steps 7.8 to 7.10)"
