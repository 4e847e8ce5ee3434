"""A page's request at a real server: what was asked and answered, and what a browser makes of it.

The requests themselves are made by `gateway.visit`; here is what each answer comes to.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from corsproxy.core.browser import Failure, Finding, PageRequest, Preflight, origin_of, preflight_of
from corsproxy.core.cors_check import Answered, Grant, cors_check, preflight_check
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.fields import Field, Fields, members
from corsproxy.core.local_network import Crossing
from corsproxy.core.verdicts import Reason

OTHER_ORIGIN = b"https://another.invalid"  # a name that nobody has (RFC 6761 §6.4)

PROBLEM = b"application/problem+json"  # RFC 9457

_AUTHORIZATION = b"authorization"
_ALLOW_HEADERS = b"access-control-allow-headers"
_DENIED = b"corsproxy; error=http_request_denied"
_VARY = frozenset((b"origin", b"access-control-request-method", b"access-control-request-headers"))


class Part(StrEnum):
    """What a message is for."""

    PREFLIGHT = "preflight"
    REQUEST = "request"
    OTHER_ORIGIN = "other origin"
    NO_ORIGIN = "no origin"
    ERROR = "error"
    WHY = "why"


@dataclass(frozen=True, slots=True)
class Message:
    """A request as it is sent, without content; the URL is ASCII, as browsers encode it."""

    method: bytes
    url: str
    fields: tuple[Field, ...]

    @property
    def target(self) -> bytes:
        """The request target (RFC 9112 §3.2.1)."""
        parts = urlsplit(self.url)
        query = f"?{parts.query}" if parts.query else ""
        return ((parts.path or "/") + query).encode("ascii")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: `content` holds a problem's (RFC 9457) and is empty otherwise."""

    status: int
    fields: Fields
    content: bytes = b""

    def lines(self, name: bytes) -> tuple[bytes, ...]:
        """Return the values of a field, line by line; the name is in lower case."""
        return tuple(value for key, value in self.fields if key.lower() == name)

    def listed(self, name: bytes) -> frozenset[bytes]:
        """Return the members of a list field, in lower case."""
        return frozenset(member.lower() for member in members(self.lines(name)))

    @property
    def problem(self) -> dict[str, str]:
        """The members of a problem that are texts, fit to be shown; none where it is no problem."""
        types = self.lines(b"content-type")
        if not types or types[0].partition(b";")[0].strip().lower() != PROBLEM:
            return {}
        try:
            told = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        found = told.items() if isinstance(told, dict) else ()
        return {name: ascii(text)[1:-1] for name, text in found if isinstance(text, str)}

    @property
    def refusal(self) -> dict[str, str]:
        """The problem, where it is a refusal of corsproxy's."""
        return self.problem if self.problem.get("reason") in list(Reason) else {}

    @property
    def refused(self) -> bool:
        """Whether a corsproxy's policy refused: off loopback it doesn't say why."""
        unsaid = self.status == 403 and _DENIED in self.lines(b"proxy-status")  # noqa: PLR2004
        return bool(self.refusal) or (unsaid and self.listed(b"vary") >= _VARY)


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: why (RFC 9209 §2.3), the system's words, and whether a connection stood."""

    kind: ProxyErrorType
    said: str
    connected: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A message on a request's way, what came back, and each rule of the browser on it.

    `tolerated` are names that the standard doesn't let pass, and browsers do.
    """

    part: Part
    request: PageRequest
    sent: Message
    answer: Answer | Silence
    findings: tuple[Finding, ...] = ()
    grant: Grant | None = None
    tolerated: tuple[bytes, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the browser goes on."""
        return all(finding.passed for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """How a request fared.

    `end` is why a browser sends no more although the last step passed, and `blocked` the address
    that it didn't ask, if known; `probes` are what was asked besides, to know what no single
    answer tells; `crossings` need the user's permission.
    """

    request: PageRequest
    steps: tuple[Step, ...] = ()
    end: Finding | None = None
    blocked: str = ""
    probes: tuple[Step, ...] = ()
    crossings: tuple[Crossing, ...] = ()

    @property
    def failure(self) -> Finding | None:
        """The rule of the browser that ends it, if one does."""
        findings = self.steps[-1].findings if self.steps else ()
        return next((finding for finding in findings if not finding.passed), self.end)

    @property
    def refusal(self) -> Answer | None:
        """The answer with which a corsproxy refused, if one did: to the last step, or asked why."""
        told = [*self.steps[-1:], *(probe for probe in self.probes if probe.part is Part.WHY)]
        answers = [step.answer for step in told if isinstance(step.answer, Answer)]
        return next((answer for answer in answers if answer.refused), None)

    @property
    def unreached(self) -> Silence | None:
        """Why there was no answer, unless it is the preflight alone that gets none."""
        if not self.steps or not isinstance(self.steps[-1].answer, Silence):
            return None
        step, silence = self.steps[-1], self.steps[-1].answer
        return None if step.part is Part.PREFLIGHT and silence.connected else silence

    @property
    def asked_only(self) -> bool:
        """Whether the preflight was all that was sent."""
        return bool(self.steps) and self.steps[-1].part is Part.PREFLIGHT

    @property
    def allowed(self) -> bool:
        """Whether every browser lets the page read the answer, if its user doesn't refuse."""
        return self.failure is None and all(crossing.secure for crossing in self.crossings)


def preflight_message(request: PageRequest, preflight: Preflight) -> Message:
    """Return a preflight, octet for octet but for what browsers say of themselves."""
    return Message(b"OPTIONS", request.url, ((b"Host", host_of(request.url)), *preflight.fields))


def request_message(request: PageRequest, cookie: bytes = b"") -> Message:
    """Return a request of a page; `cookie` is what the browser knows for that host."""
    fields: list[Field] = [(b"Host", host_of(request.url))]
    if not any(name.lower() == b"accept" for name, _ in request.headers):
        fields.append((b"Accept", b"*/*"))
    fields += request.headers
    if request.cross_origin or request.method not in (b"GET", b"HEAD"):
        fields.append((b"Origin", request.sent_origin))
    if cookie:
        fields.append((b"Cookie", cookie))
    if request.method in (b"POST", b"PUT"):  # Fetch §4.6, HTTP-network-or-cache fetch
        fields.append((b"Content-Length", b"0"))
    return Message(request.method, request.url, tuple(fields))


def host_of(url: str) -> bytes:
    """Return the Host of a URL (RFC 9110 §7.2)."""
    return origin_of(url).partition(b"://")[2]


def asked(request: PageRequest, sent: Message, answer: Answer | Silence) -> Step:
    """Judge what came back for a preflight."""
    step = Step(Part.PREFLIGHT, request, sent, answer)
    if isinstance(answer, Silence):
        return replace(step, findings=(_unanswered(answer),))
    strict = preflight_check(request, answer.status, answer.fields)
    found = _as_browsers_do(request, answer, strict)
    tolerated = (_AUTHORIZATION,) if found is not strict else ()
    return replace(step, findings=found.findings, grant=found.grant, tolerated=tolerated)


def _as_browsers_do(request: PageRequest, answer: Answer, strict: Answered) -> Answered:
    """Let '*' cover Authorization, as all three browsers do (whatwg/fetch#1919)."""
    if strict.grant or request.credentials or b"*" not in answer.listed(_ALLOW_HEADERS):
        return strict
    fields = (*answer.fields, (_ALLOW_HEADERS, _AUTHORIZATION))
    lenient = preflight_check(request, answer.status, fields)
    return lenient if lenient.grant else strict


def answered(request: PageRequest, sent: Message, answer: Answer | Silence) -> Step:
    """Judge what came back for the request itself."""
    if isinstance(answer, Silence):
        finding = _unanswered(answer)
    elif request.cross_origin:
        finding = cors_check(request, answer.fields)
    else:
        what = "the server is on the page's own origin: CORS has no say"
        finding = Finding(what, "Fetch §4.1, main fetch")
    return Step(Part.REQUEST, request, sent, answer, (finding,))


def _unanswered(silence: Silence) -> Finding:
    what = f"no answer, a network error: {silence.said}"
    return Finding(what, "Fetch §4.6, HTTP-network-or-cache fetch", Failure.UNANSWERED)


def probes_for(
    steps: Sequence[Step], cookie: bytes = b""
) -> tuple[tuple[Part, PageRequest, Message], ...]:
    """Return what else to ask, to know what no single answer tells.

    The same of a page elsewhere, and of nobody's; and what isn't there. Of a method that isn't
    safe the preflight alone is asked again (RFC 9110 §9.2.1). Where CORS is missing, a preflight
    that no browser would send: a corsproxy tells in its answer alone why it refuses.
    """
    last = steps[-1]
    if not last.request.cross_origin or not isinstance(last.answer, Answer):
        return ()
    if not last.passed:
        return _why(last, last.answer)
    other = replace(last.request, origin=OTHER_ORIGIN, urls=(last.request.url,))
    if last.request.method not in (b"GET", b"HEAD"):
        preflight = preflight_of(other)
        return (
            ((Part.OTHER_ORIGIN, other, preflight_message(other, preflight)),) if preflight else ()
        )
    message = request_message(other, cookie)
    nobodys = tuple(field for field in message.fields if field[0] != b"Origin")
    found = [
        (Part.OTHER_ORIGIN, other, message),
        (Part.NO_ORIGIN, other, replace(message, fields=nobodys)),
    ]
    if 200 <= last.answer.status <= 299:  # noqa: PLR2004 Fetch §2.2.3, ok status
        path = urlsplit(other.url).path.rstrip("/")
        url = f"{origin_of(other.url).decode()}{path}/corsproxy-diagnose-no-such-page"
        missing = replace(last.request, urls=(url,))
        found.append((Part.ERROR, missing, request_message(missing, cookie)))
    return tuple(found)


def _why(last: Step, answer: Answer) -> tuple[tuple[Part, PageRequest, Message], ...]:
    missing = any(finding.failure is Failure.ORIGIN_MISSING for finding in last.findings)
    request = last.request
    if preflight_of(request) or answer.refused or not missing:
        return ()
    preflight = Preflight(request.sent_origin, request.method, (), ())
    return ((Part.WHY, request, preflight_message(request, preflight)),)
