"""What becomes of an upstream's own CORS answers (validation 62), and what to write."""

from dataclasses import replace
from typing import Any

import pytest

from corsproxy.core.cors import CorsPolicy
from corsproxy.core.messages import Client
from corsproxy.core.origins import compile_origins
from corsproxy.core.probed import judge
from corsproxy.core.probing import Answer, Answers, Found, Probe
from corsproxy.core.routes import Route
from corsproxy.core.upstreams import Address, Upstream, UpstreamTls

Told = Any

PAGE = "http://localhost:3001"
POLICY = CorsPolicy(
    origins=compile_origins([PAGE]), methods=("PUT", "DELETE"), headers=("Content-Type",)
)
LEGACY = Upstream(Address("legacy", 8000), b"/v1")
OK = Answer(200)


def answer(status: int = 200, **fields: str) -> Answer:
    """Make an answer; `allow_origin` stands for Access-Control-Allow-Origin, and so on."""
    named = {f"Access-Control-{name.replace('_', '-')}": value for name, value in fields.items()}
    return Answer(status, tuple((n.encode(), v.encode()) for n, v in named.items()))


GOOD = answer(allow_origin=PAGE)
ALLOWED = answer(204, allow_origin=PAGE, allow_methods="PUT, DELETE", allow_headers="content-type")
REPLACED = "its own Access-Control-* fields are replaced by the policy's"
ALONE = "its own complete answer is left alone (upstream_cors: fill)"
FILLED = "its own answer is not complete, and replaced by the policy's"
ALL = f"it lets {PAGE} do by itself all that the policy allows"
NOT_NEEDED = "corsproxy is not needed for that"
OFF = "a policy in the place of `cors: off`"
FILL = replace(POLICY, fill=True)
MISSING = "the answer has no Access-Control-Allow-Origin"


def judged(
    policy: CorsPolicy | None,
    answers: Answers,
    upstream: Upstream = LEGACY,
    default: CorsPolicy | None = None,
) -> tuple[Found, ...]:
    route = Route(name="a", upstream=upstream, path=b"/api", policy=policy)
    probe = Probe.of(route, default, Client("127.0.0.1"))
    return judge(probe, route, answers)


PUBLIC = CorsPolicy(origins=compile_origins(["*"]), methods=("*",), headers=("*",), expose=("*",))
LETTING = answer(allow_origin="*", expose_headers="*")
SUFFICES = {
    "echoing the origin": (POLICY, GOOD, ALLOWED, REPLACED),
    "echoing, filled in": (FILL, GOOD, ALLOWED, ALONE),
    "any origin": (
        POLICY,
        answer(allow_origin="*"),
        answer(200, allow_origin="*", allow_methods="*", allow_headers="*"),
        REPLACED,
    ),
    "with credentials": (
        replace(POLICY, credentials=True),
        answer(allow_origin=PAGE, allow_credentials="true"),
        Answer(204, (*ALLOWED.fields, (b"Access-Control-Allow-Credentials", b"true"))),
        REPLACED,
    ),
    "nothing that needs a preflight": (
        replace(POLICY, methods=("GET",), headers=()),
        GOOD,
        None,
        REPLACED,
    ),
    "headers shown": (
        replace(POLICY, expose=("X-Total",)),
        answer(allow_origin=PAGE, expose_headers="x-total"),
        ALLOWED,
        REPLACED,
    ),
}


@pytest.mark.parametrize(("policy", "foreign", "preflight", "becomes"), SUFFICES.values(),
                         ids=SUFFICES)  # fmt: skip
def test_an_answer_that_does_all_the_policy_would(
    policy: CorsPolicy, foreign: Answer, preflight: Answer | None, becomes: str
):
    expected = Found("info", ALL, f"{NOT_NEEDED}; {becomes}")
    assert judged(policy, Answers(OK, foreign, preflight)) == (expected,)


def test_an_answer_that_lets_everybody_do_everything():
    expected = Found(
        "info",
        "it lets https://app.example.com do by itself all that the policy allows",
        f"{NOT_NEEDED}; {REPLACED}",
    )
    allowed = answer(204, allow_origin="*", allow_methods="*", allow_headers="*")
    assert judged(PUBLIC, Answers(OK, LETTING, allowed)) == (expected,)


