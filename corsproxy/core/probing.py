"""What an upstream is asked before pages ask it: three requests, and what came of them.

Written as the route itself would send them, by `core.heads`, so that what is probed is what serves.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal, Self

from corsproxy.core.browser import PageRequest, Preflight
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.fields import Field, Fields
from corsproxy.core.heads import to_upstream
from corsproxy.core.messages import Client, RequestHead, index_fields
from corsproxy.core.methods import SAFELISTED_METHODS
from corsproxy.core.origins import OriginPattern
from corsproxy.core.routes import HeaderEdits, Route
from corsproxy.core.safelist import unsafe_headers
from corsproxy.core.targets import Target
from corsproxy.core.upstreams import Upstream

EXAMPLE_ORIGIN = "https://app.example.com"

_VIA = b"1.1 corsproxy-probe"
_USUAL = ((b"User-Agent", b"corsproxy-probe"), (b"Accept", b"*/*"))
_ANY_PORT = 3000
_HOST = "localhost"
_JSON = b"application/json"
_MAY_PASS = frozenset(
    {
        ProxyErrorType.DNS_ERROR,
        ProxyErrorType.DNS_TIMEOUT,
        ProxyErrorType.DESTINATION_IP_UNROUTABLE,
        ProxyErrorType.CONNECTION_REFUSED,
        ProxyErrorType.CONNECTION_TERMINATED,
        ProxyErrorType.CONNECTION_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class Probe:
    """What is asked of an upstream; equal where routes would ask it in the same way.

    `known` tells that a policy allows the `origin`; otherwise it is only an example. `route` is one
    of those that lead there: its path is asked for.
    """

    upstream: Upstream
    edits: HeaderEdits
    host: bytes
    client: Client
    origin: bytes
    known: bool
    method: bytes
    headers: tuple[bytes, ...]
    route: Route = field(compare=False, repr=False)

    @classmethod
    def of(cls, route: Route, default: CorsPolicy | None, client: Client) -> Self:
        """Return what to ask the upstream of a route; `default` is the table's own policy."""
        origin = _origin(route.policy or default)
        method, headers = _asked(route.policy)
        own = route.host if route.preserve_host else None
        return cls(
            upstream=route.upstream,
            edits=route.request_headers,
            host=(own or _HOST).replace("*", "www").encode(),
            client=client,
            origin=(origin or EXAMPLE_ORIGIN).encode(),
            known=origin is not None,
            method=method,
            headers=headers,
            route=route,
        )

    @property
    def target(self) -> bytes:
        """The path that is asked for at the upstream."""
        return self.upstream.target(self.route.forwarded_path(self._path), None)

    @property
    def own_origin(self) -> str:
        """The upstream's own origin."""
        return f"{self.upstream.address.scheme}://{self.upstream.address.authority}"

    def plain(self, method: bytes) -> bytes:
        """Write the head of a request without an Origin."""
        return self._head(method, ())

    def foreign(self, method: bytes) -> bytes:
        """Write the head of the same request from a page."""
        return self._head(method, ((b"Origin", self.origin),))

    @property
    def preflight(self) -> bytes:
        """The head of a preflight, with the fields of a browser's (Fetch §4.8)."""
        request = self.request(self.method, self.headers, credentials=False)
        asked = Preflight(self.origin, self.method, unsafe_headers(request.headers), ())
        return self._head(b"OPTIONS", tuple(one for one in asked.fields if one not in _USUAL))

    def request(
        self, method: bytes, headers: tuple[bytes, ...] = (), *, credentials: bool
    ) -> PageRequest:
        """Return a page's own request of the upstream, with nothing between."""
        return PageRequest(
            origin=self.origin,
            urls=(self.own_origin + self.target.decode("latin-1"),),
            method=method,
            headers=tuple((name, _JSON) for name in headers),
            credentials=credentials,
        )

    @property
    def _path(self) -> bytes:
        return self.route.path or b"/"

    def _head(self, method: bytes, more: Fields) -> bytes:
        fields: tuple[Field, ...] = ((b"Host", self.host), *_USUAL, *more)
        head = RequestHead(method, Target(self._path), 1, fields, index_fields(fields))
        return to_upstream(head, self.route, self.client, _VIA)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with."""

    status: int
    fields: Fields = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to a probe: `method` is what was asked with; None where one didn't come."""

    plain: Answer
    foreign: Answer | None = None
    preflight: Answer | None = None
    method: str = "HEAD"


class CertificateFault(Enum):
    """Why a certificate is not believed."""

    UNTRUSTED = auto()
    SELF_SIGNED = auto()
    EXPIRED = auto()
    NOT_YET_VALID = auto()
    WRONG_NAME = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Trouble:
    """An upstream that gave no answer, and what else was found out about it.

    `said` is in the system's words. `names` are those that a certificate of another name is for;
    `speaks` is the scheme that is spoken there instead.
    """

    kind: ProxyErrorType
    said: str = ""
    hint: str = ""
    fault: CertificateFault | None = None
    names: tuple[str, ...] = ()
    speaks: Literal["http", "https"] | None = None

    @property
    def may_pass(self) -> bool:
        """Whether it may be that the upstream isn't up yet."""
        return self.speaks is None and self.kind in _MAY_PASS


@dataclass(frozen=True, slots=True)
class Found:
    """What a probe came to: `error` where the upstream can't be used as it is configured.

    `write` is what to write instead, if that would mend it.
    """

    level: Literal["error", "warning", "info"]
    what: str
    why: str = ""
    write: str | None = None


def _origin(policy: CorsPolicy | None) -> str | None:
    """Return an origin that a policy allows, one that it names before one that it covers."""
    if policy is None:
        return None
    if policy.origins.any_origin:
        return EXAMPLE_ORIGIN
    patterns = sorted(policy.origins.patterns, key=lambda pattern: not pattern.exact)
    return _instance(patterns[0]) if patterns else None


def _instance(pattern: OriginPattern) -> str:
    host = f"www.{pattern.host}" if pattern.subdomains else pattern.host
    port = _ANY_PORT if pattern.any_port else pattern.port
    return f"{pattern.scheme}://{host}" + (f":{port}" if port else "")


def _asked(policy: CorsPolicy | None) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the method and the headers to ask leave for: what the policy itself allows."""
    if policy is None:
        return b"PUT", ()
    methods = needed_methods(policy)
    return (b"PUT" if b"PUT" in methods or not methods else methods[0]), needed_headers(policy)


def needed_methods(policy: CorsPolicy) -> tuple[bytes, ...]:
    """Return the methods beyond the safelisted that pages may use; `PUT` stands for any."""
    named = [m.encode() for m in policy.methods if m != "*"]
    more = [b"PUT"] if "*" in policy.methods else []
    return tuple(dict.fromkeys(m for m in (*named, *more) if m not in SAFELISTED_METHODS))


def needed_headers(policy: CorsPolicy) -> tuple[bytes, ...]:
    """Return the headers that pages may set, in lower case; `content-type` stands for any."""
    named = [h.lower().encode() for h in policy.headers if h != "*"]
    more = [b"content-type"] if "*" in policy.headers else []
    return tuple(dict.fromkeys((*named, *more)))
