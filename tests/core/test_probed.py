"""What an upstream's answers mean for a route, CORS apart: what to write."""

from dataclasses import replace
from typing import Any

import pytest

from corsproxy.core.cors import CorsPolicy
from corsproxy.core.messages import Client
from corsproxy.core.origins import compile_origins
from corsproxy.core.probed import judge
from corsproxy.core.probing import Answer, Answers, Found, Probe
from corsproxy.core.routes import Route
from corsproxy.core.upstreams import Address, ForwardProxy, Upstream

Told = Any

PAGE = "http://localhost:3001"
POLICY = CorsPolicy(
    origins=compile_origins([PAGE]), methods=("PUT", "DELETE"), headers=("Content-Type",)
)
LEGACY = Upstream(Address("legacy", 8000), b"/v1")
OK = Answer(200)


def answer(status: int = 200, **fields: str) -> Answer:
    """Make an answer; `allow_origin` stands for Access-Control-Allow-Origin, and so on."""
    named = {
        name if name == "location" else "Access-Control-" + name.replace("_", "-"): value
        for name, value in fields.items()
    }
    return Answer(status, tuple((n.encode(), v.encode()) for n, v in named.items()))


GOOD = answer(allow_origin=PAGE)
ALLOWED = answer(204, allow_origin=PAGE, allow_methods="PUT, DELETE", allow_headers="content-type")


def judged(
    policy: CorsPolicy | None,
    answers: Answers,
    upstream: Upstream = LEGACY,
    default: CorsPolicy | None = None,
) -> tuple[Found, ...]:
    route = Route(name="a", upstream=upstream, path=b"/api", policy=policy)
    probe = Probe.of(route, default, Client("127.0.0.1"))
    return judge(probe, route, answers)


NOTHING = {
    "an upstream without CORS": (OK, OK, answer(405)),
    "one that needs a login": (answer(401), answer(401), answer(401)),
    "one that has nothing there": (answer(404), answer(404), answer(404)),
    "one that fails anyway": (answer(500), answer(500), answer(500)),
    "one that is busy just then": (OK, answer(503), answer(503)),
    "one that lets CORS be seen in preflights only": (OK, OK, ALLOWED),
    "one that doesn't answer again": (OK, None, None),
    "a redirect within itself": (answer(302, location="/v1/api/"), OK, OK),
    "a redirect to itself in full": (answer(302, location="http://legacy:8000/v1/api/"), OK, OK),
    "a redirect to a login elsewhere": (answer(302, location="https://sso.corp/login"), OK, OK),
    "a redirect to where the page asked": (
        answer(301, location="https://localhost/v1/api"),
        OK,
        OK,
    ),
    "a redirect to nowhere": (answer(302), OK, OK),
    "a redirect that is no URL": (answer(302, location="http://["), OK, OK),
}


@pytest.mark.parametrize("answers", NOTHING.values(), ids=NOTHING)
def test_nothing_is_said_of(answers: Told):
    assert judged(POLICY, Answers(*answers)) == ()


REDIRECTS = {
    "https": ("https://legacy/v1/api", LEGACY, "https://legacy", "https://legacy/v1"),
    "another host": (
        "http://www.legacy:8000/v1/api/",
        LEGACY,
        "http://www.legacy:8000",
        "http://www.legacy:8000/v1",
    ),
    "where a query is put before": (
        "https://legacy/v1/api?k=1",
        replace(LEGACY, query=b"k=1"),
        "https://legacy",
        "https://legacy/v1?k=1",
    ),
}


@pytest.mark.parametrize(("location", "upstream", "to", "write"), REDIRECTS.values(), ids=REDIRECTS)
def test_it_redirects_to_itself_as(location: str, upstream: Upstream, to: str, write: str):
    answers = Answers(answer(308, location=location), GOOD, ALLOWED)
    what, why = f"it redirects to {to} (308)", "every request would have to follow"
    expected = Found("warning", what, why, f"upstream: {write}")
    assert judged(POLICY, answers, upstream) == (expected,)


@pytest.mark.parametrize("status", [400, 403, 500])
@pytest.mark.parametrize("before", [200, 302, 401, 404])
def test_it_refuses_foreign_origins(status: int, before: int):
    expected = Found(
        "warning",
        f"it answers {status} to a page of {PAGE}, and {before} without an Origin",
        "it refuses foreign origins",
        'request_headers: {set: {Origin: "http://legacy:8000"}} on the route',
    )
    assert judged(POLICY, Answers(answer(before), answer(status), OK)) == (expected,)


def test_it_refuses_foreign_origins_where_cors_is_its_own():
    expected = Found(
        "warning",
        f"it answers 403 to a page of {PAGE}, and 200 without an Origin",
        "it refuses foreign origins",
        "the origin into the upstream's own list, or leave `cors: off` out",
    )
    assert judged(None, Answers(OK, answer(403), OK), default=POLICY) == (expected,)


BEHIND = Upstream(Address("legacy", 8000, proxy=ForwardProxy("squid", 3128, tls=True)))
IN_BETWEEN = {
    407: Found(
        "error",
        "the forward proxy squid:3128 wants a login (407)",
        write="proxy: https://USER:PASSWORD@squid:3128",
    ),
    504: Found(
        "warning",
        "it is answered 504, perhaps by the forward proxy squid:3128",
        "is the upstream up, and known there?",
    ),
}


@pytest.mark.parametrize(("status", "expected"), IN_BETWEEN.items())
def test_a_forward_proxy_that_answers_itself(status: int, expected: Found):
    assert judged(POLICY, Answers(answer(status)), BEHIND) == (expected,)
    assert judged(POLICY, Answers(answer(status))) == ()
