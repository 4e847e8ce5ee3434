"""What the answers to a probe mean for a route: what becomes of them, and what to write.

An upstream that answers as it should gives nothing to say.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from corsproxy.core.advice import quoted
from corsproxy.core.browser import Failure, Finding, PageRequest, origin_of
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.cors_check import cors_check, preflight_check, readable_headers
from corsproxy.core.fields import Fields
from corsproxy.core.heads import leaves_alone
from corsproxy.core.probing import Answer, Answers, Found, Probe, needed_headers, needed_methods
from corsproxy.core.redirects import REDIRECT_STATUSES
from corsproxy.core.routes import Route

_NEEDS_LOGIN = 407
_NO_GATEWAY = frozenset({502, 503, 504})
_COME_AND_GO = frozenset({503, 504})  # of an upstream that is busy, whoever asks
_ANY = b"x-any-header"  # a name that only `*` exposes
_AUTHENTICATING = frozenset({401, 403})


def judge(probe: Probe, route: Route, answers: Answers) -> tuple[Found, ...]:
    """Say what the answers mean for one of the routes that would ask in this way."""
    found = _on_the_way(probe, answers.plain) or _redirect(probe, answers.plain)
    if found is not None:
        return (found,)
    foreign = answers.foreign or answers.plain
    if _is_refused(foreign) and not _is_refused(answers.plain):
        return (_refused(probe, route, answers.plain, foreign),)
    if route.policy is None:
        return (_left_alone(probe, foreign, answers.preflight),)
    if not any(map(_is_cors, foreign.fields)):
        return ()
    return (_answered(probe, route.policy, answers, foreign),)


def _is_cors(field: tuple[bytes, bytes]) -> bool:
    return field[0].lower().startswith(b"access-control-")


def _get(name: bytes, fields: Fields) -> bytes:
    return next((value for key, value in fields if key.lower() == name), b"")


# Before CORS.


def _on_the_way(probe: Probe, plain: Answer) -> Found | None:
    """Tell of a forward proxy that answers in the upstream's place."""
    proxy = probe.upstream.address.proxy
    if proxy is None or plain.status not in (_NEEDS_LOGIN, *_NO_GATEWAY):
        return None
    name, scheme = f"{proxy.host}:{proxy.port}", "https" if proxy.tls else "http"
    if plain.status == _NEEDS_LOGIN:
        write = f"proxy: {scheme}://USER:PASSWORD@{name}"
        return Found("error", f"the forward proxy {name} wants a login (407)", write=write)
    what = f"it is answered {plain.status}, perhaps by the forward proxy {name}"
    return Found("warning", what, "is the upstream up, and known there?")


def _redirect(probe: Probe, plain: Answer) -> Found | None:
    """Tell of an upstream that says of itself that it is to be had elsewhere."""
    if plain.status not in REDIRECT_STATUSES:
        return None
    location = _get(b"location", plain.fields).decode("latin-1")
    origin, own = origin_of(location).decode(), probe.own_origin
    if origin in ("null", own):
        return None
    elsewhere = urlsplit(location)
    if elsewhere.path.rstrip("/") != probe.target.partition(b"?")[0].decode().rstrip("/"):
        return None
    host = elsewhere.hostname or ""
    if host.encode() == probe.host and host != probe.upstream.address.host:
        return None  # that is where the page asked, not where the upstream is
    upstream = probe.upstream
    query = "?" + upstream.query.decode() if upstream.query else ""
    return Found(
        "warning",
        f"it redirects to {origin} ({plain.status})",
        "every request would have to follow",
        f"upstream: {origin}{upstream.path.decode()}{query}",
    )


def _is_refused(answer: Answer) -> bool:
    status = answer.status
    return status in (400, 403) or (status >= 500 and status not in _COME_AND_GO)  # noqa: PLR2004


def _refused(probe: Probe, route: Route, plain: Answer, foreign: Answer) -> Found:
    what = f"it answers {foreign.status} to a page of {probe.origin.decode()}"
    what += f", and {plain.status} without an Origin"
    if route.policy is None:
        write = "the origin into the upstream's own list, or leave `cors: off` out"
        return Found("warning", what, "it refuses foreign origins", write)
    write = f"request_headers: {{set: {{Origin: {quoted(probe.own_origin)}}}}} on the route"
    return Found("warning", what, "it refuses foreign origins", write)


