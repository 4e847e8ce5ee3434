"""The law of heads: what the parsers let pass crosses whole, and no field becomes another."""

import re
import zlib
from random import Random

import httptools

from corsproxy.core import admission, cookies, fields, heads, locations, targets
from corsproxy.core.cors import CorsPolicy, CorsRequest, PreflightRequest
from corsproxy.core.errors import GatewayError
from corsproxy.core.fields import HOP_BY_HOP, Field
from corsproxy.core.messages import Client, Passage, RequestHead, ResponseHead, index_fields
from corsproxy.core.origins import compile_origins
from corsproxy.core.routes import CookieRules, HeaderEdits, Route, RouteTable
from corsproxy.core.upstreams import Address, Upstream
from corsproxy.core.verdicts import Verdict
from corsproxy.gateway.parser import ReplyParser
from corsproxy.gateway.replies import Framing
from fuzz.clock import within
from fuzz.mutate import literals

TOKENS = [
    b"\r\n", b",", b", ", b";", b"=", b": ", b"/..", b"/%2e%2E", b"%2f", b"\\", b"//", b"?", b"#",
    b"Connection: ", b"Connection: host, x-a\r\n", b"Transfer-Encoding: chunked\r\n",
    b"keep-alive", b"Upgrade: websocket\r\nConnection: upgrade\r\n", b"TE: trailers\r\n",
    b"Trailer: x\r\n", b"X-Forwarded-For: 1\r\n", b"X_Forwarded_For: 1\r\n", b"Via: 1.1 me\r\n",
    b"Max-Forwards: 3\r\n", b"Origin: https://a.test\r\n", b"Origin: null\r\n", b"Vary: *\r\n",
    b"Vary: ,\r\n", b"Vary: Origin\r\n", b"Access-Control-Allow-Origin: *\r\n",
    b"Access-Control-Allow-Credentials: true\r\n", b"Access-Control-Request-Method: PUT\r\n",
    b"Access-Control-Request-Headers: x-a\r\n",
    b"Set-Cookie: __Host-a=b; Path=/; Secure; SameSite=None; Domain=x\r\n",
    b"Content-Length: 3\r\n", b"Location: http://legacy:8000/a\r\n",
    b"Refresh: 5; url=http://legacy:8000/b\r\n", b"http://legacy:8000", b"HTTP://LEGACY:8000",
    b"http://legacy:8000@", b"Host: p\r\n", b"Expect: x\r\n",
]  # fmt: skip

_EDITS = HeaderEdits(((b"X-Set", b"1"), (b"Vary", b"X-Edit")), ((b"X-Add", b"2"),), (b"x-gone",))
_HOST = HeaderEdits(((b"Host", b"other"),))
_ALL = compile_origins(["*"])
_ONE = compile_origins(["https://a.test", "https://*.b.test"])

_POLICIES = [
    None,
    CorsPolicy(origins=_ALL, methods=("*",), headers=("*",), expose=("*",)),
    CorsPolicy(origins=_ONE, credentials=True, methods=("*",), headers=("*",), expose=("*",)),
    CorsPolicy(origins=_ONE, fill=True, expose=("X-A",), timing_origins=_ONE, max_age=600),
    CorsPolicy(origins=_ALL, fill=True, methods=("PUT",), headers=("X-A",), resource_policy="x"),
]


def _route(policy: CorsPolicy | None, **more: object) -> Route:
    upstream = Upstream(Address("legacy", 8000), b"/base", b"k=v")
    return Route(name="r", upstream=upstream, policy=policy, **more)


_ROUTES = [
    *(_route(policy, cookies_local=True) for policy in _POLICIES),
    _route(_POLICIES[1], path=b"/api", strip_prefix=True, preserve_host=True),
    _route(_POLICIES[2], request_headers=_EDITS, response_headers=_EDITS),
    _route(_POLICIES[3], request_headers=_HOST, cookies=CookieRules("x.test", "/p", "None", True)),
]
_TABLE = RouteTable(_ROUTES, _POLICIES[1])
_METHODS = (b"GET", b"HEAD", b"POST", b"OPTIONS", b"PUT", b"DELETE", b"PROPFIND")
_STATUSES = (200, 204, 206, 301, 304, 404, 426, 500, 599)
_FRAMINGS: tuple[tuple[Field, ...], ...] = (
    (),
    ((b"Connection", b"close"),),
    ((b"Connection", b"keep-alive"),),
)
_CHUNKED = (b"Transfer-Encoding", b"chunked")
_OWN_UP = frozenset({b"transfer-encoding", b"connection", b"upgrade"})
_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+: ?[^\r\n\0]*")


