from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.cors import CorsPolicy, CorsRequest, PreflightRequest, Verdict, classify
from corsproxy.core.fields import is_token
from corsproxy.core.methods import FORBIDDEN_METHODS
from corsproxy.core.origins import compile_origins

ENTRIES = ["https://app.example", "https://*.example.com", "http://localhost:*", "null", "*"]
METHODS = ["PUT", "DELETE", "patch", "TRACE", "*"]
HEADERS = ["X-Foo", "content-type", "Authorization", "*"]
EXPOSED = ["X-Total", "*"]


def some(of: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(of), unique=True).map(tuple)


ORIGIN_SETS = some(ENTRIES).map(compile_origins)
POLICIES = st.builds(
    CorsPolicy,
    origins=ORIGIN_SETS,
    methods=some(METHODS),
    headers=some(HEADERS),
    expose=some(EXPOSED),
    credentials=st.booleans(),
    max_age=st.none() | st.integers(0, 2000),
    private_network=st.booleans(),
    timing_origins=st.none() | ORIGIN_SETS,
    resource_policy=st.none() | st.just("cross-origin"),
)
SENT_ORIGINS = (
    st.sampled_from(
        [b"https://app.example", b"https://a.example.com", b"http://localhost:1", b"null", b"x://y"]
    )
    | st.binary()
)
SENT_METHODS = st.sampled_from([b"GET", b"PUT", b"PATCH", b"TRACE", b"trace", b"*"]) | st.binary()
SENT_HEADERS = (
    st.lists(st.sampled_from([b"x-foo", b"X-Bar", b"authorization", b"*", b""])).map(b" ,".join)
    | st.binary()
)


def lines(of: st.SearchStrategy[bytes], least: int = 1) -> st.SearchStrategy[tuple[bytes, ...]]:
    return st.lists(of, min_size=least, max_size=2).map(tuple)


ACTUAL = st.builds(CorsRequest, lines(SENT_ORIGINS))
PREFLIGHTS = st.builds(
    PreflightRequest,
    lines(SENT_ORIGINS),
    lines(SENT_METHODS),
    lines(SENT_HEADERS, 0),
    st.booleans(),
)
REQUESTS = st.none() | ACTUAL | PREFLIGHTS


def values(verdict: Verdict) -> dict[bytes, bytes]:
    found = dict(verdict.fields)
    assert len(found) == len(verdict.fields), "a field is there twice"
    return found


@given(st.binary(), st.dictionaries(st.binary(), st.lists(st.binary(), min_size=1)))
def test_classifying_any_octets_never_fails(method: bytes, index: dict[bytes, list[bytes]]):
    assert (classify(method, index) is None) == (b"origin" not in index)


@given(POLICIES, REQUESTS)
def test_judging_any_octets_gives_fields_that_can_be_sent(
    policy: CorsPolicy, request: CorsRequest | PreflightRequest | None
):
    for name, value in values(policy.judge(request)).items():
        assert is_token(name)
        assert value
        assert value.isascii()
        assert value.decode("ascii").isprintable()


@given(POLICIES, REQUESTS)
def test_a_refused_request_is_allowed_nothing(
    policy: CorsPolicy, request: CorsRequest | PreflightRequest | None
):
    """Rules 25 and 46."""
    verdict = policy.judge(request)

    if verdict.refusal:
        assert not verdict.expose_all
        assert not [n for n in values(verdict) if n.startswith(b"Access-Control-")]


@given(POLICIES, REQUESTS)
def test_what_is_granted_is_the_origin_that_asked_or_a_star_without_credentials(
    policy: CorsPolicy, request: CorsRequest | PreflightRequest | None
):
    """Rules 26 to 28, 31 and 51."""
    found = values(policy.judge(request))
    origin = found.get(b"Access-Control-Allow-Origin")

    if origin == b"*":
        assert not policy.credentials
    elif origin is not None:
        assert request is not None
        assert request.origins == (origin,)
    assert (found.get(b"Access-Control-Allow-Credentials") == b"true") == (
        policy.credentials and origin is not None
    )
    if policy.credentials:
        literal = isinstance(request, PreflightRequest) and (
            b"*" in request.methods or b"*" in b",".join(request.headers)
        )
        stars = [name for name, value in found.items() if name.startswith(b"Access-") and
                 b"*" in value.split(b", ")]  # fmt: skip
        assert literal or not stars


