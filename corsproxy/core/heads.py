"""Heads as they cross the gateway: `to_upstream()` and `to_client()` (RFC 9110 §7.6)."""

from collections.abc import Sequence

from corsproxy.core import cookies, locations
from corsproxy.core.cookies import local_rules
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.crossing import TO_CLIENT, TO_UPSTREAM, Crossing
from corsproxy.core.fields import HOP_BY_HOP, OWS, Field, Fields, members, nominated
from corsproxy.core.forwarding import extended, folded, who_asks
from corsproxy.core.messages import (
    Client,
    Index,
    Passage,
    RequestHead,
    ResponseHead,
    index_fields,
)
from corsproxy.core.origins import parse_octets
from corsproxy.core.routes import Route

_PASS, _CORS, _CONNECTION = Crossing.PASS, Crossing.CORS, Crossing.CONNECTION
_DATE, _VARY = Crossing.DATE, Crossing.VARY
_REWRITTEN = frozenset({Crossing.SET_COOKIE, Crossing.LOCATION, Crossing.REFRESH})
_GOING = frozenset({Crossing.DROP, Crossing.CONNECTION})
_NOTHING: frozenset[bytes] = frozenset()
_ABOUT_THE_HOP = frozenset({b"upgrade", b"trailer"})  # named by Connection, yet judged apart
_NOMINATING_NOTHING = (b"keep-alive", b"close", b"Keep-Alive", b"Close")

# What no page can read, whatever is exposed (Fetch §2.2.2), and what is for this hop only.
_HIDDEN = HOP_BY_HOP | {b"set-cookie", b"set-cookie2"}


# To the upstream.


def to_upstream(
    head: RequestHead, route: Route, client: Client, via: bytes, *, upgrade: bool = False
) -> bytes:
    """Write the head to send: what came, less what is hop-by-hop, plus who asked (§7.6).

    `via` is the proxy's own Via entry; nothing else is added that the client did not send.
    """
    fields = fields_to_upstream(head, route, client, via, upgrade=upgrade)
    return request_line(head, route) + fields


def request_line(head: RequestHead, route: Route) -> bytes:
    """Write the request line, with the target as the next hop wants it (RFC 9112 §3)."""
    target, upstream = head.target, route.upstream
    forwarded = upstream.target(route.forwarded_path(target.path), target.query)
    if upstream.address.proxy and upstream.address.tls is None:
        # a forward proxy is asked with the absolute form (RFC 9112 §3.2.2, §3.2.4)
        forwarded = str(upstream.address).encode() + forwarded.removeprefix(b"*")
    return head.method + b" " + forwarded + b" HTTP/1.1\r\n"


def fields_to_upstream(
    head: RequestHead, route: Route, client: Client, via: bytes, *, upgrade: bool = False
) -> bytes:
    """Write the fields to send, and the end of the head; `to_upstream` says which."""
    lines = []
    host = _host(head, route)
    if b"host" not in head.named:
        lines.append(b"Host: " + host)
    edits = route.request_headers
    gone = _nominated(head.named)
    replaced = edits.folded
    for name, value in head.fields:
        crossing, key = TO_UPSTREAM[name]
        if crossing is not _PASS:
            changed = _changed(crossing, head, host, value)
            if changed is None:
                continue
            value = changed  # noqa: PLW2901
        if (gone and key in gone) or (replaced and folded(key) in replaced):
            continue
        lines.append(name + b": " + value)
    address = route.upstream.address
    if address.proxy and address.proxy.authorization and address.tls is None:
        lines.append(b"Proxy-Authorization: " + address.proxy.authorization)
    who: Fields = who_asks(client.address, client.scheme, head.host)
    if client.proxies is not None:
        who = extended(head.fields, who)
    added = (*who, (b"Via", via))
    unwanted = edits.dropped
    lines += [n + b": " + v for n, v in added if not unwanted or n.lower() not in unwanted]
    lines += [n + b": " + v for n, v in _connection(head, upgrade=upgrade)]
    lines += [n + b": " + v for n, v in edits.appended if n.lower() != b"host"]
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def _nominated(index: Index) -> frozenset[bytes]:
    """Return what Connection says to remove; the two usual values name nothing (§7.6.1)."""
    connection = index.get(b"connection", ())
    if all(value in _NOMINATING_NOTHING for value in connection):
        return _NOTHING
    return nominated(connection)