def seeds() -> list[bytes]:
    """Return heads that the tables write, and the rest of their values as fields."""
    found = []
    for text in literals("core/test_*.py", "gateway/test_*.py"):
        start, _, lines = text.partition(b"\r\n")
        if b"HTTP/1" in start:
            target = start.split()[1] if start.count(b" ") > 1 else b"/"
            found.append((target if target.startswith(b"/") else b"/") + b"\r\n" + lines)
        elif b": " in text:
            found.append(b"/a?b\r\n" + text)
        else:
            found += [text, b"/\r\nSet-Cookie: " + text, b"/\r\nConnection: " + text]
    return found


def check(data: bytes) -> bool:
    """Let what an input holds cross both ways, and try the smaller functions with it."""
    random = Random(zlib.crc32(data))
    with within(0.25):
        target, _, rest = data.partition(b"\n")
        _check_values(data, target)
        _check_judging(random, rest.split(b"\r\n"))
        up = _check_to_upstream(random, target.rstrip(b"\r"), rest.rstrip(b"\r\n"))
        down = _check_to_client(random, rest.rstrip(b"\r\n"))
    return up or down


def _check_values(data: bytes, target: bytes) -> None:
    for member in fields.members([data, target]):
        assert member == member.strip(b" \t") != b""
        assert b"," not in member
    assert all(name == name.lower() for name in fields.nominated([data]))
    assert fields.is_token(data) == bool(re.fullmatch(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", data))
    assert fields.has_control(data) == bool(re.search(rb"[\0-\x08\n-\x1f\x7f]", data))
    if targets.is_host(target):
        assert targets.host_name(target)
        assert not re.search(rb"[\0- /@?#\\\x7f-\xff]", target)
    for rules in (route.cookies for route in _ROUTES if route.cookies):
        changed = cookies.rewrite(data, rules)
        assert changed.partition(b";")[0] == data.partition(b";")[0]
        assert set(changed) <= set(data) | set(b" ;=Domainx.testPath/pSecureSameSiteNone")
    for route in _ROUTES[4:6]:
        moved = locations.rewrite(data, _TABLE, route, b"http://p")
        assert moved == data or moved.startswith(b"http://p/"), moved
        locations.rewrite_refresh(data, _TABLE, route, b"http://p")
    _check_target(target)


def _check_target(octets: bytes) -> None:
    target = targets.parse(octets)
    if target is None:
        return
    if target.authority is None:
        whole = target.path if target.query is None else target.path + b"?" + target.query
        assert whole == octets.partition(b"#")[0]
    assert target.path == b"*" or target.path.startswith(b"/")
    targets.comparable(target.path)
    if targets.depth_below(target.path) is None:
        assert targets.resolved(target.path) == target.path
    else:
        assert targets.depth_below(targets.resolved(target.path)) is None
    for method in _METHODS[:2]:
        match = _TABLE.match(method, target, b"p")
        assert isinstance(match, Route | GatewayError)


def _check_judging(random: Random, lines: list[bytes]) -> None:
    lines = [line.partition(b": ")[2] or line for line in lines]
    origins, methods, names = tuple(lines[:1]), tuple(lines[1:2]) or (b"PUT",), tuple(lines[2:])
    usual = (random.choice((b"https://a.test", b"https://x.b.test", b"null")),)
    for policy in _POLICIES:
        if policy is None:
            continue
        for request in (
            CorsRequest(origins),
            PreflightRequest(origins, methods, names),
            PreflightRequest(usual, methods, names, private_network=True),
            PreflightRequest(usual, (b"PUT",), names + methods),
        ):
            verdict = policy.judge(request)
            if verdict.refusal is not None:
                assert not [line for line in verdict.lines if line.startswith(b"Access-Control")]
                assert (verdict.refusal.culprit + (verdict.refusal.near_miss or "")).isprintable()
            for line in verdict.lines:
                assert _LINE.fullmatch(line), line


class _Fields:
    """The fields of a head, as httptools reads them."""

    def __init__(self) -> None:
        self.fields: list[Field] = []
        self.whole = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field."""
        self.fields.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Take the end of the head."""
        self.whole = True


def _read(
    kind: type[httptools.HttpRequestParser] | type[httptools.HttpResponseParser], head: bytes
) -> list[Field] | None:
    """Return the fields of a head, or None where it is not one whole head and nothing more."""
    seen = _Fields()
    parser = kind(seen)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade as upgrade:
        if upgrade.args[0] != len(head):
            return None
    except httptools.HttpParserError:
        return None
    return seen.fields if seen.whole and head.find(b"\r\n\r\n") == len(head) - 4 else None


def _check_to_upstream(random: Random, target: bytes, lines: bytes) -> bool:
    asked = targets.parse(target)
    if asked is None or re.search(rb"[\0- \x7f-\xff]", target):
        return False
    method, route = random.choice(_METHODS), random.choice(_ROUTES)
    came = _read(
        httptools.HttpRequestParser, method + b" / HTTP/1.1\r\nHost: p\r\n" + lines + b"\r\n\r\n"
    )
    if came is None:
        return False
    head = RequestHead(method, asked, random.choice((0, 1, 1, 1)), came, index_fields(came))
    if admission.refuse(head, (1, head.minor), b"me") is not None:
        return False
    client = Client(random.choice(("::1", "10.0.0.1", None)))
    sent = heads.to_upstream(head, route, client, b"1.1 me", upgrade=head.upgrades)
    passed = _read(httptools.HttpRequestParser, sent)
    assert passed is not None, sent
    names = [name.lower() for name, _ in passed]
    assert len(passed) == sent.count(b"\n") - 2 == sent.count(b"\r") - 2
    assert names.count(b"host") == 1
    assert b"transfer-encoding" not in names or b"content-length" not in names
    assert {name for name in names if name in HOP_BY_HOP} <= _OWN_UP
    assert [v for n, v in passed if n.lower() == b"transfer-encoding"] in ([], [b"chunked"])
    assert names.count(b"connection") <= 1
    assert names.count(b"x-forwarded-for") == (client.address is not None)
    assert not {b"x_forwarded_for", b"x-forwarded_for", b"x_forwarded-for"}.intersection(names)
    return True


def _check_to_client(random: Random, lines: bytes) -> bool:
    status, route = random.choice(_STATUSES), random.choice(_ROUTES)
    parser = ReplyParser(bodiless=False, limit=1 << 16)
    try:
        parser.feed(b"HTTP/1.1 %d OK\r\n%b\r\n\r\n" % (status, lines))
    except GatewayError:
        return False
    if parser.final is None:
        return False
    reply = parser.final.head
    framing = random.choice(_FRAMINGS)
    if parser.final.framing in (Framing.CHUNKED, Framing.CLOSE):
        framing = (*framing, _CHUNKED)
    policy = route.policy
    asked = random.choice((None, b"https://a.test", b"https://x.b.test", b"https://evil.test"))
    question = CorsRequest((asked,)) if asked else None
    verdict = policy.judge(question) if policy else Verdict()
    client = Client("127.0.0.1", loopback=random.random() < 0.5)
    passage = Passage(verdict, policy, client, b"p", route, _TABLE)
    sent = heads.to_client(reply, passage, framing, b"now")
    _check_sent(sent, reply, framing, passage)
    return True


def _check_sent(
    sent: bytes, reply: ResponseHead, framing: tuple[Field, ...], passage: Passage
) -> None:
    passed = _read(httptools.HttpResponseParser, sent)
    assert passed is not None, sent
    assert len(passed) == sent.count(b"\n") - 2 == sent.count(b"\r") - 2
    names = [name.lower() for name, _ in passed]
    own = {b"connection", b"transfer-encoding"}
    own |= {b"upgrade"} if reply.status == 426 else set()
    own |= {b"trailer"} if _CHUNKED in framing else set()
    assert {name for name in names if name in HOP_BY_HOP} <= own
    hop = [f for f in passed if f[0].lower() in (b"connection", b"transfer-encoding")]
    assert hop == list(framing)
    assert names.count(b"content-length") <= (_CHUNKED not in framing)
    policy, verdict = passage.policy, passage.verdict
    if policy is None:
        return
    allowed = [v for n, v in passed if n.lower() == b"access-control-allow-origin"]
    assert len(allowed) <= 1
    if verdict.refusal is not None and not policy.fill:
        assert not [name for name in names if name.startswith(b"access-control-")]
    if allowed == [b"*"]:
        assert b"access-control-allow-credentials" not in names
    vary = {m.lower() for m in fields.members(v for n, v in passed if n.lower() == b"vary")}
    assert not verdict.vary or b"*" in vary or {m.lower() for m in verdict.vary} <= vary
