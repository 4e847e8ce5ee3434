"""What pages use while a proxy learns, and the smallest policy that allows just that.

Only names are kept, never a value, and of everything a bounded number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from corsproxy.core.cors import CorsPolicy, PreflightRequest, classify
from corsproxy.core.cors_check import SAFELISTED_RESPONSE_HEADERS
from corsproxy.core.fields import HOP_BY_HOP, is_token, members, nominated
from corsproxy.core.messages import Heads, RequestHead, ResponseHead, index_fields
from corsproxy.core.methods import SAFELISTED_METHODS, is_forbidden_method, normalise_method
from corsproxy.core.origins import OriginPattern, OriginSet, parse_octets
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.safelist import is_forbidden_header

MAX_ORIGINS = 64
MAX_METHODS = 32
MAX_HEADERS = 128
LONGEST_NAME = 128  # octets

TOP = "cors"  # the place of the policy that judges what matches no route

_PROTOCOL = b"access-control-"
# what no page reads, or reads in any case (Fetch §2.2.2, and what is for one hop only)
_NOT_EXPOSED = HOP_BY_HOP | SAFELISTED_RESPONSE_HEADERS | {b"set-cookie", b"set-cookie2", b"origin"}
_SCRIPTS = (None, b"cors", b"websocket")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What one exchange shows of what a page uses; `place` is that of the route, or `TOP`.

    `cookies`: some were sent; `cookies_set`: some came with the answer; `authorized`: the request
    had Authorization, be it the page's or the browser's.
    """

    place: str
    origin: str
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    cookies: bool = False
    cookies_set: bool = False
    authorized: bool = False


def lesson_of(heads: Heads) -> Lesson | None:
    """Return what an exchange shows, None where it is none of a page's scripts on another origin.

    Navigations and requests of mode `no-cors` are not covered by CORS, and no page of the proxy's
    own origin needs it. What is malformed shows nothing.
    """
    head, passage, reply = heads
    kind = classify(head.method, head.named)
    if kind is None or passage.policy is None or passage.verdict.refusal is not None:
        return None
    own = passage.client.scheme.encode() + b"://" + passage.host
    origin = kind.origins[0]
    if origin == own or not _is_of_a_script(head):
        return None
    place = passage.route.place if passage.route else TOP
    if isinstance(kind, PreflightRequest):
        methods, headers = kind.methods, tuple(members(kind.headers))
        return Lesson(
            place=place, origin=origin.decode(), methods=_methods(methods), headers=_names(headers)
        )
    if head.upgrades and b"websocket" in map(bytes.lower, members(head.named[b"upgrade"])):
        return Lesson(place=place, origin=origin.decode())  # CORS has no more say on it
    return Lesson(
        place=place,
        origin=origin.decode(),
        methods=_methods((head.method,)),
        exposed=_exposed(reply, passage.route) if reply else (),
        cookies=b"cookie" in head.named,
        cookies_set=reply is not None and b"set-cookie" in index_fields(reply.fields),
        authorized=b"authorization" in head.named,
    )


def _is_of_a_script(head: RequestHead) -> bool:
    """Tell whether CORS covers a request by its mode (Fetch §2.2.5; Fetch Metadata §2)."""
    site, mode = (
        head.named.get(name, (None,))[0] for name in (b"sec-fetch-site", b"sec-fetch-mode")
    )
    # browsers without Fetch Metadata mark at least their navigations
    navigates = mode is None and b"upgrade-insecure-requests" in head.named
    return site != b"same-origin" and mode in _SCRIPTS and not navigates