def _changed(crossing: Crossing, head: RequestHead, host: bytes, value: bytes) -> bytes | None:
    """Return what a field that doesn't just pass becomes; None where it goes."""
    if crossing is Crossing.HOST:
        return host
    if crossing is Crossing.EXPECT:  # nothing is expected from HTTP/1.0 (RFC 9110 §10.1.1)
        return value if head.minor else None
    if crossing is Crossing.MAX_FORWARDS:
        return _one_less(value) if head.method in (b"OPTIONS", b"TRACE") else value
    return None


def _host(head: RequestHead, route: Route) -> bytes:
    for name, value in route.request_headers.set:
        if name.lower() == b"host":
            return value
    own = route.preserve_host and head.host
    return own or route.upstream.authority


def _one_less(hops: bytes) -> bytes:
    """Count Max-Forwards down (RFC 9110 §7.6.2); what counts no hops stays as it is."""
    few = hops.isdigit() and len(hops) < 10  # noqa: PLR2004 as long as no route in the world
    return b"%d" % max(int(hops) - 1, 0) if few else hops


def _connection(head: RequestHead, *, upgrade: bool) -> list[Field]:
    """Write the fields that hold for the next hop only."""
    fields: list[Field] = []
    if upgrade:
        protocols = b", ".join(head.named[b"upgrade"])
        fields = [(b"Connection", b"Upgrade"), (b"Upgrade", protocols)]
    if b"transfer-encoding" in head.named:
        fields.append((b"Transfer-Encoding", b"chunked"))
    return fields


# To the client: the one way out, for forwarded responses, preflights and errors alike.


def to_client(reply: ResponseHead, passage: Passage, framing: Fields, date: bytes) -> bytes:
    """Write the head of the answer, with the policy's fields on it (Fetch §3.3.3).

    `framing` holds the fields of the hop to the client: Transfer-Encoding, Connection.
    """
    policy, route, verdict = passage.policy, passage.route, passage.verdict
    keep_cors = leaves_alone(policy, reply.fields)
    lines, varies, dated = _crossed(reply, passage, framing, keep_cors=keep_cors)
    if not dated:
        lines.append(b"Date: " + date)
    if route is not None and route.response_headers.appended:
        for name, value in route.response_headers.appended:
            if name.lower() == b"vary":
                varies.append(len(lines))
            lines.append(name + b": " + value)
    lines += _without_cors(verdict.lines) if keep_cors else verdict.lines
    if verdict.vary:
        _merge_vary(lines, varies, verdict.vary)
    if verdict.expose_all and not keep_cors:
        lines.append(b"Access-Control-Expose-Headers: " + _exposed(lines))
    return b"HTTP/1.1 %d %b\r\n%b\r\n\r\n" % (reply.status, reply.reason, b"\r\n".join(lines))


def leaves_alone(policy: CorsPolicy | None, fields: Fields) -> bool:
    """Tell whether the upstream's own CORS fields cross, and those of the policy don't."""
    return policy is None or (policy.fill and _is_complete(fields, policy))


def _crossed(
    reply: ResponseHead, passage: Passage, framing: Fields, *, keep_cors: bool
) -> tuple[list[bytes], list[int], bool]:
    """Walk the fields once: return the lines that cross, which are Vary, and whether Date did."""
    gone = _gone(reply, passage)
    lines = [name + b": " + value for name, value in framing] if framing else []
    varies: list[int] = []
    dated = False
    for name, value in reply.fields:
        crossing, key = TO_CLIENT[name]
        if gone and key in gone:
            continue
        if crossing is _DATE:
            dated = True
        elif crossing is _VARY:
            varies.append(len(lines))
        elif crossing is not _PASS:
            if not (keep_cors if crossing is _CORS else _stays(crossing, reply, passage, framing)):
                continue
            if crossing in _REWRITTEN:
                value = _rewritten(crossing, value, passage)  # noqa: PLW2901
        lines.append(name + b": " + value)
    return lines, varies, dated


