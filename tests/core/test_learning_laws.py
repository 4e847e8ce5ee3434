"""The law of learning: the same traffic is allowed again, and nothing that did not come."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.browser import PageRequest, preflight_of
from corsproxy.core.cors import CorsPolicy, CorsRequest, PreflightRequest, classify
from corsproxy.core.cors_check import cors_check, preflight_check
from corsproxy.core.fields import Field
from corsproxy.core.learning import Learnt, lesson_of, opened
from corsproxy.core.messages import Client, Heads, Passage, RequestHead, ResponseHead, index_fields
from corsproxy.core.origins import compile_origins
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.targets import Target
from corsproxy.core.upstreams import Address, Upstream

URL = "http://localhost:8080/api"
UNUSED = CorsPolicy(origins=compile_origins(["https://unused.example"]))
ROUTE = Route(name="api", upstream=Upstream(Address("a", 80)), policy=UNUSED)
TABLE = opened(RouteTable((ROUTE,)))
CLIENT = Client("127.0.0.1", loopback=True)

ORIGINS = ["http://localhost:3001", "https://app.example", "http://[::1]:3001", "null", "app://x"]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "M-SEARCH"]
HEADERS = ["Content-Type", "X-Own", "Authorization", "Accept", "X'Y"]
EXPOSED = ["ETag", "X-Total-Count", "Content-Type", "Set-Cookie", "x-own"]


@dataclass(frozen=True)
class Sent:
    """A request of a page, and what its upstream answers with."""

    page: PageRequest
    reply: tuple[str, ...]


def some(of: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(of), unique=True)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    page = PageRequest.from_script(
        draw(st.sampled_from(ORIGINS)).encode(),
        URL,
        draw(st.sampled_from(METHODS)).encode(),
        [(name.encode(), b"application/json") for name in draw(some(HEADERS))],
        credentials=draw(st.booleans()),
    )
    assert isinstance(page, PageRequest)
    return Sent(page, tuple(draw(some(EXPOSED))))


def seen(
    policy: CorsPolicy | None, method: bytes, fields: list[Field], reply: tuple[str, ...]
) -> Heads:
    named = (*fields, (b"Host", b"localhost:8080"))
    head = RequestHead(method, Target(b"/api"), 1, named, index_fields(named))
    assert policy is not None
    verdict = policy.judge(classify(method, head.named))
    passage = Passage(verdict, policy, CLIENT, b"localhost:8080", TABLE.routes[0], TABLE)
    answer = tuple((name.encode(), b"1") for name in reply)
    return Heads(head, passage, ResponseHead(200, b"OK", answer))


def traffic(sent: Sent) -> list[Heads]:
    """What a proxy sees of a request; credentials are a cookie."""
    policy, preflight, found = TABLE.routes[0].policy, preflight_of(sent.page), []
    if preflight:
        found.append(seen(policy, b"OPTIONS", list(preflight.fields), ()))
    cookie = [(b"Cookie", b"a=b")] if sent.page.credentials else []
    fields = [(b"Origin", sent.page.sent_origin), *sent.page.headers, *cookie]
    return [*found, seen(policy, sent.page.method, fields, sent.reply)]


def learnt(page: list[Sent]) -> CorsPolicy:
    known = Learnt()
    for sent in page:
        for heads in traffic(sent):
            if lesson := lesson_of(heads):
                known = known.learn(lesson)
    return known.usages["routes[0]"].policy


@given(st.lists(requests(), min_size=1, max_size=8))
def test_the_same_traffic_is_allowed_in_full(page: list[Sent]):
    policy = learnt(page)
    for sent in page:
        request = sent.page
        if preflight := preflight_of(request):
            index = index_fields(preflight.fields)
            verdict = policy.judge(classify(b"OPTIONS", index))
            answered = preflight_check(request, 204, verdict.fields)
            assert [one.what for one in answered.findings if not one.passed] == []
        answer = policy.judge(CorsRequest((request.sent_origin,)))
        assert cors_check(request, answer.fields).passed
        readable = {name.lower() for name in sent.reply} - {"content-type", "set-cookie"}
        assert readable <= set(policy.expose)


@given(st.lists(requests(), min_size=1, max_size=8), requests())
def test_what_did_not_come_is_refused(page: list[Sent], other: Sent):
    policy = learnt(page)
    came = [sent.page for sent in page]
    origin = came[0].sent_origin
    if other.page.sent_origin not in {one.sent_origin for one in came}:
        assert policy.judge(CorsRequest((other.page.sent_origin,))).refusal
    if other.page.method not in {b"GET", b"POST", *(one.method for one in came)}:
        assert policy.judge(PreflightRequest((origin,), (other.page.method,))).refusal
    asked = {header.name for one in came if (p := preflight_of(one)) for header in p.headers}
    preflight = preflight_of(other.page)
    for header in preflight.headers if preflight else ():
        refusal = policy.judge(PreflightRequest((origin,), (b"GET",), (header.name,))).refusal
        assert (refusal is None) == (header.name in asked)
    cookies = (one.page.credentials or "Set-Cookie" in one.reply for one in page)
    assert policy.credentials == any(cookies)
    assert set(policy.expose) <= {name.lower() for sent in page for name in sent.reply}