def _methods(asked: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(
        method.decode()
        for method in asked
        if is_token(method)
        and method not in SAFELISTED_METHODS
        and not is_forbidden_method(method)
        and normalise_method(method) == method  # as every browser sends it
    )


def _names(asked: Iterable[bytes]) -> tuple[str, ...]:
    names = dict.fromkeys(name.lower() for name in asked)
    return tuple(
        name.decode()
        for name in names
        if is_token(name) and not is_forbidden_header(name, b"") and not name.startswith(_PROTOCOL)
    )


def _exposed(reply: ResponseHead, route: Route | None) -> tuple[str, ...]:
    """Return what a page may want to read of an answer, by its name in lower case."""
    index = index_fields(reply.fields)
    gone = nominated(index.get(b"connection", ())) | _NOT_EXPOSED
    names = list(index)
    if route is not None:
        gone |= route.response_headers.dropped - {n.lower() for n, _ in route.response_headers.set}
        names += [name.lower() for name, _ in route.response_headers.appended]
    return tuple(
        name.decode()
        for name in dict.fromkeys(names)
        if is_token(name) and name not in gone and not name.startswith(_PROTOCOL)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the pages of some origins used, all taken together; names in the order they came.

    `left_out` names what there was more of than is kept: origins, methods, headers, exposed.
    """

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    cookies: frozenset[str] = frozenset()
    cookies_set: frozenset[str] = frozenset()
    authorized: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()

    def learn(self, lesson: Lesson) -> "Usage":
        """Return what is known with one lesson more."""
        if lesson.origin not in self.origins and len(self.origins) >= MAX_ORIGINS:
            return replace(self, left_out=self.left_out | {"origins"})
        wanted = {
            "origins": (self.origins, (lesson.origin,), MAX_ORIGINS),
            "methods": (self.methods, lesson.methods, MAX_METHODS),
            "headers": (self.headers, lesson.headers, MAX_HEADERS),
            "exposed": (self.exposed, lesson.exposed, MAX_HEADERS),
        }
        kept = {key: _kept(*known) for key, known in wanted.items()}
        left_out = {key for key, (_, names, _) in wanted.items() if not set(names) <= {*kept[key]}}
        origin = {lesson.origin}
        return Usage(
            **kept,
            cookies=self.cookies | (origin if lesson.cookies else set()),
            cookies_set=self.cookies_set | (origin if lesson.cookies_set else set()),
            authorized=self.authorized | (origin if lesson.authorized else set()),
            left_out=self.left_out | left_out,
        )

    @property
    def credentialed(self) -> frozenset[str]:
        """The origins that need credentials (Fetch §2.2.5), as far as can be seen.

        Authorization that a page sets itself has to be asked for, and is no credential then.
        """
        by_browser = frozenset() if "authorization" in self.headers else self.authorized
        return self.cookies | self.cookies_set | by_browser

    @property
    def policy(self) -> CorsPolicy:
        """The smallest policy that allows all of it."""
        found = [parse_octets(origin.encode()) for origin in sorted(self.origins)]
        patterns = (OriginPattern(one.scheme, one.host, one.port) for one in found if one)
        return CorsPolicy(
            origins=OriginSet(tuple(patterns), null="null" in self.origins),
            methods=tuple(sorted(self.methods)),
            headers=tuple(sorted(self.headers)),
            expose=tuple(sorted(self.exposed)),
            credentials=bool(self.credentialed),
        )


def _kept(known: tuple[str, ...], new: tuple[str, ...], most: int) -> tuple[str, ...]:
    # a wildcard would allow more than the name
    fit = (name for name in new if name != "*" and (len(name) <= LONGEST_NAME or "://" in name))
    return tuple(dict.fromkeys((*known, *fit)))[: max(most, len(known))]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt, by the place of the route in the table, or by `TOP`."""

    usages: Mapping[str, Usage] = field(default_factory=dict)

    def learn(self, lesson: Lesson) -> "Learnt":
        """Return what is known with one lesson more; the same object where that adds nothing."""
        before = self.usages.get(lesson.place, Usage())
        after = before.learn(lesson)
        return self if after == before else Learnt({**self.usages, lesson.place: after})

    @property
    def top(self) -> Usage:
        """What the top-level policy is for: what matched no route, and every page that came by.

        So any of them can read that there is no such route.
        """
        origins = [origin for usage in self.usages.values() for origin in usage.origins]
        left_out = any("origins" in usage.left_out for usage in self.usages.values())
        own = self.usages.get(TOP, Usage())
        more = {"origins"} if left_out else set[str]()
        return replace(own, origins=tuple(dict.fromkeys(origins)), left_out=own.left_out | more)


def opened(table: RouteTable) -> RouteTable:
    """Return a table that lets every well-formed request of any page pass, so as to learn of it.

    Browsers are told of no `max_age`, so that they ask again. A route with `cors: off` stays so:
    its upstream answers for itself.
    """
    routes = tuple(replace(route, policy=_opened(route.policy)) for route in table.routes)
    return RouteTable(routes, _opened(table.default))


def _opened(policy: CorsPolicy | None) -> CorsPolicy | None:
    if policy is None:
        return None
    return replace(
        policy,
        origins=OriginSet(any_origin=True, null=True),
        methods=("*",),
        headers=("*", "Authorization"),
        expose=("*",),
        credentials=True,
        max_age=None,
        fill=False,
        block=False,
        report=False,
    )