def _gone(reply: ResponseHead, passage: Passage) -> frozenset[bytes]:
    """Return the names, in lower case, of what gives way to ours or was meant for this hop."""
    gone = passage.verdict.names
    if passage.route is not None and passage.route.response_headers.dropped:
        gone |= passage.route.response_headers.dropped
    options = reply.options
    if options is None:
        options = [v for n, v in reply.fields if TO_CLIENT[n][0] is _CONNECTION]
    for option in options:
        if option not in _NOMINATING_NOTHING:
            gone |= nominated([option]) - _ABOUT_THE_HOP
    return gone


def _without_cors(lines: Sequence[bytes]) -> list[bytes]:
    return [line for line in lines if not line.startswith(b"Access-Control-")]


def _stays(crossing: Crossing, reply: ResponseHead, passage: Passage, framing: Fields) -> bool:
    """Tell whether a field crosses although, or because, it is about the message or the hop."""
    if crossing in _GOING or crossing in _REWRITTEN:
        return crossing in _REWRITTEN
    chunked = (b"Transfer-Encoding", b"chunked") in framing
    if crossing is Crossing.LENGTH:
        return not (chunked or reply.status < 200 or reply.status == 204)  # noqa: PLR2004
    if crossing is Crossing.UPGRADE:  # 426 says which protocol is wanted (§15.5.22)
        return reply.status == 426  # noqa: PLR2004
    if crossing is Crossing.TRAILER:  # announces what is forwarded
        return chunked
    if crossing is Crossing.PINNED:
        # a browser would keep these for all of localhost, and break every other server there
        return not passage.client.loopback
    return True


def _rewritten(crossing: Crossing, value: bytes, passage: Passage) -> bytes:
    if crossing is Crossing.SET_COOKIE:
        return _cookie(value, passage)
    return _location(crossing, value, passage)


def _cookie(value: bytes, passage: Passage) -> bytes:
    route, client = passage.route, passage.client
    if route is None or (route.cookies is None and not route.cookies_local):
        return value
    path = (route.path or b"/").decode("latin-1") if route.strip_prefix else "/"
    rules = route.cookies or local_rules(path, secure=client.scheme == "https")
    return cookies.rewrite(value, rules)


def _location(crossing: Crossing, value: bytes, passage: Passage) -> bytes:
    route = passage.route
    if route is None or passage.table is None or not route.rewrite_location or not passage.host:
        return value
    public = passage.client.scheme.encode() + b"://" + passage.host
    change = locations.rewrite_refresh if crossing is Crossing.REFRESH else locations.rewrite
    return change(value, passage.table, route, public)


def _exposed(lines: Sequence[bytes]) -> bytes:
    names = dict.fromkeys(line.partition(b":")[0].lower() for line in lines)
    shown = (n for n in names if n not in _HIDDEN and not n.startswith(b"access-control-"))
    return b", ".join(shown)


def _merge_vary(lines: list[bytes], varies: Sequence[int], wanted: tuple[bytes, ...]) -> None:
    """Add to Vary what is not there yet, in whatever letter case (Fetch, HTTP caches)."""
    if not varies:
        lines.append(b"Vary: " + b", ".join(wanted))
        return
    there = {member.lower() for member in members(lines[i].partition(b":")[2] for i in varies)}
    missing = b", ".join(name for name in wanted if name.lower() not in there)
    if b"*" in there or not missing:
        return
    name, _, value = lines[varies[-1]].partition(b": ")
    value = value.rstrip(OWS + b",")
    lines[varies[-1]] = name + b": " + (value + b", " + missing if value else missing)


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
