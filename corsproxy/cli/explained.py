"""An explanation in words: what `corsproxy explain` shows, line by line."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import click

from corsproxy.cli.page import Page
from corsproxy.cli.steps import judged, needed, sent, title
from corsproxy.core.advice import advise
from corsproxy.core.browser import PageRequest, shown
from corsproxy.core.errors import REASONS
from corsproxy.core.explanation import Explanation, Turn, where
from corsproxy.core.local_network import named_space
from corsproxy.core.messages import RequestHead
from corsproxy.core.methods import CARRIED_METHODS
from corsproxy.core.origins import DEFAULT_PORTS, parse_octets
from corsproxy.core.routes import Route
from corsproxy.core.verdicts import Refusal

_ROUTES_SHOWN = 10


def told(explained: Explanation, page: Page) -> Iterator[str]:
    """Yield what became of a request of a page."""
    yield from title(explained.request, page)
    yield from _asks_the_user(explained.request)
    yield ""
    yield from _routes(explained)
    yield ""
    yield from needed(explained.request, explained.preflight)
    if explained.preflight is not None:
        yield from _turn(explained.turns[0])
    if explained.preflight is None or len(explained.turns) > 1:
        yield ""
        yield "Request: with what an upstream's plain 200 becomes"
        yield from _turn(explained.turns[-1])
    yield ""
    yield from _end(explained)
    if explained.allowed and isinstance(explained.match, Route):
        yield ""
        yield from _beyond(explained, explained.match)


def _asks_the_user(request: PageRequest) -> Iterator[str]:
    origin, asked = parse_octets(request.origin), urlsplit(request.url).hostname or ""
    if origin is None or origin.scheme not in DEFAULT_PORTS:
        return
    if named_space(asked) and not named_space(origin.host):
        page = origin.host
        yield f"  Chrome asks the user first, if {page} is on the internet and {asked} is not:"
        yield "  a permission, which no header replaces  (Local Network Access)"


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
    yield from sent(_first(turn.request), turn.request.fields)
    yield f"  < {turn.status} {REASONS.get(turn.status, b'OK').decode()}"
    yield from (f"  < {shown(name)}: {shown(value)}" for name, value in turn.fields)
    yield from judged(turn.findings, turn.grant)


def _first(head: RequestHead) -> str:
    query = b"" if head.target.query is None else b"?" + head.target.query
    return f"{shown(head.method)} {shown(head.target.path + query)} HTTP/1.1"


def _end(explained: Explanation) -> Iterator[str]:
    if explained.allowed:
        yield (
            click.style("Allowed", fg="green")
            + f": the page reads the answer{_and_headers(explained)}"
        )
        yield from _only_reported(explained)
        return
    refused = click.style("Refused", fg="red")
    failure = explained.failure
    if explained.refusal:
        yield f"{refused} by the proxy: {what_refuses(explained.refusal)}"
    elif explained.request.method not in CARRIED_METHODS:
        yield f"{refused}: HTTP parsers don't know the method, and refuse it"
    elif isinstance(explained.match, Route) and explained.policy is None:
        yield f"{refused}, unless the upstream itself allows it: cors is off"
        yield from _of_the_upstream(explained.request, explained.match)
    elif failure:
        yield f"{refused} by the browser: {failure.failure}, {failure.what}"
    else:
        yield f"{refused}: no route serves it, and the page reads that in the answer"


def _of_the_upstream(request: PageRequest, route: Route) -> Iterator[str]:
    url, method = shlex.quote(request.url), shown(request.method)
    how = "" if method == "GET" else f" --method {method}"
    off = f"take `cors: off` off {route.place}, and the proxy answers"
    yield f"  {off}; or see what the upstream does:"
    yield f"  corsproxy diagnose {url} --origin {shown(request.origin)}{how}"


def what_refuses(refusal: Refusal) -> str:
    """Write a refusal: its reason, its culprit and what nearly matched."""
    near = f"; {refusal.near_miss}" if refusal.near_miss else ""
    return f"{refusal.reason} {refusal.culprit}{near}"


def _beyond(explained: Explanation, route: Route) -> Iterator[str]:
    """Tell what may still go wrong though CORS has no say in it."""
    upstream, target = route.upstream, explained.turns[-1].request.target
    yield f"If something else is wrong on {route.place}:"
    path = route.forwarded_path(target.path)
    stripped = replace(route, strip_prefix=True).forwarded_path(target.path)
    asked, instead = (shown(upstream.target(one, None)) for one in (path, stripped))
    hint = "" if asked == instead else f"; with strip_prefix: true, for {instead}"
    yield f"  a 404 of the upstream: it is asked for {upstream.address}{asked}{hint}"
    if not explained.request.cross_origin:
        return
    if b"origin" not in route.request_headers.dropped:
        edit = f'request_headers: {{set: {{Origin: "{upstream.address}"}}}}'
        yield f"  a 403 of the upstream: it sees the page's Origin; {edit} shows its own"
    if explained.request.credentials and not (route.cookies or route.cookies_local):
        yield "  a login that isn't kept: with cookies: local its cookies fit"


def _only_reported(explained: Explanation) -> Iterator[str]:
    """Say what `mode: enforce` would refuse, and what would allow it there."""
    reported, policy, route = explained.reported, explained.policy, explained.match
    if reported is None or policy is None:
        return
    refused = click.style("mode: enforce would refuse", fg="yellow")
    yield f"Only reported, {refused}: {what_refuses(reported)}"
    place = route.policy_place if isinstance(route, Route) else "cors"
    if advice := advise(reported, policy, place):
        yield f"To allow it there: {advice}"


def _and_headers(explained: Explanation) -> str:
    if not explained.request.cross_origin:
        return ""
    exposed = explained.policy.expose if explained.policy else ()
    if "*" in exposed:
        return ", and all its headers but Set-Cookie"
    more = "".join(f", {name}" for name in exposed)
    return f", and of its headers the safelisted ones{more}  (Fetch §2.2.2)"
