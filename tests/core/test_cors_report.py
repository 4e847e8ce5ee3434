"""`mode: report`: all that is well-formed passes, and what would have been refused is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.cors import (
    VARY_ORIGIN,
    VARY_PREFLIGHT,
    CorsPolicy,
    CorsRequest,
    PreflightRequest,
)
from corsproxy.core.methods import CARRIED_METHODS, FORBIDDEN_METHODS
from corsproxy.core.origins import compile_origins, parse_octets
from corsproxy.core.verdicts import Reason, Refusal, Verdict

APP, EVIL = b"https://app.example", b"https://evil.example"
POLICY = CorsPolicy(
    origins=compile_origins(["https://app.example"]),
    methods=("PUT",),
    headers=("X-Own",),
    expose=("X-Total",),
    credentials=True,
    max_age=60,
    block=True,
    report=True,
)
ORIGIN = Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://evil.example")
GRANTED = (b"Access-Control-Allow-Credentials", b"true")


def asks(
    *names: bytes, origin: bytes = APP, method: bytes = b"PUT", lines: int = 1
) -> PreflightRequest:
    return PreflightRequest((origin,), (method,) * lines, names)


def passes(request: PreflightRequest, methods: bytes, headers: bytes, told: Refusal) -> Verdict:
    fields = (
        (b"Access-Control-Allow-Origin", request.origins[0]),
        GRANTED,
        (b"Access-Control-Allow-Methods", methods),
        (b"Access-Control-Allow-Headers", headers),
        (b"Access-Control-Max-Age", b"60"),
    )
    return Verdict(fields, VARY_PREFLIGHT, reported=told)


@pytest.mark.parametrize(
    ("request_", "methods", "headers", "told"),
    [
        pytest.param(asks(origin=EVIL), b"PUT", b"X-Own", ORIGIN, id="an origin"),
        pytest.param(
            asks(origin=b"null"),
            b"PUT",
            b"X-Own",
            Refusal(Reason.ORIGIN_NULL, "null"),
            id="the opaque origin",
        ),
        pytest.param(
            asks(origin=b"http://app.example"),
            b"PUT",
            b"X-Own",
            Refusal(
                Reason.ORIGIN_NOT_ALLOWED,
                "http://app.example",
                "http, not https: 'https://app.example' is allowed",
            ),
            id="with its near miss",
        ),
        pytest.param(
            asks(method=b"PATCH"),
            b"PUT, PATCH",
            b"X-Own",
            Refusal(Reason.METHOD_NOT_ALLOWED, "PATCH"),
            id="a method",
        ),
        pytest.param(
            asks(b"authorization, x-own", b"x-b,,x-b"),
            b"PUT",
            b"X-Own, authorization, x-b",
            Refusal(Reason.HEADER_NOT_ALLOWED, "authorization"),
            id="headers, each once",
        ),
        pytest.param(
            asks(b"x-b", origin=EVIL, method=b"PATCH"),
            b"PUT, PATCH",
            b"X-Own, x-b",
            ORIGIN,
            id="all of it: the first is told",
        ),
    ],
)
def test_a_preflight_passes_with_just_what_it_asks(
    request_: PreflightRequest, methods: bytes, headers: bytes, told: Refusal
):
    assert POLICY.judge(request_) == passes(request_, methods, headers, told)


@pytest.mark.parametrize("origin", [EVIL, b"null"])
def test_a_request_passes_and_the_page_reads_what_the_policy_exposes(origin: bytes):
    granted = ((b"Access-Control-Allow-Origin", origin), GRANTED)
    exposed = (b"Access-Control-Expose-Headers", b"X-Total")
    reason = Reason.ORIGIN_NULL if origin == b"null" else Reason.ORIGIN_NOT_ALLOWED

    assert POLICY.judge(CorsRequest((origin,))) == Verdict(
        (*granted, exposed), VARY_ORIGIN, reported=Refusal(reason, origin.decode())
    )


NAMES = b",".join(b"x-%d" % i for i in range(129))
REFUSED = {
    "an origin that is none": (CorsRequest((b"https://evil.example/",)), Reason.ORIGIN_MALFORMED),
    "two origins": (CorsRequest((EVIL, EVIL)), Reason.ORIGIN_MALFORMED),
    "two that are null": (CorsRequest((b"null", b"null")), Reason.ORIGIN_MALFORMED),
    "no method": (asks(method=b""), Reason.METHOD_MALFORMED),
    "a method that is none": (asks(origin=EVIL, method=b"A B"), Reason.METHOD_MALFORMED),
    "two methods": (asks(method=b"PATCH", lines=2), Reason.METHOD_MALFORMED),
    "a forbidden method": (asks(origin=EVIL, method=b"trace"), Reason.METHOD_NOT_ALLOWED),
    "a method that no parser takes": (asks(method=b"FOO"), Reason.METHOD_NOT_ALLOWED),
    "a name that is none": (asks(b"x-b, a b"), Reason.HEADER_NOT_ALLOWED),
    "too many names": (asks(NAMES), Reason.TOO_MANY_HEADERS),
    "too long a list": (asks(b"x" * 8193), Reason.TOO_MANY_HEADERS),
}


@pytest.mark.parametrize(("request_", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_no_browser_sends_stays_refused(
    request_: CorsRequest | PreflightRequest, reason: Reason
):
    verdict = POLICY.judge(request_)

    assert verdict.refusal is not None
    assert (verdict.refusal.reason, verdict.reported, verdict.fields) == (reason, None, ())


def test_what_is_allowed_is_answered_as_ever():
    enforced = replace(POLICY, report=False)
    for request in (None, CorsRequest((APP,)), asks(b"x-own")):
        assert POLICY.judge(request) == enforced.judge(request)


def test_anyone_without_credentials_stays_anyone():
    public = CorsPolicy(origins=compile_origins(["*"]), report=True)
    told = Refusal(Reason.METHOD_NOT_ALLOWED, "PUT")
    fields = (
        (b"Access-Control-Allow-Origin", b"*"),
        (b"Access-Control-Allow-Methods", b"PUT"),
    )

    assert public.judge(asks(origin=EVIL)) == Verdict(fields, VARY_PREFLIGHT, reported=told)


def test_a_wildcard_gets_its_authorization():
    wide = CorsPolicy(origins=compile_origins(["*"]), headers=("*",), report=True)
    verdict = wide.judge(asks(b"authorization,x-b", method=b"GET"))

    assert dict(verdict.fields)[b"Access-Control-Allow-Headers"] == b"*, authorization"
    assert verdict.reported is not None


TOKENS = st.text("abcXYZ-*'!", min_size=1, max_size=9).map(str.encode)
METHODS = st.sampled_from(sorted(CARRIED_METHODS - FORBIDDEN_METHODS))
ORIGINS = st.sampled_from([APP, EVIL, b"null", b"http://[::1]:81"]) | st.binary()


@given(st.booleans(), ORIGINS, METHODS, st.lists(TOKENS, max_size=4))
def test_whatever_is_well_formed_passes_and_is_reported_just_if_it_would_be_refused(
    credentials: bool,
    origin: bytes,
    method: bytes,
    names: list[bytes],
):
    policy = replace(POLICY, credentials=credentials)
    enforced = replace(policy, report=False)
    for request in (
        CorsRequest((origin,)),
        PreflightRequest((origin,), (method,), (b",".join(names),)),
    ):
        verdict, strict = policy.judge(request), enforced.judge(request)
        well_formed = origin == b"null" or parse_octets(origin) is not None

        assert (verdict.refusal is None) == well_formed
        assert verdict.reported == (strict.refusal if well_formed else None)
        if well_formed:
            assert dict(verdict.fields)[b"Access-Control-Allow-Origin"] == origin