@given(POLICIES, REQUESTS)
def test_vary_names_origin_wherever_the_answer_may_depend_on_it(
    policy: CorsPolicy, request: CorsRequest | PreflightRequest | None
):
    """Rules 44, 57 and 58."""
    verdict = policy.judge(request)

    assert (b"Origin" in verdict.vary) == (policy.varies or isinstance(request, PreflightRequest))
    if not policy.varies:
        for other in (None, CorsRequest((b"https://other.example",)), CorsRequest((b"",))):
            actual = None if isinstance(request, PreflightRequest) else request
            assert policy.judge(other) == policy.judge(actual)


@given(POLICIES, PREFLIGHTS)
def test_nothing_of_an_actual_answer_is_on_a_preflight(
    policy: CorsPolicy, request: PreflightRequest
):
    assert b"Access-Control-Expose-Headers" not in values(policy.judge(request))


@given(POLICIES, st.none() | ACTUAL)
def test_nothing_of_a_preflight_is_on_an_actual_answer(
    policy: CorsPolicy, request: CorsRequest | None
):
    """Rule 49."""
    for name in (b"Methods", b"Headers", b"Private-Network"):
        assert b"Access-Control-Allow-" + name not in values(policy.judge(request))
    assert b"Access-Control-Max-Age" not in values(policy.judge(request))


@given(POLICIES, PREFLIGHTS)
def test_a_forbidden_method_is_never_granted(policy: CorsPolicy, request: PreflightRequest):
    """Rule 34."""
    if any(method.upper() in FORBIDDEN_METHODS for method in request.methods):
        assert policy.judge(request).refusal


@given(POLICIES, PREFLIGHTS, st.sampled_from(ENTRIES))
def test_allowing_one_origin_more_refuses_nothing_more(
    policy: CorsPolicy, request: PreflightRequest, added: str
):
    entries = [*map(str, policy.origins.patterns), added]
    entries += ["*"] * policy.origins.any_origin + ["null"] * policy.origins.null
    wider = CorsPolicy(
        origins=compile_origins(entries),
        methods=policy.methods,
        headers=policy.headers,
        credentials=policy.credentials,
    )

    if policy.judge(request).refusal is None:
        assert wider.judge(request).refusal is None
    if policy.judge(CorsRequest(request.origins)).refusal is None:
        assert wider.judge(CorsRequest(request.origins)).refusal is None


@given(POLICIES, PREFLIGHTS)
def test_what_the_browser_checks_of_an_allowed_preflight_holds(
    policy: CorsPolicy, request: PreflightRequest
):
    """Fetch §4.8, steps 7.5 to 7.8, with the credentials mode the policy is made for."""
    verdict = policy.judge(request)
    if verdict.refusal:
        return
    found = values(verdict)
    star = not policy.credentials
    methods = found.get(b"Access-Control-Allow-Methods", b"").split(b", ")
    headers = found.get(b"Access-Control-Allow-Headers", b"").lower().split(b", ")
    asked = [name.strip(b" \t").lower() for line in request.headers for name in line.split(b",")]

    method = request.methods[0]
    assert method in (b"GET", b"HEAD", b"POST", *methods) or (star and b"*" in methods)
    for name in filter(None, asked):
        covered = star and b"*" in headers and name != b"authorization"
        assert name in headers or covered


@given(POLICIES, st.lists(REQUESTS, max_size=6))
def test_what_is_remembered_is_what_would_be_decided(
    policy: CorsPolicy, requests: list[CorsRequest | PreflightRequest | None]
):
    for request in [*requests, *requests]:
        assert policy.judge(request) == policy.decide(request)


def test_verdicts_are_remembered_boundedly():
    policy = CorsPolicy(origins=compile_origins(["https://app.example"]))
    for n in range(5000):
        request = CorsRequest((b"https://a%d.example" % n,))
        assert policy.judge(request) is policy.judge(request)
        assert len(policy._remembered) <= 1024
    long = CorsRequest((b"https://" + b"a" * 2000,))

    assert policy.judge(long).refusal

    assert long not in policy._remembered
