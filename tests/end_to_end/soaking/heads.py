"""The heads that are sent, and what must become of them on their way through the proxy."""

import json
from collections.abc import Sequence

from soaking.plans import PAGE, Altered, Plan
from soaking.wire import Fields, Head

REASONS = {200: "OK", 201: "Created", 404: "Not Found", 413: "Content Too Large", 500: "Oops"}
_DATE = ("Date", "Thu, 01 Jan 1998 00:00:00 GMT")
_HOP: Fields = [("Connection", "keep-alive, X-Hop"), ("Keep-Alive", "timeout=5"), ("X-Hop", "1")]
_OWN_CORS: Fields = [
    ("Access-Control-Allow-Origin", "*"),
    ("access-control-allow-headers", "X-Everything"),
]
_PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


def render(start: str, fields: Fields) -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def compare(what: str, got: Fields, expected: Fields, optional: Sequence[str] = ()) -> None:
    """Raise `Altered` unless the fields are these, in any order of different names."""
    got = [(name, value) for name, value in got if f"{name}: {value}" not in optional]
    if sorted(got) != sorted(expected):
        more = [pair for pair in got if pair not in expected]
        less = [pair for pair in expected if pair not in got]
        raise Altered(f"{what} has {more}, and not {less}" if more or less else f"{what}: {got}")


# Requests.


def _end_to_end(plan: Plan) -> Fields:
    fields = [("User-Agent", "soak"), ("Cookie", f"id={plan.number}"), ("x-Number", "\xe9")]
    if plan.origin is not None:
        fields.append(("Origin", plan.origin))
    if plan.upload is not None:
        fields.append(("Content-Type", "application/octet-stream"))
    if plan.expects:
        fields.append(("Expect", "100-continue"))
    if plan.upload is not None and not plan.upload_chunked:
        fields.append(("Content-Length", str(plan.upload)))
    if plan.upgrade == "websocket":
        fields += [
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", "13"),
        ]
    return fields


def _upgrading(plan: Plan) -> Fields:
    return [("Connection", "Upgrade"), ("Upgrade", plan.upgrade)] if plan.upgrade else []


def request(plan: Plan, authority: str) -> bytes:
    fields = [("Host", authority), *_end_to_end(plan), *_upgrading(plan)]
    if plan.upload_chunked:
        fields.append(("Transfer-Encoding", "chunked"))
    if plan.hop:
        fields += [*_HOP, ("TE", "trailers")]
    return render(f"{plan.method} {plan.target} HTTP/1.{plan.minor}", fields)


def check_request(plan: Plan, head: Head, authority: str, upstream: str) -> None:
    """Raise `Altered` unless the upstream is sent just what the client sent, and who asked."""
    expected = (plan.method, plan.target, "HTTP/1.1")
    if head.start != expected:
        raise Altered(f"the request line at the upstream is {head.start}, not {expected}")
    fields = [(n, "1.N corsproxy" if n == "Via" else v) for n, v in head.fields]
    via = head.named("via")
    if len(via) != 1 or not via[0].startswith(f"1.{plan.minor} corsproxy-"):
        raise Altered(f"Via at the upstream is {via}")
    unknown = plan.left and not head.named("x-forwarded-for")
    known = [] if unknown else [("X-Forwarded-For", "127.0.0.1")]
    client = "unknown" if unknown else "127.0.0.1"
    wanted = [
        ("Host", upstream),
        *_end_to_end(plan),
        *_upgrading(plan),
        *known,
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", authority),
        ("Forwarded", f'for={client};host="{authority}";proto=http'),
        ("Via", "1.N corsproxy"),
    ]
    if plan.upload_chunked:
        wanted.append(("Transfer-Encoding", "chunked"))
    compare("the request at the upstream", fields, wanted)


# Answers of the upstream.