# An upstream that answers CORS itself.


def _answered(probe: Probe, policy: CorsPolicy, answers: Answers, foreign: Answer) -> Found:
    """Say what becomes of CORS fields that meet a policy (validation 62)."""
    origin = probe.origin.decode()
    lacks = next(_lacking(probe, policy, answers, foreign), None)
    kept = leaves_alone(policy, foreign.fields)
    becomes = "its own Access-Control-* fields are replaced by the policy's"
    if kept:
        becomes = "its own complete answer is left alone (upstream_cors: fill)"
    elif policy.fill:
        becomes = "its own answer is not complete, and replaced by the policy's"
    if lacks is None:
        what = f"it lets {origin} do by itself all that the policy allows"
        return Found("info", what, f"corsproxy is not needed for that; {becomes}")
    if not kept:
        what = f"it answers CORS itself: {becomes}"
        return Found("info", what, f"its own would not do: {lacks}")
    check = cors_check(probe.request(b"GET", credentials=policy.credentials), foreign.fields)
    if check.passed:
        return Found("info", f"it answers CORS itself: {becomes}", "preflights are the policy's")
    what = f"{becomes}, and keeps {origin} out"
    return Found("warning", what, check.what, "upstream_cors: replace")


def _lacking(probe: Probe, policy: CorsPolicy, answers: Answers, foreign: Answer) -> Iterator[str]:
    """Yield what a page that asks the upstream itself would lack of what the policy allows."""
    credentials, headers = policy.credentials, needed_headers(policy)
    request = probe.request(b"GET", credentials=credentials)
    yield from _failed(cors_check(request, foreign.fields))
    for method in needed_methods(policy) or ((b"GET",) if headers else ()):
        asking = probe.request(method, headers, credentials=credentials)
        yield from _failed(_of_preflight(asking, answers.preflight))
    names = [name.lower().encode() for name in policy.expose if name != "*"]
    if "*" in policy.expose:
        names.append(_ANY)
    shown = readable_headers(request, (*foreign.fields, *((name, b"") for name in names)))
    for name in names:
        if name not in shown:
            what = "all headers" if name == _ANY else name.decode()
            yield f"Access-Control-Expose-Headers does not name {what}"


def _of_preflight(asking: PageRequest, preflight: Answer | None) -> Finding:
    """Return the last rule that the answer to a preflight came to."""
    if preflight is None:
        return Finding("it doesn't answer preflights", "", Failure.STATUS_NOT_OK)
    return preflight_check(asking, preflight.status, preflight.fields).findings[-1]


def _failed(finding: Finding) -> Iterator[str]:
    if not finding.passed:
        yield finding.what


def _left_alone(probe: Probe, foreign: Answer, preflight: Answer | None) -> Found:
    """Say what `cors: off` comes to: the upstream's own answers, preflights included."""
    origin = probe.origin.decode()
    write = "a policy in the place of `cors: off`"
    check = cors_check(probe.request(b"GET", credentials=False), foreign.fields)
    if not check.passed:
        what = f"cors is off, and its own answer keeps {origin} out"
        error = foreign.status >= 400  # noqa: PLR2004 on which many servers leave CORS out
        sure = any(map(_is_cors, foreign.fields)) or (probe.known and not error)
        why = f"{check.what}, on a {foreign.status}" if error else check.what
        return Found("warning" if sure else "info", what, why, write)
    last = _of_preflight(probe.request(probe.method, credentials=False), preflight)
    method = probe.method.decode()
    if last.passed:
        what = f"cors is off, and it lets {origin} in by itself, with {method}, too"
        return Found("info", what, "corsproxy is not needed for that")
    what = f"cors is off: preflights go through to it, and it does not allow {method} from {origin}"
    why = last.what
    if preflight and preflight.status in _AUTHENTICATING:
        why += "; browsers send preflights without credentials"
    return Found("warning", what, why, write)
