"""What an exchange teaches, what is kept of it, and the policy that comes of it."""

import re
from dataclasses import replace

import pytest

from corsproxy.core.cors import CorsPolicy, classify
from corsproxy.core.fields import Field
from corsproxy.core.learning import (
    LONGEST_NAME,
    MAX_HEADERS,
    MAX_METHODS,
    MAX_ORIGINS,
    TOP,
    Learnt,
    Lesson,
    Usage,
    lesson_of,
    opened,
)
from corsproxy.core.messages import Client, Heads, Passage, RequestHead, ResponseHead, index_fields
from corsproxy.core.origins import OriginSet, compile_origins
from corsproxy.core.routes import HeaderEdits, Route, RouteTable
from corsproxy.core.targets import Target
from corsproxy.core.upstreams import Address, Upstream

APP = "http://localhost:3001"
ORIGIN = (b"Origin", APP.encode())
POLICY = CorsPolicy(
    origins=compile_origins(["https://other.example"]),
    max_age=600,
    fill=True,
    block=True,
    report=True,
    timing_origins=compile_origins(["*"]),
)
EDITS = HeaderEdits(set=((b"X-Set", b"1"),), add=((b"X-Added", b"1"),), remove=(b"X-Gone",))
ROUTE = Route(
    name="api",
    upstream=Upstream(Address("a", 80)),
    policy=POLICY,
    response_headers=EDITS,
    place="routes[3]",
)
OFF = replace(ROUTE, policy=None, place="routes[4]")
TABLE = opened(RouteTable((ROUTE, OFF), POLICY))


def heads(
    *fields: Field, method: bytes = b"GET", reply: tuple[Field, ...] | None = (), at: int | None = 0
) -> Heads:
    named = (*fields, (b"Host", b"localhost:8080"))
    head = RequestHead(method, Target(b"/"), 1, named, index_fields(named))
    route = None if at is None else TABLE.routes[at]
    policy = TABLE.default if route is None else route.policy
    verdict = policy.judge(classify(method, head.named)) if policy else POLICY.judge(None)
    passage = Passage(verdict, policy, Client("127.0.0.1", loopback=True), b"localhost:8080", route)
    return Heads(head, passage, None if reply is None else ResponseHead(200, b"OK", reply))


def asks(method: bytes, *headers: bytes, more: tuple[Field, ...] = ()) -> Heads:
    fields = [ORIGIN, (b"Access-Control-Request-Method", method)]
    fields += [(b"Access-Control-Request-Headers", line) for line in headers]
    return heads(*fields, *more, method=b"OPTIONS", reply=None)


def learns(**what: object) -> Lesson:
    return Lesson(**{"place": "routes[3]", "origin": APP, "exposed": ("x-set", "x-added"), **what})  # type: ignore[arg-type]


SET_COOKIE = (b"Set-Cookie", b"a=b")
HANDSHAKE = ((b"Upgrade", b"WebSocket"), (b"Connection", b"Upgrade"))
SENT = (
    (b"X-Total-Count", b"7"), (b"ETag", b"1"), (b"X-Gone", b"1"), (b"x-set", b"0"), SET_COOKIE,
    (b"Content-Type", b"text/plain"), (b"Connection", b"X-Hop"), (b"X-Hop", b"1"),
    (b"Access-Control-Allow-Origin", b"*"), (b"Transfer-Encoding", b"chunked"), (b"A B", b"1"),
)  # fmt: skip
TAUGHT = {
    "a GET": (heads(ORIGIN), learns()),
    "a GET that Fetch Metadata calls cors": (
        heads(ORIGIN, (b"Sec-Fetch-Mode", b"cors"), (b"Sec-Fetch-Site", b"same-site")), learns()
    ),
    "no answer of an upstream": (heads(ORIGIN, reply=None), learns(exposed=())),
    "what is safelisted is not asked for": (heads(ORIGIN, method=b"POST"), learns()),
    "a method": (heads(ORIGIN, method=b"PUT"), learns(methods=("PUT",))),
    "a cookie sent": (heads(ORIGIN, (b"Cookie", b"a=b")), learns(cookies=True)),
    "a cookie set": (heads(ORIGIN, reply=(SET_COOKIE,)), learns(cookies_set=True)),
    "Authorization": (heads(ORIGIN, (b"Authorization", b"B x")), learns(authorized=True)),
    "what a page may read of an answer": (
        heads(ORIGIN, reply=SENT),
        learns(exposed=("x-total-count", "etag", "x-set", "x-added"), cookies_set=True),
    ),
    "a preflight": (
        asks(b"PATCH", b"X-Own,content-type", b"x-own, authorization"),
        learns(methods=("PATCH",), headers=("x-own", "content-type", "authorization"), exposed=()),
    ),
    "a preflight for what is safelisted": (
        asks(b"GET", more=((b"Sec-Fetch-Mode", b"cors"),)), learns(exposed=())
    ),
    "a preflight of no browser": (
        asks(b"GET", b"cookie, sec-x, access-control-x"), learns(exposed=())
    ),
    "a WebSocket": (
        heads(ORIGIN, (b"Cookie", b"a=b"), (b"Sec-Fetch-Mode", b"websocket"), *HANDSHAKE),
        learns(exposed=()),
    ),
    "the opaque origin": (heads((b"Origin", b"null")), learns(origin="null")),
    "what matches no route": (heads(ORIGIN, at=None, reply=None), learns(place=TOP, exposed=())),
}  # fmt: skip


@pytest.mark.parametrize(("seen", "lesson"), TAUGHT.values(), ids=TAUGHT)
def test_what_is_learnt_of(seen: Heads, lesson: Lesson):
    assert lesson_of(seen) == lesson


