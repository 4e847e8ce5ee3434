from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.cors import CorsPolicy, CorsRequest, PreflightRequest, Verdict
from corsproxy.core.fields import HOP_BY_HOP, Field, members
from corsproxy.core.heads import (
    Client,
    Passage,
    RequestHead,
    ResponseHead,
    index_fields,
    to_client,
    to_upstream,
)
from corsproxy.core.origins import compile_origins
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.targets import parse
from corsproxy.core.upstreams import Address, Upstream

ROUTE = Route(name="r", upstream=Upstream(Address("legacy", 8000)), cookies_local=True)
TABLE = RouteTable([ROUTE])

HOPS = sorted(HOP_BY_HOP)
CORS = [
    b"access-control-allow-origin",
    b"access-control-allow-credentials",
    b"access-control-expose-headers",
    b"access-control-max-age",
]
PASSING = [b"x-a", b"set-cookie", b"location", b"refresh", b"cookie", b"date"]
WHO = [b"x-forwarded-for", b"x_forwarded_for", b"forwarded", b"x-real_ip"]
NAMES = st.tuples(
    st.sampled_from([*HOPS, *CORS, *PASSING, *WHO, b"host", b"vary", b"max-forwards"]),
    st.sampled_from([bytes.lower, bytes.upper, bytes.title]),
).map(lambda pair: pair[1](pair[0]))
OCTETS = st.binary(max_size=12).map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))
VALUES = OCTETS | st.sampled_from(
    [b"*", b"true", b"https://app.example", b"X-A, vary", b"http://legacy:8000/a", b"Origin", b"7"]
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=12)

POLICIES = st.builds(
    CorsPolicy,
    origins=st.sampled_from(
        [compile_origins(entries) for entries in ([], ["*"], ["https://app.example"], ["null"])]
    ),
    credentials=st.booleans(),
    expose=st.sampled_from([(), ("*",), ("X-A",)]),
    fill=st.booleans(),
)
ORIGINS = st.sampled_from([b"https://app.example", b"https://evil.example", b"null", b""])
REQUESTS = (
    st.none()
    | ORIGINS.map(lambda origin: CorsRequest((origin,)))
    | ORIGINS.map(lambda origin: PreflightRequest((origin,), (b"GET",)))
)
FRAMINGS = st.sampled_from(
    [(), ((b"Connection", b"close"),), ((b"Transfer-Encoding", b"chunked"),)]
)


def read(head: bytes) -> list[Field]:
    start, *lines, end, rest = head.split(b"\r\n")
    assert b"HTTP/1.1" in start
    assert (end, rest) == (b"", b""), "a head ends with one empty line"
    return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]


def answer(
    fields: list[Field],
    policy: CorsPolicy | None,
    request: CorsRequest | PreflightRequest | None,
    framing: tuple[Field, ...] = (),
) -> tuple[Verdict, list[Field]]:
    verdict = policy.judge(request) if policy else Verdict()
    way = Passage(verdict, policy, Client("127.0.0.1"), b"p", ROUTE, TABLE)
    return verdict, read(to_client(ResponseHead(200, b"OK", fields), way, framing, b"D"))


@given(FIELDS, st.booleans())
def test_hop_by_hop_fields_never_reach_the_upstream(fields: list[Field], upgrade: bool):
    target = parse(b"/")
    assert target is not None
    fields = [*fields, (b"Upgrade", b"websocket")]
    head = RequestHead(b"OPTIONS", target, 1, fields, index_fields(fields))

    sent = read(to_upstream(head, ROUTE, Client("::1"), b"1.1 me", upgrade=upgrade))

    names = [name.lower() for name, _ in sent]
    own = {b"transfer-encoding"} | ({b"connection", b"upgrade"} if upgrade else set())
    assert {name for name in names if name in HOP_BY_HOP} <= own
    assert all(names.count(name) <= 1 for name in own)
    assert [v for n, v in sent if n.lower() == b"x-forwarded-for"] == [b"::1"]
    assert b"x_forwarded_for" not in names
    assert (b"Via", b"1.1 me") in sent
    assert {value for name, value in sent if name.lower() == b"host"} == {b"legacy:8000"}


