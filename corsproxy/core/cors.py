"""The server's half of the CORS protocol (Fetch §3.3): classify, judge, answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from corsproxy.core.fields import Field, is_token, members
from corsproxy.core.methods import SAFELISTED_METHODS, is_forbidden_method, why_not_carried
from corsproxy.core.origins import (
    MAX_ORIGIN_LENGTH,
    Origin,
    OriginPattern,
    OriginSet,
    OriginSyntaxError,
    parse_octets,
)
from corsproxy.core.verdicts import Reason, Refusal, Verdict

MAX_HEADER_NAMES = 128  # more than any page sends; bounds the work a preflight can ask for
MAX_HEADER_OCTETS = 8192

_MOST_REMEMBERED = 1024  # verdicts a policy keeps, and how long a question may be, in octets
_LONGEST_REMEMBERED = 1024

VARY_ORIGIN = (b"Origin",)
VARY_PREFLIGHT = (b"Origin", b"Access-Control-Request-Method", b"Access-Control-Request-Headers")


class CorsRequest(NamedTuple):
    """A request with an Origin field: `origins` holds every line of it, as it came."""

    origins: tuple[bytes, ...]


class PreflightRequest(NamedTuple):
    """A CORS-preflight request (Fetch §4.8): what the browser asks leave for."""

    origins: tuple[bytes, ...]
    methods: tuple[bytes, ...]
    headers: tuple[bytes, ...] = ()
    private_network: bool = False


def classify(
    method: bytes, index: Mapping[bytes, Sequence[bytes]]
) -> CorsRequest | PreflightRequest | None:
    """Tell what a request is to CORS (Fetch §3.3.2); `index` is by names in lower case.

    A preflight is OPTIONS and Origin and Access-Control-Request-Method; any other OPTIONS is
    a request like all others.
    """
    origins = index.get(b"origin")
    if origins is None:
        return None
    if method == b"OPTIONS" and (asked := index.get(b"access-control-request-method")):
        return PreflightRequest(
            tuple(origins),
            tuple(asked),
            tuple(index.get(b"access-control-request-headers", ())),
            index.get(b"access-control-request-private-network", [b""])[0] == b"true",
        )
    return CorsRequest(tuple(origins))


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy:
    """Which pages may do what, compiled to ready header fields.

    `methods` and `headers` hold what goes beyond the safelisted; `("*",)` means any, though
    `"*"` in `headers` never covers Authorization (Fetch, CORS non-wildcard request-header name).
    With `report` all that is well-formed passes, and what would have been refused is told.
    """

    origins: OriginSet
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None
    fill: bool = False
    private_network: bool = False
    preflight_status: int = 204
    block: bool = False
    report: bool = False
    timing_origins: OriginSet | None = None
    resource_policy: str | None = None

    _methods: frozenset[bytes] = field(init=False, repr=False, compare=False)
    _headers: frozenset[bytes] = field(init=False, repr=False, compare=False)
    _remembered: dict[object, Verdict] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_methods", frozenset(m.encode() for m in self.methods))
        object.__setattr__(self, "_headers", frozenset(h.lower().encode() for h in self.headers))
        object.__setattr__(self, "_remembered", {})

    @property
    def public(self) -> bool:
        """Whether every origin gets the same `*`, so that no answer depends on the Origin."""
        return self.origins.any_origin and not self.credentials

    @property
    def varies(self) -> bool:
        """Whether responses depend on the Origin field and must say so (Fetch, HTTP caches)."""
        timing = self.timing_origins
        return not self.public or (timing is not None and not timing.any_origin)

    def judge(self, request: CorsRequest | PreflightRequest | None) -> Verdict:
        """Decide what a request is answered with. Never raises: a no is a verdict too.

        The same few questions come again and again, so answers are remembered, boundedly.
        """
        verdict = self._remembered.get(request)
        if verdict is None:
            verdict = self.decide(request)
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            if request is None or _size(request) <= _LONGEST_REMEMBERED:
                self._remembered[request] = verdict
        return verdict

    def decide(self, request: CorsRequest | PreflightRequest | None) -> Verdict:
        """Decide anew, whatever was decided before."""
        if isinstance(request, PreflightRequest):
            verdict = self._judge_preflight(request)
        else:
            verdict = self._judge_actual(request)
        if verdict.refusal is None or not self.report or request is None:
            return verdict
        passing = self._widened(request).decide(request)
        return passing if passing.refusal else replace(passing, reported=verdict.refusal)

    def _widened(self, request: CorsRequest | PreflightRequest) -> "CorsPolicy":
        """Return a policy that lets pass what is well-formed in a request, and else no more.

        So a browser remembers of its preflight just what it asked, and asks again for the next.
        """
        origins, methods, headers = self.origins, self.methods, self.headers
        if self._refuse_origin(request.origins):
            found = parse_octets(request.origins[0])
            patterns = (OriginPattern(found.scheme, found.host, found.port),) if found else ()
            origins = OriginSet(patterns, null=request.origins[0] == b"null")
        if isinstance(request, PreflightRequest):
            asked = filter(is_token, request.methods)
            methods += tuple(name.decode() for name in asked if self._refuse_method((name,)))
            asked = filter(is_token, dict.fromkeys(members(request.headers)))
            headers += tuple(name.decode() for name in asked if self._refuse_header(name))
        return replace(self, origins=origins, methods=methods, headers=headers, report=False)

    # Preflights, in the order of Fetch §4.8: origin, method, headers.

    def _judge_preflight(self, request: PreflightRequest) -> Verdict:
        refusal = (
            self._refuse_origin(request.origins)
            or self._refuse_method(request.methods)
            or self._refuse_headers(request.headers)
        )
        if refusal:
            return Verdict(vary=VARY_PREFLIGHT, refusal=refusal)
        fields = [self._allow_origin(request.origins[0])]
        if self.credentials:
            fields.append((b"Access-Control-Allow-Credentials", b"true"))
        if methods := self._methods_answer(request.methods[0]):
            fields.append((b"Access-Control-Allow-Methods", methods))
        if headers := self._headers_answer(request.headers):
            fields.append((b"Access-Control-Allow-Headers", headers))
        if self.max_age is not None:
            fields.append((b"Access-Control-Max-Age", b"%d" % self.max_age))
        if self.private_network and request.private_network:
            fields.append((b"Access-Control-Allow-Private-Network", b"true"))
        return Verdict(tuple(fields), VARY_PREFLIGHT)

    def _refuse_origin(self, origins: tuple[bytes, ...]) -> Refusal | None:
        if len(origins) == 1 and self._allows_origin(origins[0]):
            return None
        culprit = _text(b", ".join(origins))
        if origins == (b"null",):
            return Refusal(Reason.ORIGIN_NULL, culprit)
        try:
            origin = _read_origin(origins)
        except OriginSyntaxError as error:
            return Refusal(Reason.ORIGIN_MALFORMED, culprit, error.what)
        return Refusal(Reason.ORIGIN_NOT_ALLOWED, culprit, self.origins.near_miss(origin))

    def _allows_origin(self, origin: bytes) -> bool:
        return self.origins.allows(origin) or (self.public and origin == b"null")

    def _refuse_method(self, methods: tuple[bytes, ...]) -> Refusal | None:
        method = methods[0]
        if len(methods) != 1 or not is_token(method):
            return Refusal(Reason.METHOD_MALFORMED, _text(b", ".join(methods)))
        if is_forbidden_method(method):
            return Refusal(Reason.METHOD_NOT_ALLOWED, _text(method), "forbidden by Fetch §2.2.1")
        if why_not_carried(method) is None and self._allows_method(method):
            return None
        return Refusal(Reason.METHOD_NOT_ALLOWED, _text(method), self._near_method(method))

    def _near_method(self, method: bytes) -> str | None:
        for other in (method.upper(), method.lower()):
            known = other in self._methods or why_not_carried(other) is None
            if other != method and known and self._allows_method(other):
                return f"methods are compared by case: '{_text(other)}' is allowed"
        return why_not_carried(method)

    def _allows_method(self, method: bytes) -> bool:
        return method in SAFELISTED_METHODS or bool(self._methods & {method, b"*"})

    def _refuse_headers(self, lines: tuple[bytes, ...]) -> Refusal | None:
        if sum(map(len, lines)) > MAX_HEADER_OCTETS:
            return Refusal(Reason.TOO_MANY_HEADERS, f"over {MAX_HEADER_OCTETS} octets")
        for count, name in enumerate(members(lines), 1):
            if count > MAX_HEADER_NAMES:
                return Refusal(Reason.TOO_MANY_HEADERS, f"over {MAX_HEADER_NAMES} names")
            if refusal := self._refuse_header(name):
                return refusal
        return None

    def _refuse_header(self, name: bytes) -> Refusal | None:
        lowered = name.lower()
        if lowered in self._headers:
            return None
        near = None
        if b"*" in self._headers and is_token(name):
            if lowered != b"authorization":
                return None
            near = "'*' never covers Authorization, which must be named"
        return Refusal(Reason.HEADER_NOT_ALLOWED, _text(name), near)

    def _methods_answer(self, method: bytes) -> bytes:
        if b"*" in self._methods and self.credentials:
            return method  # with credentials "*" is a method of that name (Fetch §3.3.4)
        return ", ".join(self.methods).encode()

    def _headers_answer(self, lines: tuple[bytes, ...]) -> bytes:
        if b"*" in self._headers and self.credentials:
            return b", ".join(members(lines))
        return ", ".join(self.headers).encode()

    # Actual requests: only the origin is judged; the browser enforces (Fetch §3.3.3).

    def _judge_actual(self, request: CorsRequest | None) -> Verdict:
        vary = VARY_ORIGIN if self.varies else ()
        neighbours = self._neighbours(request)
        if self.public:
            return Verdict((*self._granted(b"*"), *neighbours), vary)
        if request is None:
            return Verdict(neighbours, vary)
        if refusal := self._refuse_origin(request.origins):
            return Verdict(neighbours, vary, refusal)
        expose_all = self.credentials and "*" in self.expose
        granted = self._granted(request.origins[0])
        return Verdict((*granted, *neighbours), vary, expose_all=expose_all)

    def _granted(self, origin: bytes) -> list[Field]:
        fields = [self._allow_origin(origin)]
        if self.credentials:
            fields.append((b"Access-Control-Allow-Credentials", b"true"))
        if self.expose and not (self.credentials and "*" in self.expose):
            fields.append((b"Access-Control-Expose-Headers", ", ".join(self.expose).encode()))
        return fields

    def _allow_origin(self, origin: bytes) -> Field:
        return (b"Access-Control-Allow-Origin", b"*" if self.public else origin)

    def _neighbours(self, request: CorsRequest | None) -> tuple[Field, ...]:
        fields: list[Field] = []
        timing = self.timing_origins
        if timing is not None and timing.any_origin:
            fields.append((b"Timing-Allow-Origin", b"*"))
        elif timing is not None and request is not None:
            origin, *more = request.origins
            if not more and timing.allows(origin):
                fields.append((b"Timing-Allow-Origin", origin))
        if self.resource_policy:
            fields.append((b"Cross-Origin-Resource-Policy", self.resource_policy.encode()))
        return tuple(fields)


def _read_origin(origins: tuple[bytes, ...]) -> Origin:
    """Read the Origin field of a request; raise `OriginSyntaxError` with what is wrong."""
    if len(origins) > 1:
        raise OriginSyntaxError("a request has one Origin field")
    if len(origins[0]) > MAX_ORIGIN_LENGTH:
        raise OriginSyntaxError(f"an origin is not longer than {MAX_ORIGIN_LENGTH} octets")
    return Origin.parse(origins[0].decode("latin-1"))


def _text(value: bytes) -> str:
    """Decode what a client sent for people to read: bounded, no control characters."""
    return ascii(value[:MAX_ORIGIN_LENGTH].decode("latin-1"))[1:-1]


def _size(request: CorsRequest | PreflightRequest) -> int:
    lines = request.origins
    if isinstance(request, PreflightRequest):
        lines = (*lines, *request.methods, *request.headers)
    return sum(map(len, lines))
