"""What each browser makes of a request, and what it writes on its console.

Chromium's words are those of its `cors_error_string.cc`, held against the real one in
`tests/browser`; Firefox's of its `security.properties`; Safari's of WebKit's
`CrossOriginAccessControl.cpp` and `CrossOriginPreflightResultCache.cpp`. Where a browser's own
words are not known for sure, none are told.
"""

# ruff: noqa: RUF001 the quotes are Firefox's own
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from corsproxy.core import hosts
from corsproxy.core.browser import Failure, shown
from corsproxy.core.diagnosis import Answer, Diagnosis, Part, Step
from corsproxy.core.local_network import Space, named_space
from corsproxy.core.redirects import REDIRECT_STATUSES
from corsproxy.core.safelist import unsafe_headers

_CHROMIUM_BEFORE = (
    "Access to fetch at '{url}' {led}from origin '{page}' has been blocked by CORS policy: "
)
_IN_PREFLIGHT = "Response to preflight request doesn't pass access control check: "
_REDIRECTED = "Redirect is not allowed for a preflight request."
_HEADER = "The 'Access-Control-Allow-Origin' header"
_VALID = " Have the server send the header with a valid value."
_CHROMIUM = {  # with _IN_PREFLIGHT before them where it is one
    Failure.ORIGIN_MISSING: "No 'Access-Control-Allow-Origin' header is present on the requested "
    "resource.",
    Failure.ORIGIN_WILDCARD: "The value of the 'Access-Control-Allow-Origin' header in the "
    "response must not be the wildcard '*' when the request's credentials mode is 'include'.",
    Failure.ORIGIN_SEVERAL: _HEADER + " contains multiple values '{value}', but only one is "
    "allowed." + _VALID,
    Failure.ORIGIN_DIFFERENT: _HEADER + " has a value '{value}' that is not equal to the supplied "
    "origin." + _VALID,
    Failure.CREDENTIALS_MISSING: "The value of the 'Access-Control-Allow-Credentials' header in "
    "the response is '{credentials}' which must be 'true' when the request's credentials mode is "
    "'include'.",
    Failure.STATUS_NOT_OK: "It does not have HTTP ok status.",
}
_NO_ORIGIN = _HEADER + " contains the invalid value '{value}'." + _VALID
_CHROMIUM_LISTS = {
    Failure.LIST_MALFORMED: "Cannot parse {list} response header field in preflight response.",
    Failure.METHOD_MISSING: "Method {method} is not allowed by Access-Control-Allow-Methods in "
    "preflight response.",
    Failure.HEADER_MISSING: "Request header field {header} is not allowed by "
    "Access-Control-Allow-Headers in preflight response.",
}
_FIREFOX_BEFORE = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource "
    "at {url}. (Reason: "
)
_FIREFOX = {
    Failure.ORIGIN_MISSING: "CORS header ‘Access-Control-Allow-Origin’ missing). Status code: "
    "{status}.",
    Failure.ORIGIN_WILDCARD: "Credential is not supported if the CORS header "
    "‘Access-Control-Allow-Origin’ is ‘*’).",
    Failure.ORIGIN_SEVERAL: "CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’).",
    Failure.ORIGIN_DIFFERENT: "CORS header ‘Access-Control-Allow-Origin’ does not match "
    "‘{value}’).",
    Failure.CREDENTIALS_MISSING: "expected ‘true’ in CORS header "
    "‘Access-Control-Allow-Credentials’).",
    Failure.STATUS_NOT_OK: "CORS preflight response did not succeed). Status code: {status}.",
    Failure.METHOD_MISSING: "Did not find method in CORS header ‘Access-Control-Allow-Methods’).",
    Failure.HEADER_MISSING: "header ‘{header}’ is not allowed according to header "
    "‘Access-Control-Allow-Headers’ from CORS preflight response).",
}
_FIREFOX_TWICE = "Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed)."
_FIREFOX_REDIRECTED = "CORS request external redirect not allowed)."
_SAFARI_STATUS = "Preflight response is not successful. Status code: {status}"
_SAFARI_ORIGIN = "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: "
_SAFARI = {
    Failure.ORIGIN_MISSING: _SAFARI_ORIGIN + "{status}",
    Failure.ORIGIN_DIFFERENT: _SAFARI_ORIGIN + "{status}",
    Failure.ORIGIN_WILDCARD: "Cannot use wildcard in Access-Control-Allow-Origin when credentials "
    "flag is true.",
    Failure.ORIGIN_SEVERAL: "Access-Control-Allow-Origin cannot contain more than one origin.",
    Failure.CREDENTIALS_MISSING: "Credentials flag is true, but Access-Control-Allow-Credentials "
    'is not "true".',
    Failure.METHOD_MISSING: "Method {method} is not allowed by Access-Control-Allow-Methods.",
    Failure.HEADER_MISSING: "Request header field {header} is not allowed by "
    "Access-Control-Allow-Headers.",
}


class Word(StrEnum):
    """What a browser does."""

    ALLOWED = "allowed"
    ASKS = "asks the user"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one browser does, why if it isn't what all do, and what its console says."""

    browser: str
    word: Word
    why: str = ""
    console: str = ""


