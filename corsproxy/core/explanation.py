"""One request of a page, taken step by step through the browser and the proxy, with each why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from corsproxy.core import targets
from corsproxy.core.advice import Change, change_for
from corsproxy.core.browser import (
    Failure,
    Finding,
    PageRequest,
    Preflight,
    preflight_of,
)
from corsproxy.core.cors import CorsPolicy, PreflightRequest, classify
from corsproxy.core.cors_check import Grant, cors_check, exposure_check, preflight_check
from corsproxy.core.errors import REASONS, GatewayError
from corsproxy.core.fields import Field, Fields
from corsproxy.core.heads import to_client
from corsproxy.core.messages import Client, Passage, RequestHead, ResponseHead, index_fields
from corsproxy.core.methods import CARRIED_METHODS
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.targets import Target
from corsproxy.core.verdicts import Refusal, Verdict

_PLAIN, _REFUSED, _MALFORMED = 200, 403, 400
_NO_VERDICT = Verdict()


@dataclass(frozen=True, slots=True)
class Turn:
    """A request that the browser sends, what the proxy answers, and what the browser says to it.

    `fields` are those of the answer, without Date; of an upstream a plain 200 is assumed.
    `reported` is what `mode: report` lets pass and `enforce` would refuse.
    """

    request: RequestHead
    status: int
    fields: Fields
    refusal: Refusal | None
    findings: tuple[Finding, ...]
    grant: Grant | None = None
    reported: Refusal | None = None

    @property
    def passed(self) -> bool:
        """Whether the browser goes on."""
        return all(finding.passed for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How a request fares: the routes passed over with why, the one that takes it, each turn.

    `policy` is what judged it, None where nothing does; `reads` the headers of the answer that the
    page wants to read.
    """

    request: PageRequest
    passed_over: tuple[tuple[Route, str], ...]
    match: Route | GatewayError
    policy: CorsPolicy | None
    preflight: Preflight | None
    turns: tuple[Turn, ...]
    reads: tuple[bytes, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether a route serves the request, and the browser lets the page read the answer."""
        status = self.turns[-1].status
        served = isinstance(self.match, Route) and status not in (_REFUSED, _MALFORMED)
        return served and all(turn.passed for turn in self.turns)

    @property
    def refusal(self) -> Refusal | None:
        """What the proxy's policy says no to, if it does."""
        return self.turns[-1].refusal

    @property
    def reported(self) -> Refusal | None:
        """What the policy would say no to, were it in force."""
        return next((turn.reported for turn in self.turns if turn.reported), None)

    @property
    def failure(self) -> Finding | None:
        """The rule of the browser that ends it, if one does."""
        return next((finding for finding in self.turns[-1].findings if not finding.passed), None)

    @property
    def change(self) -> Change | None:
        """The next edit of the policy on the way to yes, None where no edit leads there."""
        if self.allowed or self.policy is None or isinstance(self.match, GatewayError):
            return None
        if self.refusal is not None:
            change = change_for(self.refusal)
            return change and replace(change, entry=self._as_sent(change))
        match self.failure and self.failure.failure:
            case Failure.ORIGIN_WILDCARD:
                return Change("allow_origins", self.request.sent_origin.decode(), "*")
            case Failure.CREDENTIALS_MISSING:
                return Change("allow_credentials", entry=True)
            case Failure.HEADER_UNREADABLE:
                return Change("expose_headers", self._unread)
            case _:
                return None

    @property
    def _unread(self) -> str:
        """The first header that the page wants to read and can't."""
        _, *exposures = self.turns[-1].findings
        pairs = zip(self.reads, exposures, strict=True)
        return next(name for name, finding in pairs if not finding.passed).decode("latin-1")

    def _as_sent(self, change: Change) -> str | bool:
        """Return an entry in the letter case that the page itself writes."""
        names = [name.decode("latin-1") for name, _ in self.request.headers]
        same = (name for name in names if name.lower() == change.entry)
        return next(same, change.entry) if change.key == "allow_headers" else change.entry


def explain(
    table: RouteTable, request: PageRequest, client: Client, reads: tuple[bytes, ...] = ()
) -> Explanation:
    """Take a request through a route table, as the browser and the gateway would.

    `reads` names the headers of the upstream's answer that the page wants to read.
    """
    proxy = _Proxy(table, client, reads)
    head = _head(request.method, request, _own_fields(request))
    match = proxy.match(head)
    policy = match.policy if isinstance(match, Route) else table.default
    preflight = preflight_of(request)
    turns: list[Turn] = []
    if preflight is not None:
        turns.append(proxy.asked(request, preflight))
    if preflight is None or turns[-1].passed:
        turns.append(proxy.sent(request, head))
    return Explanation(
        request=request,
        passed_over=tuple(_passed_over(table.routes, match, head)),
        match=match,
        policy=policy,
        preflight=preflight,
        turns=tuple(turns),
        reads=reads,
    )


@dataclass(frozen=True, slots=True)
class _Proxy:
    """Answers as `gateway.handler` does, by the same functions of core."""

    table: RouteTable
    client: Client
    reads: tuple[bytes, ...] = ()

    def match(self, head: RequestHead) -> Route | GatewayError:
        kind = classify(head.method, head.named)
        method = kind.methods[0] if isinstance(kind, PreflightRequest) else head.method
        return self.table.match(method, head.target, head.host)

    def asked(self, request: PageRequest, preflight: Preflight) -> Turn:
        head = _head(b"OPTIONS", request, preflight.fields)
        status, fields, said = self._answer(head, crosses=True)
        answered = preflight_check(request, status, fields)
        found, grant = answered.findings, answered.grant
        return Turn(head, status, fields, said.refusal, found, grant, said.reported)

    def sent(self, request: PageRequest, head: RequestHead) -> Turn:
        status, fields, said = self._answer(head, crosses=request.cross_origin)
        if request.cross_origin:
            findings = [cors_check(request, fields)]
            if status == _PLAIN and findings[0].passed:
                findings += (exposure_check(request, name, fields) for name in self.reads)
            found = tuple(findings)
            return Turn(head, status, fields, said.refusal, found, reported=said.reported)
        what = "the proxy is on the page's own origin: CORS has no say"
        return Turn(head, status, fields, None, (Finding(what, "Fetch §4.1, main fetch"),))

    def _answer(self, head: RequestHead, *, crosses: bool) -> tuple[int, Fields, Verdict]:
        kind, match = classify(head.method, head.named), self.match(head)
        route = match if isinstance(match, Route) else None
        policy = route.policy if route else self.table.default
        verdict = policy.judge(kind) if policy else _NO_VERDICT
        read = () if isinstance(kind, PreflightRequest) else self.reads
        fields: Fields = [(name, b"...") for name in read]
        status = _PLAIN
        if head.method not in CARRIED_METHODS:
            status = _MALFORMED
        elif policy and isinstance(kind, PreflightRequest):
            status = _REFUSED if verdict.refusal else policy.preflight_status
        elif isinstance(match, GatewayError):
            status, fields = match.status, match.fields
        elif policy and policy.block and verdict.refusal and crosses:
            status, fields = _REFUSED, ()
        passage = Passage(verdict, policy, self.client, head.host, route, self.table)
        reply = ResponseHead(status, REASONS.get(status, b"OK"), fields)
        return status, _read(to_client(reply, passage, (), b"")), verdict


def _read(head: bytes) -> tuple[Field, ...]:
    lines = head.split(b"\r\n")[1:-2]
    pairs = (line.partition(b": ") for line in lines)
    return tuple((name, value) for name, _, value in pairs if name != b"Date")


def _head(method: bytes, request: PageRequest, fields: Sequence[Field]) -> RequestHead:
    parts = urlsplit(request.url)
    query = f"?{parts.query}" if parts.query else ""
    raw = f"{parts.path or '/'}{query}".encode("latin-1", "replace")
    named = ((b"Host", parts.netloc.rpartition("@")[2].encode()), *fields)
    return RequestHead(method, targets.parse(raw) or Target(raw), 1, named, index_fields(named))


def _own_fields(request: PageRequest) -> tuple[Field, ...]:
    """Return the fields of a request; to its own origin a page's GET has no Origin (§3.2)."""
    if request.cross_origin or request.method not in (b"GET", b"HEAD"):
        return ((b"Origin", request.sent_origin), *request.headers)
    return tuple(request.headers)


def _passed_over(
    routes: Sequence[Route], match: Route | GatewayError, head: RequestHead
) -> Sequence[tuple[Route, str]]:
    before = []
    for route in routes:
        if route is match:
            break
        before.append((route, _why_not(route, head)))
    return before


def _why_not(route: Route, head: RequestHead) -> str:
    if not route.matches_path(targets.comparable(head.target.path)):
        return f"it serves {where(route)}"
    if not route.matches_host(targets.host_name(head.host)):
        return f"it serves the host {route.host}"
    if route.methods and head.method not in route.methods:
        served = b", ".join(sorted(route.methods)).decode()
        return f"it serves {served} alone"
    return "the path's dot segments lead out of it"


def where(route: Route) -> str:
    """Write the paths that a route serves, for people."""
    if route.path_regex is not None:
        return "~" + route.path_regex.pattern.decode("latin-1")
    return (route.path or b"/").decode("latin-1")