@given(FIELDS)
def test_what_is_not_for_one_hop_reaches_the_upstream_in_order(fields: list[Field]):
    target = parse(b"/")
    assert target is not None
    index = index_fields(fields)
    named = {member.lower() for member in members(index.get(b"connection", ()))}
    head = RequestHead(b"GET", target, 1, fields, index)

    sent = read(to_upstream(head, ROUTE, Client(None), b"1.1 me"))

    managed = HOP_BY_HOP | {b"host", *WHO} | (named - {b"cookie"})
    passed = [(n, v) for n, v in fields if n.lower() not in managed]
    assert passed == [field for field in sent if field in passed][: len(passed)]


@given(FIELDS, POLICIES | st.none(), REQUESTS, FRAMINGS)
def test_hop_by_hop_fields_never_reach_the_client(
    fields: list[Field],
    policy: CorsPolicy | None,
    request: CorsRequest | PreflightRequest | None,
    framing: tuple[Field, ...],
):
    _, passed = answer(fields, policy, request, framing)

    chunked = (b"Transfer-Encoding", b"chunked") in framing
    theirs = [
        f for f in passed if f not in framing and not (chunked and f[0].lower() == b"trailer")
    ]
    assert not [name for name, _ in theirs if name.lower() in HOP_BY_HOP]
    assert passed[: len(framing)] == list(framing)


@given(FIELDS, POLICIES, REQUESTS)
def test_at_most_one_origin_is_allowed_whatever_the_upstream_says(
    fields: list[Field],
    policy: CorsPolicy,
    request: CorsRequest | PreflightRequest | None,
):
    """Rule 52, and never `*` with credentials (rule 27)."""
    _, passed = answer(fields, policy, request)

    index = index_fields(passed)
    origins = index.get(b"access-control-allow-origin", [])
    assert len(origins) <= 1
    if origins == [b"*"]:
        assert b"access-control-allow-credentials" not in index


@given(FIELDS, POLICIES, REQUESTS)
def test_a_refused_request_is_allowed_nothing_whatever_the_upstream_says(
    fields: list[Field],
    policy: CorsPolicy,
    request: CorsRequest | PreflightRequest | None,
):
    """Rules 25 and 46, where the upstream has no say (`fill`)."""
    verdict, passed = answer(fields, policy, request)

    if verdict.refusal and not policy.fill:
        assert not [name for name, _ in passed if name.lower().startswith(b"access-control-")]


@given(FIELDS, POLICIES, REQUESTS)
def test_vary_holds_origin_wherever_the_policy_varies(
    fields: list[Field],
    policy: CorsPolicy,
    request: CorsRequest | PreflightRequest | None,
):
    """Rules 57 and 60."""
    _, passed = answer(fields, policy, request)

    lines = [value for name, value in passed if name.lower() == b"vary"]
    there = [member.lower() for member in members(lines)]
    if policy.varies:
        assert b"origin" in there or b"*" in there
    named = {m.lower() for m in members(v for n, v in fields if n.lower() == b"connection")}
    theirs = members(v for n, v in fields if n.lower() == b"vary")
    assert b"vary" in named or {member.lower() for member in theirs} <= set(there)


@given(FIELDS)
def test_without_a_policy_cors_is_the_upstreams(fields: list[Field]):
    _, passed = answer(fields, None, None)

    named = {m.lower() for m in members(v for n, v in fields if n.lower() == b"connection")}
    theirs = [f for f in fields if f[0].lower() in {*CORS, b"vary"} - named]
    assert theirs == [f for f in passed if f[0].lower() in {*CORS, b"vary"}]