def outcomes(diagnosis: Diagnosis) -> tuple[Outcome, ...]:
    """Return what Chromium, Firefox and Safari make of a request."""
    if diagnosis.failure is None:
        firefox = Outcome("Firefox", Word.ALLOWED)
        return (_chromium_near(diagnosis), firefox, _safari_near(diagnosis))
    if diagnosis.failure.failure is Failure.MIXED_CONTENT:
        return _mixed(diagnosis)
    said = dict.fromkeys(("Chromium", "Firefox", "Safari"), "")
    step = diagnosis.steps[-1] if diagnosis.steps else None
    if step and isinstance(step.answer, Answer) and diagnosis.failure is not diagnosis.end:
        template = _templates(diagnosis.failure.failure, step, step.answer)
        facts = _facts(diagnosis, step, step.answer)
        said = {browser: _filled(text, facts) for browser, text in template.items()}
    return tuple(Outcome(browser, Word.REFUSED, console=text) for browser, text in said.items())


def _mixed(diagnosis: Diagnosis) -> tuple[Outcome, ...]:
    """Tell of mixed content, which in Chromium the permission for the local network lifts."""
    said = (
        f"Mixed Content: The page at '{shown(diagnosis.request.origin)}/' was loaded over HTTPS, "
        f"but requested an insecure resource '{diagnosis.blocked}'. This request has been blocked; "
        "the content must be served over HTTPS."
    )
    chromium = Outcome("Chromium", Word.REFUSED, console=said)
    if named_space(urlsplit(diagnosis.blocked).hostname or "") is Space.LOCAL:
        why = "for `local-network` if the page is of a public one; granted, mixed content passes"
        chromium = Outcome("Chromium", Word.ASKS, why, said)
    firefox = f"Blocked loading mixed active content “{diagnosis.blocked}”"
    others = (Outcome("Firefox", Word.REFUSED, console=firefox), Outcome("Safari", Word.REFUSED))
    return (chromium, *others)


def _templates(failure: Failure | None, step: Step, answer: Answer) -> dict[str, str]:
    preflight = step.part is Part.PREFLIGHT
    redirected = preflight and answer.status in REDIRECT_STATUSES
    values = answer.lines(b"access-control-allow-origin")
    chromium, firefox, safari = "", "", ""
    if failure in _CHROMIUM:
        chromium = _CHROMIUM[failure]
        if failure is Failure.ORIGIN_DIFFERENT and not _is_url(values[0]):
            chromium = _NO_ORIGIN
        chromium = (_IN_PREFLIGHT if preflight else "") + (_REDIRECTED if redirected else chromium)
    elif failure in _CHROMIUM_LISTS:
        chromium = _CHROMIUM_LISTS[failure]
    if redirected:
        firefox = _FIREFOX_REDIRECTED
    elif failure is Failure.ORIGIN_SEVERAL and len(values) > 1:
        firefox = _FIREFOX_TWICE
    elif failure in _FIREFOX:
        firefox = _FIREFOX[failure]
    if preflight and not 200 <= answer.status <= 299:  # noqa: PLR2004 Fetch §2.2.3, ok status
        safari = _SAFARI_STATUS
    elif failure in _SAFARI:
        safari = _SAFARI[failure]
    return {
        "Chromium": chromium and _CHROMIUM_BEFORE + chromium,
        "Firefox": firefox and _FIREFOX_BEFORE + firefox,
        "Safari": safari,
    }


def _is_url(value: bytes) -> bool:
    return b"://" in value or value == b"null"


def _facts(diagnosis: Diagnosis, step: Step, answer: Answer) -> dict[str, str]:
    listed = answer.listed(b"access-control-allow-headers")
    names = (header.name for header in unsafe_headers(step.request.headers))
    return {
        **_address(diagnosis, step.request.url),
        "origin": shown(step.request.sent_origin),
        "value": shown(b", ".join(answer.lines(b"access-control-allow-origin"))),
        "credentials": shown(b", ".join(answer.lines(b"access-control-allow-credentials"))),
        "status": str(answer.status),
        "method": shown(step.request.method),
        "header": next((shown(name) for name in names if name not in listed), ""),
        "list": diagnosis.failure.what.partition(" ")[0] if diagnosis.failure else "",
    }


def _address(diagnosis: Diagnosis, url: str) -> dict[str, str]:
    first = diagnosis.request.url
    led = "" if url == first else f"(redirected from '{first}') "
    return {"url": url, "led": led, "page": shown(diagnosis.request.origin)}


def _filled(template: str, facts: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: facts[match[1]], template)


def _chromium_near(diagnosis: Diagnosis) -> Outcome:
    """Tell of Local Network Access, which comes before CORS."""
    if not diagnosis.crossings:
        return Outcome("Chromium", Word.ALLOWED)
    crossing = diagnosis.crossings[0]
    before = _filled(_CHROMIUM_BEFORE, _address(diagnosis, crossing.url))
    if crossing.secure:
        said = "Permission was denied for this request to access the `{}` address space."
        why = f"for `{crossing.permission}`; where the user refuses"
        return Outcome("Chromium", Word.ASKS, why, before + said.format(crossing.server))
    said = (
        "The request client is not a secure context and the resource is in more-private address "
        "space `{}`."
    )
    why = "Local Network Access, from a page that came over http"
    return Outcome("Chromium", Word.REFUSED, why, before + said.format(crossing.server))


def _safari_near(diagnosis: Diagnosis) -> Outcome:
    urls = [urlsplit(step.request.url) for step in diagnosis.steps]
    near = any(url.scheme == "http" and hosts.is_loopback(url.hostname or "") for url in urls)
    if near and diagnosis.request.origin.startswith(b"https:"):
        why = "before WebKit's change 279249 of 2025 it blocks http://localhost as mixed content"
        return Outcome("Safari", Word.ALLOWED, why)
    return Outcome("Safari", Word.ALLOWED)
