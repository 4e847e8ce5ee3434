"""What a browser makes of an answer: whether a preflight allows, and what a page may read."""

from collections.abc import Sequence
from dataclasses import dataclass

from corsproxy.core.browser import Failure, Finding, PageRequest, shown
from corsproxy.core.fields import Fields, is_token, members
from corsproxy.core.methods import SAFELISTED_METHODS
from corsproxy.core.safelist import unsafe_headers

DEFAULT_MAX_AGE = 5  # seconds a preflight's answer is remembered that doesn't say (Fetch §4.8)

SAFELISTED_RESPONSE_HEADERS = frozenset(  # Fetch §2.2.2
    b"cache-control content-language content-length content-type expires last-modified "
    b"pragma".split()
)
_FORBIDDEN_RESPONSE_HEADERS = frozenset({b"set-cookie", b"set-cookie2"})
_NON_WILDCARD = b"authorization"
_CHECK = "Fetch §4.10, CORS check"
_PREFLIGHT = "Fetch §4.8, CORS-preflight fetch"
_FILTERED = "Fetch §2.2.6, CORS filtered response"


@dataclass(frozen=True, slots=True)
class Grant:
    """What an answered preflight allows, as it says it; `max_age` in seconds, uncapped."""

    methods: tuple[bytes, ...] = ()
    headers: tuple[bytes, ...] = ()
    max_age: int = DEFAULT_MAX_AGE


@dataclass(frozen=True, slots=True)
class Answered:
    """What a browser makes of the answer to a preflight: each rule up to the first that fails."""

    findings: tuple[Finding, ...]
    grant: Grant | None = None


def cors_check(request: PageRequest, fields: Fields) -> Finding:
    """Tell whether an answer, redirects and errors included, is one the page may see."""
    allowed = _get(b"access-control-allow-origin", fields)
    if allowed is None:
        what = "the answer has no Access-Control-Allow-Origin"
        return Finding(what, f"{_CHECK}, step 2", Failure.ORIGIN_MISSING)
    sent = request.sent_origin
    if allowed == b"*" and not request.credentials:
        return Finding("Access-Control-Allow-Origin is '*'", f"{_CHECK}, step 3")
    if allowed != sent:
        what, failure = _differs(allowed, sent)
        return Finding(what, f"{_CHECK}, step 4", failure)
    if not request.credentials:
        what = f"Access-Control-Allow-Origin is the page's {shown(allowed)}"
        return Finding(what, f"{_CHECK}, step 5")
    credentials = _get(b"access-control-allow-credentials", fields)
    if credentials == b"true":
        what = (
            f"Access-Control-Allow-Origin is the page's {shown(allowed)}, and -Credentials is true"
        )
        return Finding(what, f"{_CHECK}, step 7")
    said = "is missing" if credentials is None else f"is '{shown(credentials)}', not 'true'"
    what = f"the page sends credentials, and Access-Control-Allow-Credentials {said}"
    return Finding(what, f"{_CHECK}, step 8", Failure.CREDENTIALS_MISSING)


def preflight_check(request: PageRequest, status: int, fields: Fields) -> Answered:
    """Judge the answer to a preflight, rule by rule up to the first that fails."""
    check = cors_check(request, fields)
    if not check.passed:
        return Answered((check,))
    ok = _ok_status(status)
    methods = _list(b"access-control-allow-methods", fields)
    headers = _list(b"access-control-allow-headers", fields)
    if not ok.passed:
        return Answered((check, ok))
    if methods is None or headers is None:
        what = f"Access-Control-Allow-{'Methods' if methods is None else 'Headers'} is no list"
        malformed = Finding(what, f"{_PREFLIGHT}, step 7.3", Failure.LIST_MALFORMED)
        return Answered((check, ok, malformed))
    grant = Grant(_methods(request, methods, fields), headers, _max_age(fields))
    allowed = _allowed(request, grant)
    return Answered((check, ok, *allowed), grant if allowed[-1].passed else None)


def readable_headers(request: PageRequest, fields: Fields) -> frozenset[bytes]:
    """Return the names, in lower case, of an answer's headers that the page may read.

    Fetch §2.2.6, CORS filtered response; §4.1 for `*`, which is none with credentials.
    """
    there = {name.lower() for name, _ in fields} - _FORBIDDEN_RESPONSE_HEADERS
    if not request.cross_origin:
        return frozenset(there)
    exposed = {name.lower() for name in _list(b"access-control-expose-headers", fields) or ()}
    if b"*" in exposed and not request.credentials:
        return frozenset(there)
    return frozenset(there & (SAFELISTED_RESPONSE_HEADERS | exposed))


