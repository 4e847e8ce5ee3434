"""The route table: which route a request takes, and what holds on it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from corsproxy.core import targets
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.fields import Field
from corsproxy.core.forwarding import folded
from corsproxy.core.limits import Timeouts
from corsproxy.core.route_index import RouteIndex
from corsproxy.core.targets import Target
from corsproxy.core.upstreams import Upstream

_FEW = 8  # routes that are walked sooner than looked up


@dataclass(frozen=True, slots=True)
class HeaderEdits:
    """Fields set (all of that name replaced), added and removed on the way.

    `dropped` holds the names, in lower case, that are taken off what passes; `folded` the same as
    WSGI and CGI servers compare them, Host excepted; `appended` the fields put after what passes.
    """

    set: tuple[Field, ...] = ()
    add: tuple[Field, ...] = ()
    remove: tuple[bytes, ...] = ()
    dropped: frozenset[bytes] = field(init=False, repr=False, compare=False)
    folded: frozenset[bytes] = field(init=False, repr=False, compare=False)
    appended: tuple[Field, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        dropped = frozenset(n.lower() for n in (*self.remove, *(name for name, _ in self.set)))
        object.__setattr__(self, "dropped", dropped)
        object.__setattr__(self, "folded", frozenset(map(folded, dropped)) - {b"host"})
        object.__setattr__(self, "appended", (*self.set, *self.add))


@dataclass(frozen=True, slots=True)
class CookieRules:
    """Rewrites of Set-Cookie attributes; None leaves one as it is (RFC 6265 §4.1.2).

    `domain` and `path` are the new values, the empty text takes the attribute off;
    `lax_for_none` turns SameSite=None, which goes with Secure only, into Lax.
    """

    domain: str | None = None
    path: str | None = None
    same_site: str | None = None
    secure: bool | None = None
    lax_for_none: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route: what it matches, where it leads, and what holds on it.

    `policy` is None where `cors: off` leaves CORS to the upstream. `place` and `policy_place` are
    the paths in the file that an answer may name (`routes[0]`, `cors`).
    """

    name: str
    upstream: Upstream
    path: bytes | None = b"/"
    path_regex: re.Pattern[bytes] | None = None
    host: str | None = None
    methods: frozenset[bytes] = frozenset()
    strip_prefix: bool = False
    preserve_host: bool = False
    rewrite_location: bool = True
    request_headers: HeaderEdits = HeaderEdits()
    response_headers: HeaderEdits = HeaderEdits()
    cookies: CookieRules | None = None
    cookies_local: bool = False
    policy: CorsPolicy | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    request_body: int | None = None
    place: str = "routes[0]"
    policy_place: str = "cors"
    prefix: bytes | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        prefix = None if self.path_regex is not None else (self.path or b"").rstrip(b"/")
        object.__setattr__(self, "prefix", prefix)

    def matches_path(self, path: bytes) -> bool:
        """Tell whether the route serves a path (as `targets.comparable` gives it)."""
        prefix = self.prefix
        if prefix is None:
            return path.startswith((b"/", b"*")) and _matches(self.path_regex, path)
        if path == b"*":
            return not prefix
        return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in (b"", b"/")

    def matches_host(self, host: str) -> bool:
        """Tell whether the route serves a host, given in lower case and without its port."""
        if self.host is None:
            return True
        if self.host.startswith("*."):
            return host.endswith(self.host[1:]) and len(host) >= len(self.host)
        return host == self.host

    def forwarded_path(self, path: bytes) -> bytes:
        """Return the path to forward: the matched prefix off, where the route says so."""
        if not self.strip_prefix or self.path is None or path == b"*":
            return path
        segments = self.path.rstrip(b"/").count(b"/")
        rest = path.split(b"/", segments + 1)[segments + 1 :]
        return b"/" + b"/".join(rest)

    @property
    def depth(self) -> int:
        """How many segments the route's prefix has."""
        return (self.path or b"/").rstrip(b"/").count(b"/")


@dataclass(frozen=True, slots=True)
class RouteTable:
    """The routes in their order: the first that matches wins.

    `default` judges what matches no route, so that a page can read the 404.
    """

    routes: Sequence[Route]
    default: CorsPolicy | None = None
    _by_host: bool = field(init=False, repr=False, compare=False)
    _index: RouteIndex | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        long = len(self.routes) > _FEW
        object.__setattr__(self, "_by_host", any(route.host for route in self.routes))
        object.__setattr__(self, "_index", RouteIndex(self.routes) if long else None)

    def match(self, method: bytes, target: Target, host: bytes) -> Route | GatewayError:
        """Return the route of a request, or why there is none.

        A preflight is routed by the method it asks for: pass that one (cors-rules 8).
        """
        path = targets.comparable(target.path)
        name = targets.host_name(host) if self._by_host else ""
        allowed: set[bytes] = set()
        for route in self._candidates(path, name):
            if not (route.matches_path(path) and route.matches_host(name)):
                continue
            if not route.methods or method in route.methods:
                return route if self._stays(route, method, target.path, name) else _climbing()
            allowed |= route.methods
        if not allowed:
            return GatewayError(ProxyErrorType.DESTINATION_NOT_FOUND, "no route matches the path")
        return _method_not_served(allowed)

    def _candidates(self, path: bytes, host: str) -> Iterable[Route]:
        if self._index is None:
            return self.routes
        return self._index.candidates(self.routes, path, host)

    def _stays(self, route: Route, method: bytes, path: bytes, host: str) -> bool:
        """Tell whether dot segments lead neither out of a route nor into another (R4).

        An upstream that follows them serves what the other route's policy is about.
        """
        lowest = targets.depth_below(path)
        if lowest is None:
            return True
        way = targets.comparable(targets.resolved(path))
        serving = (
            other
            for other in self._candidates(way, host)
            if other.matches_path(way)
            and other.matches_host(host)
            and (not other.methods or method in other.methods)
        )
        return lowest >= route.depth and next(serving, None) is route


def _matches(regex: re.Pattern[bytes] | None, path: bytes) -> bool:
    return regex is not None and regex.fullmatch(path) is not None


def _method_not_served(allowed: set[bytes]) -> GatewayError:
    error = GatewayError(
        ProxyErrorType.HTTP_REQUEST_DENIED, "no route serves this method here", status=405
    )
    error.fields = ((b"Allow", b", ".join(sorted(allowed))),)
    return error


def _climbing() -> GatewayError:
    return GatewayError(
        ProxyErrorType.HTTP_REQUEST_ERROR, "the path's dot segments lead out of its route"
    )
