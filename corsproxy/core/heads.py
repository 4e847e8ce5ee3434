"""Heads as they cross the gateway: `to_upstream()` and `to_client()` (RFC 9110 §7.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corsproxy.core import cookies, locations
from corsproxy.core.cookies import local_rules
from corsproxy.core.cors import CorsPolicy, Verdict
from corsproxy.core.fields import HOP_BY_HOP, OWS, Field, Fields, members, nominated
from corsproxy.core.forwarding import folded, is_forwarding, who_asks
from corsproxy.core.origins import parse_octets
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.targets import Target

Index = Mapping[bytes, Sequence[bytes]]

# Pinned by a browser to all of localhost, these would break every other server there.
_NOT_ON_LOOPBACK = frozenset({b"strict-transport-security", b"alt-svc"})

# What no page can read, whatever is exposed (Fetch §2.2.2), and what is for this hop only.
_HIDDEN = HOP_BY_HOP | {b"set-cookie", b"set-cookie2"}

_LOCATIONS = frozenset({b"location", b"content-location"})


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request's head as it came; `index` holds the values by names in lower case."""

    method: bytes
    target: Target
    minor: int
    fields: Fields
    index: Index

    @property
    def host(self) -> bytes:
        """The authority asked for: that of an absolute target, else Host (RFC 9112 §3.2.2)."""
        if self.target.authority is not None:
            return self.target.authority
        return self.index.get(b"host", (b"",))[0]


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """A response's head as it came from the upstream, or as the proxy made it."""

    status: int
    reason: bytes
    fields: Fields


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, and how: the peer's address (None on a unix socket) and the listener."""

    address: str | None
    scheme: str = "http"
    loopback: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """What a response's way out depends on; `route` is None where none matched."""

    verdict: Verdict
    policy: CorsPolicy | None
    client: Client
    host: bytes = b""
    route: Route | None = None
    table: RouteTable | None = None


def index_fields(fields: Fields) -> dict[bytes, list[bytes]]:
    """Gather the values of every field by its name in lower case, in order."""
    index: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        index.setdefault(name.lower(), []).append(value)
    return index


# To the upstream.


def to_upstream(
    head: RequestHead, route: Route, client: Client, via: bytes, *, upgrade: bool = False
) -> bytes:
    """Write the head to send: what came, less what is hop-by-hop, plus who asked (§7.6).

    `via` is the proxy's own Via entry; nothing else is added that the client did not send.
    """
    target = head.target
    forwarded = route.upstream.target(route.forwarded_path(target.path), target.query)
    proxy = route.upstream.address.proxy if route.upstream.address.tls is None else None
    if proxy:  # a forward proxy is asked with the absolute form (RFC 9112 §3.2.2, §3.2.4)
        forwarded = str(route.upstream.address).encode() + forwarded.removeprefix(b"*")
    lines = [head.method + b" " + forwarded + b" HTTP/1.1"]
    removed = HOP_BY_HOP | nominated(head.index.get(b"connection", ()))
    if head.minor == 0:  # nothing is expected from there (RFC 9110 §10.1.1)
        removed |= {b"expect"}
    unwanted = route.request_headers.dropped
    replaced = {folded(name) for name in unwanted} - {b"host"}
    host = _host(head, route)
    if b"host" not in head.index:
        lines.append(b"Host: " + host)
    for name, value in head.fields:
        key = name.lower()
        if key == b"host":
            value = host  # noqa: PLW2901
        if key in removed or is_forwarding(key) or (replaced and folded(key) in replaced):
            continue
        if key == b"max-forwards" and head.method in (b"OPTIONS", b"TRACE"):
            value = _one_less(value)  # noqa: PLW2901
        lines.append(name + b": " + value)
    if proxy and proxy.authorization:
        lines.append(b"Proxy-Authorization: " + proxy.authorization)
    who = who_asks(client.address, client.scheme, head.host)
    added = (*who, (b"Via", via), *_connection(head, upgrade=upgrade))
    lines.extend(name + b": " + value for name, value in added if name.lower() not in unwanted)
    appended = route.request_headers.appended
    lines.extend(n + b": " + v for n, v in appended if n.lower() != b"host")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _host(head: RequestHead, route: Route) -> bytes:
    for name, value in route.request_headers.set:
        if name.lower() == b"host":
            return value
    own = route.preserve_host and head.host
    return own or route.upstream.address.authority.encode()


def _one_less(hops: bytes) -> bytes:
    """Count Max-Forwards down (RFC 9110 §7.6.2); what counts no hops stays as it is."""
    few = hops.isdigit() and len(hops) < 10  # noqa: PLR2004 as long as no route in the world
    return b"%d" % max(int(hops) - 1, 0) if few else hops


def _connection(head: RequestHead, *, upgrade: bool) -> list[Field]:
    """Write the fields that hold for the next hop only."""
    if upgrade:
        protocols = b", ".join(head.index[b"upgrade"])
        return [(b"Connection", b"Upgrade"), (b"Upgrade", protocols)]
    if b"transfer-encoding" in head.index:
        return [(b"Transfer-Encoding", b"chunked")]
    return []


# To the client: the one way out, for forwarded responses, preflights and errors alike.


