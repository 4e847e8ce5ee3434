import pytest

from corsproxy.core.cors import (
    VARY_PREFLIGHT,
    CorsPolicy,
    CorsRequest,
    PreflightRequest,
    Verdict,
    classify,
)
from corsproxy.core.origins import compile_origins

APP = b"https://app.example"


@pytest.mark.parametrize(
    ("method", "index", "kind"),
    [
        pytest.param(b"GET", {}, None, id="rule 1: without Origin it is no CORS request"),
        pytest.param(b"GET", {b"origin": [APP]}, CorsRequest((APP,)), id="rule 1: with Origin"),
        pytest.param(
            b"GET", {b"origin": [b""]}, CorsRequest((b"",)), id="rule 13: an empty Origin is one"
        ),
        pytest.param(
            b"GET",
            {b"origin": [APP, b"null"]},
            CorsRequest((APP, b"null")),
            id="rule 12: every Origin line is kept",
        ),
        pytest.param(
            b"OPTIONS",
            {b"origin": [APP], b"access-control-request-method": [b"PUT"]},
            PreflightRequest((APP,), (b"PUT",)),
            id="rule 2: OPTIONS, Origin and Access-Control-Request-Method",
        ),
        pytest.param(
            b"OPTIONS",
            {
                b"origin": [APP],
                b"access-control-request-method": [b"PUT", b"DELETE"],
                b"access-control-request-headers": [b"a", b"b"],
                b"access-control-request-private-network": [b"true"],
            },
            PreflightRequest((APP,), (b"PUT", b"DELETE"), (b"a", b"b"), private_network=True),
            id="rule 36: every line of every field is kept",
        ),
        pytest.param(
            b"OPTIONS",
            {
                b"origin": [APP],
                b"access-control-request-method": [b"PUT"],
                b"access-control-request-private-network": [b"TRUE"],
            },
            PreflightRequest((APP,), (b"PUT",)),
            id="rule 45: only the word true asks for the private network",
        ),
        pytest.param(
            b"OPTIONS",
            {b"origin": [APP], b"access-control-request-method": [b""]},
            PreflightRequest((APP,), (b"",)),
            id="rule 33: an empty method asked for is still a preflight",
        ),
        pytest.param(
            b"OPTIONS",
            {b"access-control-request-method": [b"PUT"]},
            None,
            id="rule 3: OPTIONS without Origin",
        ),
        pytest.param(
            b"OPTIONS",
            {b"origin": [APP], b"access-control-request-headers": [b"a"]},
            CorsRequest((APP,)),
            id="rule 3: OPTIONS without a method asked for",
        ),
        pytest.param(
            b"GET",
            {b"origin": [APP], b"access-control-request-method": [b"PUT"]},
            CorsRequest((APP,)),
            id="rule 4: GET with Access-Control-Request-Method",
        ),
        pytest.param(
            b"options",
            {b"origin": [APP], b"access-control-request-method": [b"PUT"]},
            CorsRequest((APP,)),
            id="rule 2: methods are compared by case",
        ),
    ],
)
def test_requests_are_classified(method: bytes, index: dict[bytes, list[bytes]], kind: object):
    assert classify(method, index) == kind


def policy(*origins: str, **keys: object) -> CorsPolicy:
    return CorsPolicy(
        origins=compile_origins(origins or [APP.decode()]),
        **keys,  # type: ignore[arg-type]
    )


def preflight(method: bytes, *headers: bytes, origin: bytes = APP) -> PreflightRequest:
    return PreflightRequest((origin,), (method,), headers)


PUBLIC = policy("*")
PUT = policy(methods=("PUT", "DELETE"), headers=("Content-Type", "X-Foo"))
RICH = policy(
    methods=("PUT",), headers=("X-Foo",), credentials=True, max_age=600, expose=("X-Total",)
)
STARS = policy("*", methods=("*",), headers=("*", "Authorization"))
BARE_STAR = policy("*", methods=("*",), headers=("*",))
STARS_WITH_CREDENTIALS = policy(methods=("*",), headers=("*", "Authorization"), credentials=True)

ORIGIN = (b"Access-Control-Allow-Origin", APP)
ANY = (b"Access-Control-Allow-Origin", b"*")
CREDENTIALS = (b"Access-Control-Allow-Credentials", b"true")
PRIVATE = (b"Access-Control-Allow-Private-Network", b"true")


def methods(value: bytes) -> tuple[bytes, bytes]:
    return (b"Access-Control-Allow-Methods", value)


def headers(value: bytes) -> tuple[bytes, bytes]:
    return (b"Access-Control-Allow-Headers", value)


def age(value: bytes) -> tuple[bytes, bytes]:
    return (b"Access-Control-Max-Age", value)


LISTED = (ORIGIN, methods(b"PUT, DELETE"), headers(b"Content-Type, X-Foo"))
NAMED = (ANY, methods(b"*"), headers(b"*, Authorization"))


