"""An explanation in words: what `corsproxy explain` shows, line by line."""

from collections.abc import Iterator

import click

from corsproxy.core.browser import PageRequest
from corsproxy.core.errors import REASONS
from corsproxy.core.explanation import Explanation, Turn, where
from corsproxy.core.fields import Field
from corsproxy.core.messages import RequestHead
from corsproxy.core.origins import Origin, OriginSyntaxError
from corsproxy.core.preflight_cache import CAPS
from corsproxy.core.routes import Route
from corsproxy.core.verdicts import Refusal

_ROUTES_SHOWN = 10
_MALFORMED = 400


def told(
    explained: Explanation, origin: str, method: str, headers: tuple[Field, ...]
) -> Iterator[str]:
    """Yield what became of a request; the rest is what the page said, as it said it."""
    request = explained.request
    cookies = ", with credentials" if request.credentials else ""
    yield f"{_text(request.method)} {request.url} from a page at {origin}{cookies}"
    yield from _origin_unlike_a_browser(origin)
    yield from _unlike_a_browser(request, method, headers)
    yield ""
    yield from _routes(explained)
    yield ""
    if explained.preflight is None:
        yield f"Preflight: none, for {_why_none(request)}"
    else:
        yield "Preflight: the browser asks first, for"
        for finding in explained.preflight.why:
            yield f"  {finding.what}  ({finding.section})"
        yield from _turn(explained.turns[0])
    if explained.preflight is None or len(explained.turns) > 1:
        yield ""
        yield "Request: with what an upstream's plain 200 becomes"
        yield from _turn(explained.turns[-1])
    yield ""
    yield from _end(explained)


def _why_none(request: PageRequest) -> str:
    if not request.cross_origin:
        return "the page's own origin is asked  (Fetch §4.1, main fetch)"
    return "the method and all headers are safelisted  (Fetch §2.2.1, §2.2.2)"


def _origin_unlike_a_browser(origin: str) -> Iterator[str]:
    try:
        if origin != "null":
            Origin.parse(origin)
    except OriginSyntaxError as error:
        write = f"; write {error.write}" if error.write else ""
        yield f"  no browser sends this origin: {error.what}{write}"


def _unlike_a_browser(
    request: PageRequest, method: str, headers: tuple[Field, ...]
) -> Iterator[str]:
    if _text(request.method) != method:
        yield f"  browsers raise {method} to upper case  (Fetch §2.2.1, normalize)"
    kept = {name for name, _ in request.headers}
    for name, _ in headers:
        if name not in kept:
            what = "is the browser's own, and what a page says of it is dropped"
            yield f"  {_text(name)} {what}  (Fetch §2.2.2, forbidden request-header)"


def _routes(explained: Explanation) -> Iterator[str]:
    match = explained.match
    if isinstance(match, Route):
        policy = match.policy_place if match.policy else "nothing: cors is off"
        yield f"Route: {match.place} takes {where(match)} to {match.upstream}, judged by {policy}"
    else:
        policy = "the top-level cors" if explained.policy else "nothing"
        what = match.detail or match.kind.title
        yield f"Route: none, {match.status}: {what}; judged by {policy}"
    for route, why in explained.passed_over[:_ROUTES_SHOWN]:
        yield f"  not {route.place}: {why}"
    if more := explained.passed_over[_ROUTES_SHOWN:]:
        yield f"  nor any of {len(more)} more"


def _turn(turn: Turn) -> Iterator[str]:
    yield from (f"  > {line}" for line in _lines(turn.request))
    yield f"  < {turn.status} {REASONS.get(turn.status, b'OK').decode()}"
    yield from (f"  < {_text(name)}: {_text(value)}" for name, value in turn.fields)
    for finding in turn.findings:
        mark = click.style("ok", fg="green") if finding.passed else click.style("no", fg="red")
        yield f"  {mark}  {finding.what}  ({finding.section})"
    if turn.grant is not None:
        times = {name: min(cap, turn.grant.max_age) for name, cap in CAPS.items()}
        said = ", ".join(f"{seconds} s by {name}" for name, seconds in times.items())
        yield f"      remembered {said}  (Fetch §4.8, steps 7.8 to 7.10)"


def _lines(head: RequestHead) -> Iterator[str]:
    query = b"" if head.target.query is None else b"?" + head.target.query
    yield f"{_text(head.method)} {_text(head.target.path + query)} HTTP/1.1"
    yield from (f"{_text(name)}: {_text(value)}" for name, value in head.fields)


def _end(explained: Explanation) -> Iterator[str]:
    if explained.allowed:
        yield (
            click.style("Allowed", fg="green")
            + f": the page reads the answer{_and_headers(explained)}"
        )
        return
    refused = click.style("Refused", fg="red")
    failure = explained.failure
    if explained.refusal:
        yield f"{refused} by the proxy: {what_refuses(explained.refusal)}"
    elif explained.turns[-1].status == _MALFORMED:
        yield f"{refused}: HTTP parsers don't know the method, and refuse it"
    elif isinstance(explained.match, Route) and explained.policy is None:
        yield f"{refused}, unless the upstream itself allows it: cors is off"
    elif failure:
        yield f"{refused} by the browser: {failure.failure}, {failure.what}"
    else:
        yield f"{refused}: no route serves it, and the page reads that in the answer"


def what_refuses(refusal: Refusal) -> str:
    """Write a refusal: its reason, its culprit and what nearly matched."""
    near = f"; {refusal.near_miss}" if refusal.near_miss else ""
    return f"{refusal.reason} {refusal.culprit}{near}"


def _and_headers(explained: Explanation) -> str:
    if not explained.request.cross_origin:
        return ""
    exposed = explained.policy.expose if explained.policy else ()
    if "*" in exposed:
        return ", and all its headers but Set-Cookie"
    more = "".join(f", {name}" for name in exposed)
    return f", and of its headers the safelisted ones{more}  (Fetch §2.2.2)"


def _text(value: bytes) -> str:
    return ascii(value.decode("latin-1"))[1:-1]