def to_client(reply: ResponseHead, passage: Passage, framing: Fields, date: bytes) -> bytes:
    """Write the head of the answer, with the policy's fields on it (Fetch §3.3.3).

    `framing` holds the fields of the hop to the client: Transfer-Encoding, Connection.
    """
    out = _Outgoing(reply, passage, framing)
    for name, value in reply.fields:
        out.take(name, name.lower(), value)
    return out.finish(date)


class _Outgoing:
    """The head of an answer while it is put together: one walk over the fields."""

    __slots__ = ("_chunked", "_dated", "_fields", "_keep_cors", "_own", "_passage", "_removed",
                 "_reply", "_route", "_unsized", "_vary")  # fmt: skip

    def __init__(self, reply: ResponseHead, passage: Passage, framing: Fields) -> None:
        self._reply = reply
        self._passage = passage
        self._route = passage.route
        connection = [value for name, value in reply.fields if name.lower() == b"connection"]
        self._removed = HOP_BY_HOP | nominated(connection)
        if self._route is not None:
            self._removed |= self._route.response_headers.dropped
        if passage.client.loopback:
            self._removed |= _NOT_ON_LOOPBACK
        policy, self._own = passage.policy, passage.verdict.fields
        self._keep_cors = policy is None or (policy.fill and _is_complete(reply.fields, policy))
        if self._keep_cors:
            self._own = tuple(f for f in self._own if not f[0].startswith(b"Access-Control-"))
        self._removed |= {name.lower() for name, _ in self._own}
        self._chunked = any(name == b"Transfer-Encoding" for name, _ in framing)
        self._unsized = self._chunked or reply.status < 200 or reply.status == 204  # noqa: PLR2004
        self._fields: list[Field] = []
        self._vary: int | None = None
        self._dated = False
        self._fields.extend(framing)

    def take(self, name: bytes, key: bytes, value: bytes) -> None:
        """Pass one field on, changed or left out as the rules say."""
        if key.startswith(b"access-control-") and not self._keep_cors:
            return
        if key in self._removed:
            if not (key in (b"upgrade", b"trailer") and self._may_stay(key)):
                return
        elif key == b"content-length" and self._unsized:
            return
        elif key == b"set-cookie":
            value = self._cookie(value)
        elif key in _LOCATIONS or key == b"refresh":
            value = self._location(key, value)
        self._dated = self._dated or key == b"date"
        if key == b"vary":
            self._vary = len(self._fields)
        self._fields.append((name, value))

    def _may_stay(self, key: bytes) -> bool:
        """Upgrade says on 426 which protocol is wanted; Trailer announces what is forwarded."""
        return self._reply.status == 426 if key == b"upgrade" else self._chunked  # noqa: PLR2004

    def _cookie(self, value: bytes) -> bytes:
        route, client = self._route, self._passage.client
        if route is None or (route.cookies is None and not route.cookies_local):
            return value
        path = (route.path or b"/").decode("latin-1") if route.strip_prefix else "/"
        rules = route.cookies or local_rules(path, secure=client.scheme == "https")
        return cookies.rewrite(value, rules)

    def _location(self, key: bytes, value: bytes) -> bytes:
        passage, route = self._passage, self._route
        if route is None or passage.table is None or not route.rewrite_location or not passage.host:
            return value
        public = passage.client.scheme.encode() + b"://" + passage.host
        change = locations.rewrite_refresh if key == b"refresh" else locations.rewrite
        return change(value, passage.table, route, public)

    def finish(self, date: bytes) -> bytes:
        """Add what is the proxy's to say, and write the head."""
        if not self._dated:
            self._fields.append((b"Date", date))
        if self._route is not None:
            self._fields.extend(self._route.response_headers.appended)
        self._fields.extend(self._own)
        self._merge_vary()
        if self._passage.verdict.expose_all and not self._keep_cors:
            self._fields.append((b"Access-Control-Expose-Headers", self._exposed()))
        reply = self._reply
        lines = [b"HTTP/1.1 %d %b" % (reply.status, reply.reason)]
        lines.extend(name + b": " + value for name, value in self._fields)
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _exposed(self) -> bytes:
        names = dict.fromkeys(name.lower() for name, _ in self._fields)
        shown = (n for n in names if n not in _HIDDEN and not n.startswith(b"access-control-"))
        return b", ".join(shown)

    def _merge_vary(self) -> None:
        """Add to Vary what is not there yet, in whatever letter case (Fetch §3.3.5)."""
        wanted = self._passage.verdict.vary
        if not wanted:
            return
        lines = [value for name, value in self._fields if name.lower() == b"vary"]
        there = {member.lower() for member in members(lines)}
        if b"*" in there:
            return
        missing = b", ".join(name for name in wanted if name.lower() not in there)
        if not missing:
            return
        if self._vary is None:
            self._fields.append((b"Vary", missing))
            return
        name, value = self._fields[self._vary]
        value = value.rstrip(OWS + b",")
        self._fields[self._vary] = (name, value + b", " + missing if value else missing)


def _is_complete(fields: Fields, policy: CorsPolicy) -> bool:
    """Tell whether an upstream's own CORS answer is one that a browser can use as it is."""
    index = index_fields(fields)
    origins = index.get(b"access-control-allow-origin", ())
    credentials = index.get(b"access-control-allow-credentials", ())
    if len(origins) != 1:
        return False
    if origins[0] == b"*":
        return not (policy.credentials or credentials)
    usable = origins[0] == b"null" or parse_octets(origins[0]) is not None
    return usable and (not policy.credentials or list(credentials) == [b"true"])