def _own(plan: Plan) -> Fields:
    fields = [
        _DATE,
        ("Server", "soak"),
        ("Content-Type", "application/octet-stream"),
        ("X-Number", str(plan.number)),
        ("Set-Cookie", f"a={plan.number}; Path=/"),
        ("Set-Cookie", "b=2"),
        ("set-cookie", "c=\xff"),
    ]
    if plan.upload is not None and plan.act in ("answer", "interim"):
        fields.append(("X-Digest", plan.digest))
    return fields


def answer(plan: Plan, digest: str = "") -> bytes:
    """Write the head of the upstream's answer; `digest` is that of what it received."""
    fields = [(n, digest if n == "X-Digest" else v) for n, v in _own(plan)]
    fields += [("Vary", "Accept-Language"), *_OWN_CORS, *_upgrading(plan)]
    if plan.hop and not plan.upgrade:
        fields += _HOP
    if not plan.upgrade:
        fields += {
            "length": [("Content-Length", str(plan.size))],
            "chunked": [("Transfer-Encoding", "chunked")],
            "close": [("Connection", "close")],
        }[plan.framing]
    return render(f"HTTP/1.1 {plan.status} {REASONS.get(plan.status, 'Switching')}", fields)


def _cors(plan: Plan) -> Fields:
    if plan.origin != PAGE:
        return []
    return [
        ("Access-Control-Allow-Origin", PAGE),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "X-Number"),
    ]


def check_answer(plan: Plan, head: Head, *, may_close: bool) -> None:
    """Raise `Altered` unless it is what the upstream sent, with the policy's fields on it."""
    expected = ("HTTP/1.1", str(plan.status), REASONS.get(plan.status, "Switching"))
    if head.start != expected:
        raise Altered(f"the status line is {head.start}, not {expected}")
    wanted = [*_own(plan), *_cors(plan), *_upgrading(plan), ("Vary", "Accept-Language, Origin")]
    if not plan.upgrade:
        if plan.framing == "length":
            wanted.append(("Content-Length", str(plan.size)))
        elif plan.minor and plan.method != "HEAD":
            wanted.append(("Transfer-Encoding", "chunked"))
        if not plan.minor:
            wanted.append(("Connection", "close"))
    compare("the answer", head.fields, wanted, ["Connection: close"] if may_close else ())


# The proxy's own answers.


def check_preflight(plan: Plan, head: Head, content: bytes, *, allowed: bool) -> None:
    if not allowed:
        check_problem(plan, head, content, (403, "http_request_denied"), vary=_PREFLIGHT_VARY)
        return
    if head.start != ("HTTP/1.1", "204", "No Content"):
        raise Altered(f"the status line is {head.start}, not 204")
    wanted = [
        *_cors(plan)[:2],
        ("Access-Control-Allow-Methods", "PUT, DELETE"),
        ("Access-Control-Allow-Headers", "Content-Type, X-Number"),
        ("Access-Control-Max-Age", "600"),
        ("Vary", _PREFLIGHT_VARY),
    ]
    compare("the preflight's answer", _undated(head), wanted)


def check_problem(
    plan: Plan, head: Head, content: bytes, end: tuple[int, str], *, vary: str = "Origin"
) -> None:
    """Raise `Altered` unless it is a problem by RFC 9457 that the page can read."""
    status, token = end
    if head.start[:2] != ("HTTP/1.1", str(status)):
        raise Altered(f"the status line is {head.start}, not {end}")
    lengths = [str(len(content))] if content else head.named("content-length")
    wanted = [
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Proxy-Status", f"corsproxy; error={token}"),
        *(("Content-Length", length) for length in lengths),
        *(_cors(plan) if vary == "Origin" else []),
        ("Vary", vary),
    ]
    if not plan.minor:
        wanted.append(("Connection", "close"))
    compare("the problem", _undated(head), wanted, ["Connection: close"] if plan.minor else ())
    if content:
        said = json.loads(content)
        if (said["status"], said["code"]) != end:
            raise Altered(f"the problem says {said}, not {end}")


def _undated(head: Head) -> Fields:
    if len(head.named("date")) != 1:
        raise Altered(f"Date is there {len(head.named('date'))} times")
    return [(name, value) for name, value in head.fields if name != "Date"]