LACKING = {
    "the page": (
        POLICY,
        answer(allow_origin="https://other.example"),
        ALLOWED,
        f"Access-Control-Allow-Origin is 'https://other.example', not the page's {PAGE}",
    ),
    "one origin, and not two": (
        POLICY,
        Answer(200, GOOD.fields * 2),
        ALLOWED,
        (
            f"Access-Control-Allow-Origin is '{PAGE}, {PAGE}', not the page's {PAGE} alone: "
            "it is one origin, once"
        ),
    ),
    "credentials": (
        replace(POLICY, credentials=True),
        GOOD,
        ALLOWED,
        "the page sends credentials, and Access-Control-Allow-Credentials is missing",
    ),
    "preflights": (POLICY, GOOD, answer(405), MISSING),
    "answers to preflights": (POLICY, GOOD, None, "it doesn't answer preflights"),
    "a method": (
        POLICY,
        GOOD,
        answer(204, allow_origin=PAGE, allow_methods="PUT", allow_headers="content-type"),
        "Access-Control-Allow-Methods does not name DELETE",
    ),
    "a header": (
        replace(POLICY, methods=()),
        GOOD,
        answer(204, allow_origin=PAGE),
        "Access-Control-Allow-Headers does not name content-type",
    ),
    "a header to be read": (
        replace(POLICY, expose=("X-Total",)),
        GOOD,
        ALLOWED,
        "Access-Control-Expose-Headers does not name x-total",
    ),
    "all headers to be read": (
        replace(POLICY, expose=("*",)),
        GOOD,
        ALLOWED,
        "Access-Control-Expose-Headers does not name all headers",
    ),
}


@pytest.mark.parametrize(("policy", "foreign", "preflight", "lacks"), LACKING.values(),
                         ids=LACKING)  # fmt: skip
def test_an_answer_that_is_replaced_lacks(
    policy: CorsPolicy, foreign: Answer, preflight: Answer | None, lacks: str
):
    expected = Found(
        "info", f"it answers CORS itself: {REPLACED}", f"its own would not do: {lacks}"
    )
    assert judged(policy, Answers(OK, foreign, preflight)) == (expected,)


FILLING = {
    "an answer for another page": (
        answer(allow_origin="https://other.example"),
        ALLOWED,
        Found(
            "warning",
            f"{ALONE}, and keeps {PAGE} out",
            f"Access-Control-Allow-Origin is 'https://other.example', not the page's {PAGE}",
            "upstream_cors: replace",
        ),
    ),
    "an answer whose preflights are the policy's": (
        GOOD,
        answer(405),
        Found("info", f"it answers CORS itself: {ALONE}", "preflights are the policy's"),
    ),
    "an answer that is doubled": (
        Answer(200, GOOD.fields * 2),
        ALLOWED,
        Found(
            "info",
            f"it answers CORS itself: {FILLED}",
            f"its own would not do: Access-Control-Allow-Origin is '{PAGE}, {PAGE}', not the "
            f"page's {PAGE} alone: it is one origin, once",
        ),
    ),
}


@pytest.mark.parametrize(("foreign", "preflight", "expected"), FILLING.values(), ids=FILLING)
def test_where_answers_are_filled_in(foreign: Answer, preflight: Answer | None, expected: Found):
    assert judged(FILL, Answers(OK, foreign, preflight)) == (expected,)


THROUGH = "cors is off: preflights go through to it, and it does not allow PUT from " + PAGE
KEEPS_OUT = f"cors is off, and its own answer keeps {PAGE} out"
LEFT = {
    "an answer that lets the page in": (
        GOOD,
        ALLOWED,
        Found("info", f"cors is off, and it lets {PAGE} in by itself, with PUT, too", NOT_NEEDED),
    ),
    "no answer to preflights": (
        GOOD,
        None,
        Found("warning", THROUGH, "it doesn't answer preflights", OFF),
    ),
    "preflights that need a login": (
        GOOD,
        Answer(401, GOOD.fields),
        Found(
            "warning",
            THROUGH,
            "the status 401 is none of 200 to 299; browsers send preflights without credentials",
            OFF,
        ),
    ),
    "a method that isn't allowed": (
        GOOD,
        answer(204, allow_origin=PAGE),
        Found("warning", THROUGH, "Access-Control-Allow-Methods does not name PUT", OFF),
    ),
    "no CORS": (
        OK,
        OK,
        Found("warning", KEEPS_OUT, MISSING, OFF),
    ),
    "no CORS where nothing is": (
        answer(404),
        OK,
        Found("info", KEEPS_OUT, f"{MISSING}, on a 404", OFF),
    ),
    "CORS for others where nothing is": (
        answer(404, allow_credentials="true"),
        OK,
        Found("warning", KEEPS_OUT, f"{MISSING}, on a 404", OFF),
    ),
}


@pytest.mark.parametrize(("foreign", "preflight", "expected"), LEFT.values(), ids=LEFT)
def test_where_cors_is_off(foreign: Answer, preflight: Answer | None, expected: Found):
    assert judged(None, Answers(OK, foreign, preflight), default=POLICY) == (expected,)


def test_where_cors_is_off_and_no_page_is_known():
    what = "cors is off, and its own answer keeps https://app.example.com out"
    assert judged(None, Answers(OK, OK, OK)) == (Found("info", what, MISSING, OFF),)


def test_a_page_is_judged_at_the_upstream_itself():
    upstream = Upstream(Address("legacy", 443, UpstreamTls()))
    assert judged(POLICY, Answers(OK, GOOD, ALLOWED), upstream)[0].what == ALL