def exposure_check(request: PageRequest, name: bytes, fields: Fields) -> Finding:
    """Tell whether the page may read a header that is among the `fields` of an answer."""
    lowered, read = name.lower(), shown(name)
    if lowered in readable_headers(request, fields):
        return Finding(f"the page may read {read}", _FILTERED)
    what = f"no page may read {read}"
    if lowered not in _FORBIDDEN_RESPONSE_HEADERS:
        exposed = _list(b"access-control-expose-headers", fields) or ()
        why = "; with credentials '*' is no wildcard" if b"*" in exposed else ""
        what = f"the page gets null for {read}: Access-Control-Expose-Headers does not name it{why}"
    return Finding(what, _FILTERED, Failure.HEADER_UNREADABLE)


def _differs(allowed: bytes, sent: bytes) -> tuple[str, Failure]:
    if allowed == b"*":
        what = "with credentials Access-Control-Allow-Origin may not be '*'"
        return what, Failure.ORIGIN_WILDCARD
    what = f"Access-Control-Allow-Origin is '{shown(allowed)}', not the page's {shown(sent)}"
    if b"," in allowed:
        return f"{what} alone: it is one origin, once", Failure.ORIGIN_SEVERAL
    return what, Failure.ORIGIN_DIFFERENT


def _ok_status(status: int) -> Finding:
    section = f"{_PREFLIGHT}, step 7"
    if 200 <= status <= 299:  # noqa: PLR2004 Fetch §2.2.3, ok status
        return Finding(f"the status {status} is one of 200 to 299", section)
    why = ": a preflight is never redirected" if 300 <= status <= 399 else ""  # noqa: PLR2004
    what = f"the status {status} is none of 200 to 299{why}"
    return Finding(what, section, Failure.STATUS_NOT_OK)


def _allowed(request: PageRequest, granted: Grant) -> list[Finding]:
    """Judge the method, then each header that is asked for (Fetch §4.8, steps 7.5 to 7.7)."""
    findings = [_allowed_method(request, granted.methods)]
    granted_headers = frozenset(name.lower() for name in granted.headers)
    for header in unsafe_headers(request.headers):
        if not findings[-1].passed:
            break
        findings.append(_allowed_header(request, header.name, granted_headers))
    return findings


def _allowed_method(request: PageRequest, methods: Sequence[bytes]) -> Finding:
    method, section = shown(request.method), f"{_PREFLIGHT}, step 7.5"
    if request.method in methods:
        return Finding(f"Access-Control-Allow-Methods names {method}", section)
    if request.method in SAFELISTED_METHODS:
        return Finding(f"{method} is safelisted, and needs no listing", section)
    if b"*" in methods and not request.credentials:
        return Finding(f"Access-Control-Allow-Methods is '*', which covers {method}", section)
    why = "; with credentials '*' is no wildcard" if b"*" in methods else ""
    what = f"Access-Control-Allow-Methods does not name {method}{why}"
    return Finding(what, section, Failure.METHOD_MISSING)


def _allowed_header(request: PageRequest, name: bytes, headers: frozenset[bytes]) -> Finding:
    step = "7.6" if name == _NON_WILDCARD else "7.7"
    section, what_for = f"{_PREFLIGHT}, step {step}", shown(name)
    if name in headers:
        return Finding(f"Access-Control-Allow-Headers names {what_for}", section)
    why = ""
    if b"*" in headers:
        if name == _NON_WILDCARD:
            why = "; '*' never covers it"
        elif request.credentials:
            why = "; with credentials '*' is no wildcard"
        else:
            what = f"Access-Control-Allow-Headers is '*', which covers {what_for}"
            return Finding(what, section)
    what = f"Access-Control-Allow-Headers does not name {what_for}{why}"
    return Finding(what, section, Failure.HEADER_MISSING)


def _methods(request: PageRequest, methods: tuple[bytes, ...], fields: Fields) -> tuple[bytes, ...]:
    unsaid = _get(b"access-control-allow-methods", fields) is None
    return (request.method,) if unsaid and request.asks_always else methods


def _max_age(fields: Fields) -> int:
    lines = [value for name, value in fields if name.lower() == b"access-control-max-age"]
    well = len(lines) == 1 and lines[0].isdigit() and len(lines[0]) <= 18  # noqa: PLR2004
    return int(lines[0]) if well else DEFAULT_MAX_AGE


def _get(name: bytes, fields: Fields) -> bytes | None:
    """Return all values of a name as one (Fetch §2.2.2, get); None where there is none."""
    lines = [value for key, value in fields if key.lower() == name]
    return b", ".join(lines) if lines else None


def _list(name: bytes, fields: Fields) -> tuple[bytes, ...] | None:
    """Return the members of a list field, () where it is missing, None where it is malformed."""
    found = tuple(members(value for key, value in fields if key.lower() == name))
    return found if all(map(is_token, found)) else None