METADATA = (b"Sec-Fetch-Mode", b"Sec-Fetch-Site")
NOTHING = {
    "a request without Origin": heads(),
    "a page of the proxy's own origin": heads((b"Origin", b"http://localhost:8080"), method=b"PUT"),
    "what the browser calls same-origin": heads(ORIGIN, (METADATA[1], b"same-origin")),
    "a form that navigates": heads(ORIGIN, (METADATA[0], b"navigate"), method=b"POST"),
    "a form of a browser without Fetch Metadata": heads(
        ORIGIN, (b"Upgrade-Insecure-Requests", b"1"), method=b"POST"
    ),
    "a beacon": heads(ORIGIN, (METADATA[0], b"no-cors"), method=b"POST"),
    "an origin that is none": heads((b"Origin", b"http://localhost:3001/")),
    "two origins": heads(ORIGIN, ORIGIN),
    "a forbidden method": asks(b"TRACE"),
    "a method that is none": asks(b"A B"),
    "a method that the parser refuses": asks(b"patch"),
    "a header that is none": asks(b"PUT", b"a b"),
    "a route that leaves CORS to its upstream": heads(ORIGIN, at=1),
}


@pytest.mark.parametrize("seen", NOTHING.values(), ids=NOTHING)
def test_nothing_is_learnt_of(seen: Heads):
    assert lesson_of(seen) is None


def test_a_page_may_do_anything_while_it_is_learnt_from():
    (route, off), default = TABLE.routes, TABLE.default
    assert (off, default) == (OFF, route.policy)
    assert route.policy == CorsPolicy(
        origins=OriginSet(any_origin=True, null=True),
        methods=("*",),
        headers=("*", "Authorization"),
        expose=("*",),
        credentials=True,
        timing_origins=compile_origins(["*"]),
    )


ONE = learns(methods=("PUT",), headers=("x-own",), exposed=("etag",), cookies=True)


def test_what_is_known_adds_up():
    other = learns(origin="null", methods=("DELETE", "PUT"), exposed=("x-b", "etag"),
                   cookies_set=True, authorized=True)  # fmt: skip
    assert Usage().learn(ONE).learn(other) == Usage(
        origins=(APP, "null"),
        methods=("PUT", "DELETE"),
        headers=("x-own",),
        exposed=("etag", "x-b"),
        cookies=frozenset({APP}),
        cookies_set=frozenset({"null"}),
        authorized=frozenset({"null"}),
    )


def test_what_is_known_already_changes_nothing():
    learnt = Learnt().learn(ONE)
    assert learnt.learn(ONE) is learnt
    assert learnt.learn(replace(ONE, cookies=False)) is learnt


def test_each_route_has_its_own():
    learnt = Learnt().learn(ONE).learn(replace(ONE, place=TOP, origin="null", methods=("PATCH",)))
    assert {place: usage.origins for place, usage in learnt.usages.items()} == {
        "routes[3]": (APP,),
        TOP: ("null",),
    }
    top = learnt.top
    assert (top.origins, top.methods) == ((APP, "null"), ("PATCH",))


MANY = {
    "origins": (
        [learns(origin=f"http://h{i}", methods=(f"M{i}",)) for i in range(MAX_ORIGINS + 9)],
        "origins", MAX_ORIGINS, {"origins", "methods"},
    ),
    "methods": ([learns(methods=tuple(f"M{i}" for i in range(99)))], "methods", MAX_METHODS,
                {"methods"}),
    "headers": ([learns(headers=tuple(f"x-{i}" for i in range(999)))], "headers", MAX_HEADERS,
                {"headers"}),
    "headers of responses": ([learns(exposed=tuple(f"x-{i}" for i in range(999)))], "exposed",
                             MAX_HEADERS, {"exposed"}),
    "what would be a wildcard": ([learns(methods=("*",), headers=("*", "x"))], "headers", 1,
                                 {"methods", "headers"}),
    "long names": ([learns(headers=("x" * LONGEST_NAME, "y" * (LONGEST_NAME + 1)))], "headers", 1,
                   {"headers"}),
}  # fmt: skip


@pytest.mark.parametrize(("lessons", "kind", "kept", "left_out"), MANY.values(), ids=MANY)
def test_no_more_is_kept_than_is_needed_of(
    lessons: list[Lesson], kind: str, kept: int, left_out: set[str]
):
    usage = Usage()
    for lesson in lessons:
        usage = usage.learn(lesson)
    assert (len(getattr(usage, kind)), usage.left_out) == (kept, left_out)
    assert usage.learn(lessons[-1]) == usage
    assert Learnt({"routes[0]": usage}).top.left_out == left_out & {"origins"}


CREDENTIALS = {
    "none": (Usage(origins=(APP,)), set()),
    "cookies": (Usage().learn(ONE), {APP}),
    "what the browser itself logs in with": (Usage().learn(learns(authorized=True)), {APP}),
    "not a token that the page asked to send": (
        Usage().learn(learns(authorized=True)).learn(learns(headers=("authorization",))), set()
    ),
}  # fmt: skip


@pytest.mark.parametrize(("usage", "origins"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_which_pages_need_credentials(usage: Usage, origins: set[str]):
    assert usage.credentialed == origins
    assert usage.policy.credentials == bool(origins)


def test_the_policy_names_what_was_used_and_nothing_else():
    usage = Usage().learn(ONE).learn(learns(origin="http://[::1]:81", methods=("A-B",)))
    policy = usage.learn(learns(origin="null")).policy
    assert policy == CorsPolicy(
        origins=compile_origins(["http://[::1]:81", APP, "null"]),
        methods=("A-B", "PUT"),
        headers=("x-own",),
        expose=("etag", "x-added", "x-set"),
        credentials=True,
    )
    assert not any(re.search(r"\*", name) for name in (*policy.methods, *policy.headers))
