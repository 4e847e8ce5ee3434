"""What a connection remembers is what would be found out anew."""

from dataclasses import dataclass
from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core import admission, targets
from corsproxy.core.cors import CorsPolicy, PreflightRequest, classify
from corsproxy.core.fields import Fields
from corsproxy.core.heads import to_client, to_upstream
from corsproxy.core.messages import Client, Passage, RequestHead, ResponseHead, index_fields
from corsproxy.core.origins import compile_origins
from corsproxy.core.routes import HeaderEdits, Route, RouteTable
from corsproxy.core.trust import TrustedProxies
from corsproxy.core.upstreams import Address, Upstream
from corsproxy.core.verdicts import Verdict
from corsproxy.gateway.memory import Memory

ROUTES = [
    Route(name="a", upstream=Upstream(Address("a.example", 80))),
    Route(
        name="b",
        path=b"/api",
        strip_prefix=True,
        preserve_host=True,
        upstream=Upstream(Address("b.example", 80), b"/v1"),
        request_headers=HeaderEdits(set=((b"X-A", b"set"),)),
        policy=CorsPolicy(origins=compile_origins(["*"])),
    ),
]
CLIENT = Client("192.0.2.1")
TRUSTED = CLIENT._replace(proxies=TrustedProxies((ip_network("192.0.2.0/24"),)))
TABLE = RouteTable(ROUTES, CorsPolicy(origins=compile_origins(["http://localhost:3001"])))


@dataclass
class Version:
    major: int
    minor: int


@dataclass
class Message:
    """As much of what aiohttp's parser makes of a head as one is read from."""

    method: str
    path: str
    raw_headers: Fields
    version: Version


def fields(*lines: tuple[bytes, bytes]) -> Fields:
    return ((b"Host", b"proxy.example"), *lines)


FIELDS = st.sampled_from(
    [
        fields(),
        fields((b"Origin", b"http://localhost:3001")),
        fields((b"Origin", b"http://localhost:3001"), (b"Access-Control-Request-Method", b"PUT")),
        fields((b"X-A", b"1"), (b"X-B", b"2")),
        fields((b"Connection", b"X-B"), (b"X-B", b"2")),
        fields((b"Transfer-Encoding", b"chunked")),
        fields((b"Max-Forwards", b"3")),
        fields((b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")),
        fields((b"X-Forwarded-For", b"203.0.113.1"), (b"X-Forwarded-Proto", b"https")),
        fields((b"X-Forwarded-For", b"203.0.113.2"), (b"X-Forwarded-Host", b"app.example")),
        fields((b"Host", b"twice.example")),
        fields((b"X-Long", b"x" * 10_000)),
        ((b"Via", b"1.1 corsproxy-0"), *fields()),
    ]
)
REQUESTS = st.builds(
    Message,
    st.sampled_from(["GET", "OPTIONS", "PUT", "TRACE"]),
    st.sampled_from(["/api/x", "/api/y?q=1", "*", "http://other.example/api", "nonsense"]),
    FIELDS,
    st.builds(Version, st.sampled_from([1, 2]), st.sampled_from([0, 1])),
)


VISITS = st.lists(st.tuples(REQUESTS, st.sampled_from([None, *ROUTES])), max_size=8)


@given(VISITS, st.sampled_from([CLIENT, TRUSTED]))
def test_a_memory_answers_as_the_functions_do(
    visits: list[tuple[Message, Route | None]], client: Client
) -> None:
    memory = Memory()
    for message, match in visits:
        head = memory.read(message)  # type: ignore[arg-type]
        route = match or ROUTES[0]
        kind = classify(head.method, head.named)
        policy = match.policy if match else TABLE.default

        raw = message.path.encode()
        assert head == RequestHead(
            message.method.encode(),
            targets.parse(raw) or targets.Target(raw),
            message.version.minor,
            message.raw_headers,
            index_fields(message.raw_headers),
        )
        assert memory.kind == kind
        method = kind.methods[0] if isinstance(kind, PreflightRequest) else head.method
        remembered_match = memory.match(head, TABLE)
        match_anew = TABLE.match(method, head.target, head.host)
        assert remembered_match is match_anew or repr(remembered_match) == repr(match_anew)
        assert memory.pass_by(head, match, TABLE, client) == Passage(
            policy.decide(kind) if policy else Verdict(),
            policy,
            *client.believed(head),
            match,
            TABLE,
        )
        remembered = memory.refuse(head, message.version.major, b"corsproxy-0")
        anew = admission.refuse(
            head, (message.version.major, message.version.minor), b"corsproxy-0"
        )
        assert (remembered and remembered.detail) == (anew and anew.detail)
        via = b"1.%d corsproxy-0" % head.minor
        assert memory.to_upstream(head, route, client, b"corsproxy-0") == to_upstream(
            head, route, client, via, upgrade=head.upgrades
        )


def test_a_long_head_is_not_remembered() -> None:
    memory = Memory()
    message = Message("GET", "/", fields((b"X-Long", b"x" * 10_000)), Version(1, 1))

    memory.read(message)  # type: ignore[arg-type]

    assert memory._fields is None


REPLIES = [
    ResponseHead(200, b"OK", [(b"Content-Length", b"2"), (b"X-A", b"1")]),
    ResponseHead(404, b"Not Found", [(b"Content-Length", b"0"), (b"Date", b"then")]),
]
PASSAGES = [
    Passage(Verdict(), None, CLIENT),
    Passage(ROUTES[0].policy.judge(None), ROUTES[0].policy, CLIENT, b"p", ROUTES[0], TABLE)
    if ROUTES[0].policy
    else Passage(Verdict(), None, TRUSTED),
]
WAYS_OUT = st.lists(
    st.tuples(
        st.sampled_from(REPLIES), st.sampled_from(PASSAGES), st.sampled_from([b"now", b"later"])
    ),
    max_size=8,
)


@given(WAYS_OUT)
def test_a_head_on_its_way_out_is_as_it_would_be_made_anew(
    ways: list[tuple[ResponseHead, Passage, bytes]],
) -> None:
    memory = Memory()
    for reply, passage, now in ways:
        assert memory.to_client(reply, passage, now) == to_client(reply, passage, (), now)