@pytest.mark.parametrize(
    ("rules", "request_", "fields"),
    [
        pytest.param(policy(), preflight(b"GET"), (ORIGIN,), id="rule 27: the origin as it came"),
        pytest.param(
            PUBLIC, preflight(b"GET"), (ANY,), id="rule 27: * where any may, without more"
        ),
        pytest.param(
            policy("*", credentials=True),
            preflight(b"GET"),
            (ORIGIN, CREDENTIALS),
            id="rule 27: never * with credentials",
        ),
        pytest.param(
            PUBLIC, preflight(b"GET", origin=b"null"), (ANY,), id="rule 14: * serves null"
        ),
        pytest.param(
            policy("null"),
            preflight(b"GET", origin=b"null"),
            ((b"Access-Control-Allow-Origin", b"null"),),
            id="rule 14: null, opted in",
        ),
        pytest.param(policy(), preflight(b"HEAD"), (ORIGIN,), id="rule 29: HEAD needs no leave"),
        pytest.param(policy(), preflight(b"POST"), (ORIGIN,), id="rule 29: POST neither"),
        pytest.param(PUT, preflight(b"PUT"), LISTED, id="rule 41: the whole list of methods"),
        pytest.param(PUT, preflight(b"GET"), LISTED, id="rule 41: for a safelisted one too"),
        pytest.param(
            policy(methods=("OPTIONS",)),
            preflight(b"OPTIONS"),
            (ORIGIN, methods(b"OPTIONS")),
            id="rule 35: OPTIONS where it is listed",
        ),
        pytest.param(
            policy(methods=("patch", "M-SEARCH")),
            preflight(b"M-SEARCH"),
            (ORIGIN, methods(b"patch, M-SEARCH")),
            id="rule 30: no method is normalised",
        ),
        pytest.param(STARS, preflight(b"LINK"), NAMED, id="rule 29: * covers every method"),
        pytest.param(
            PUT, preflight(b"PUT", b"x-foo"), LISTED, id="rule 40: the whole list of headers"
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", b"X-FOO , content-type\t"),
            LISTED,
            id="rule 36: any case, blanks around",
        ),
        pytest.param(
            PUT, preflight(b"PUT", b"x-foo", b"content-type"), LISTED, id="rule 36: several lines"
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", b",,, x-foo" + b"," * 16, b""),
            LISTED,
            id="rule 37: sixteen empty elements and more",
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", b"x-foo, content-type, x-foo"),
            LISTED,
            id="rule 38: neither sorted nor unique",
        ),
        pytest.param(PUT, preflight(b"PUT", b""), LISTED, id="rule 36: an empty line asks nothing"),
        pytest.param(STARS, preflight(b"GET", b"x-any"), NAMED, id="rule 32: * and Authorization"),
        pytest.param(
            STARS, preflight(b"GET", b"authorization,x-any"), NAMED, id="rule 32: Authorization"
        ),
        pytest.param(
            BARE_STAR,
            preflight(b"GET", b"x-any"),
            (ANY, methods(b"*"), headers(b"*")),
            id="rule 32: a bare *",
        ),
        pytest.param(
            STARS_WITH_CREDENTIALS,
            preflight(b"LINK", b"Authorization ,, x-any", b"X-More"),
            (ORIGIN, CREDENTIALS, methods(b"LINK"), headers(b"Authorization, x-any, X-More")),
            id="rule 31 and 40: with credentials the parsed names instead of *",
        ),
        pytest.param(
            STARS_WITH_CREDENTIALS,
            preflight(b"GET"),
            (ORIGIN, CREDENTIALS, methods(b"GET")),
            id="rule 31: no header asked for, none named",
        ),
        pytest.param(
            STARS_WITH_CREDENTIALS,
            preflight(b"PUT", b"*"),
            (ORIGIN, CREDENTIALS, methods(b"PUT"), headers(b"*")),
            id="rule 31: a header of the name *",
        ),
        pytest.param(
            RICH,
            preflight(b"PUT", b"x-foo"),
            (ORIGIN, CREDENTIALS, methods(b"PUT"), headers(b"X-Foo"), age(b"600")),
            id="rule 28 and 42: credentials and age; nothing exposed on a preflight",
        ),
        pytest.param(
            policy(max_age=0), preflight(b"GET"), (ORIGIN, age(b"0")), id="rule 42: 0 is sent"
        ),
        pytest.param(
            policy(private_network=True),
            PreflightRequest((APP,), (b"GET",), private_network=True),
            (ORIGIN, PRIVATE),
            id="rule 45: the private network, asked for and allowed",
        ),
        pytest.param(
            policy(private_network=True),
            preflight(b"GET"),
            (ORIGIN,),
            id="rule 45: allowed, not asked for",
        ),
        pytest.param(
            policy(),
            PreflightRequest((APP,), (b"GET",), private_network=True),
            (ORIGIN,),
            id="rule 45: asked for, not allowed: no reason to refuse (CVE-2024-6221)",
        ),
        pytest.param(
            policy(timing_origins=compile_origins(["*"]), resource_policy="cross-origin"),
            preflight(b"GET"),
            (ORIGIN,),
            id="rule 54: the neighbouring fields have no place here",
        ),
    ],
)
def test_a_preflight_is_allowed(
    rules: CorsPolicy, request_: PreflightRequest, fields: tuple[tuple[bytes, bytes], ...]
):
    assert rules.judge(request_) == Verdict(fields, VARY_PREFLIGHT)


def test_vary_of_a_preflight_names_what_its_answer_depends_on():
    """Rule 44."""
    assert VARY_PREFLIGHT == (
        b"Origin",
        b"Access-Control-Request-Method",
        b"Access-Control-Request-Headers",
    )
