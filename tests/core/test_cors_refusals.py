import pytest

from corsproxy.core.cors import (
    VARY_PREFLIGHT,
    CorsPolicy,
    PreflightRequest,
    Reason,
    Refusal,
    Verdict,
)
from corsproxy.core.origins import compile_origins

APP = b"https://app.example"


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

NAMED = (
    (b"Access-Control-Allow-Origin", b"*"),
    (b"Access-Control-Allow-Methods", b"*"),
    (b"Access-Control-Allow-Headers", b"*, Authorization"),
)
NOT = Reason.ORIGIN_NOT_ALLOWED
BAD = Reason.ORIGIN_MALFORMED
METHOD = Reason.METHOD_NOT_ALLOWED
UNKNOWN = "HTTP parsers don't know the method, and refuse it"
HEADER = Reason.HEADER_NOT_ALLOWED
SLASH = "an origin is scheme://host[:port], without '\\\\' and what follows"


@pytest.mark.parametrize(
    ("rules", "request_", "refusal"),
    [
        pytest.param(
            RICH,
            preflight(b"PUT", b"x-foo", origin=b"https://evil.example"),
            Refusal(NOT, "https://evil.example"),
            id="rules 25 and 26: no field at all, no other origin",
        ),
        pytest.param(
            PUT,
            preflight(b"LINK", b"x-bar", origin=b"http://app.example"),
            Refusal(
                NOT,
                "http://app.example",
                "http, not https: 'https://app.example' is allowed",
            ),
            id="the origin is judged first",
        ),
        pytest.param(
            PUT,
            preflight(b"LINK", b"x-bar"),
            Refusal(METHOD, "LINK"),
            id="then the method",
        ),
        pytest.param(PUT, preflight(b"PUT", b"x-bar"), Refusal(HEADER, "x-bar"), id="then headers"),
        pytest.param(
            PUT,
            preflight(b"GET", origin=b"null"),
            Refusal(Reason.ORIGIN_NULL, "null"),
            id="rule 14: null has a reason of its own",
        ),
        pytest.param(
            policy("*", credentials=True),
            preflight(b"GET", origin=b"null"),
            Refusal(Reason.ORIGIN_NULL, "null"),
            id="rule 14: null where any origin has credentials",
        ),
        pytest.param(
            PUT,
            preflight(b"GET", origin=b"https://App.example"),
            Refusal(BAD, "https://App.example", "browsers send origins in lower case"),
            id="rule 10: upper case",
        ),
        pytest.param(
            PUT,
            preflight(b"GET", origin=b"https://app.example/"),
            Refusal(BAD, "https://app.example/", "browsers send no trailing slash"),
            id="rule 11: a trailing slash",
        ),
        pytest.param(
            PUT,
            preflight(b"GET", origin=b"https://app.example:443"),
            Refusal(BAD, "https://app.example:443", "browsers leave out the default port 443"),
            id="rule 11: the default port",
        ),
        pytest.param(
            PUT,
            PreflightRequest((APP, b"https://evil.example"), (b"PUT",)),
            Refusal(BAD, "https://app.example, https://evil.example",
                    "a request has one Origin field"),
            id="rule 12: two lines",
        ),
        pytest.param(
            PUT,
            PreflightRequest((APP, APP), (b"PUT",)),
            Refusal(BAD, "https://app.example, https://app.example",
                    "a request has one Origin field"),
            id="rule 12: the same line twice",
        ),
        pytest.param(
            PUBLIC,
            PreflightRequest((b"null", b"null"), (b"GET",)),
            Refusal(BAD, "null, null", "a request has one Origin field"),
            id="rule 12: null twice, where any origin may",
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", origin=APP + b", " + APP),
            Refusal(BAD, "https://app.example, https://app.example",
                    "one origin an item, without blanks or commas"),
            id="rule 12: two on a line",
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", origin=b""),
            Refusal(BAD, "", "an origin can't be empty"),
            id="rule 13: empty",
        ),
        pytest.param(
            PUBLIC,
            preflight(b"GET", origin=b"https://a.example/\\"),
            Refusal(BAD, "https://a.example/\\\\",
                    "an origin is scheme://host[:port], without '/' and what follows"),
            id="rule 17: what is no origin, where any may",
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", origin=b"https://ex\xe4mple.com"),
            Refusal(BAD, "https://ex\\xe4mple.com", "browsers send host names in Punycode"),
            id="rule 21: a host name in Latin 1",
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", origin=b"https://" + b"a" * 400),
            Refusal(BAD, "https://" + "a" * 318, "an origin is not longer than 326 octets"),
            id="rule 19: too long, and shortened in the log",
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", origin=b"https://a\r\nfake: log\x1b[0m"),
            Refusal(BAD, "https://a\\r\\nfake: log\\x1b[0m",
                    "one origin an item, without blanks or commas"),
            id="rule 62: nothing breaks out of a log line (CVE-2024-1681)",
        ),
        pytest.param(
            PUT,
            preflight(b"put"),
            Refusal(METHOD, "put", "methods are compared by case: 'PUT' is allowed"),
            id="rule 29: letter case counts",
        ),
        pytest.param(
            policy(methods=("patch",)),
            preflight(b"PATCH"),
            Refusal(METHOD, "PATCH", "methods are compared by case: 'patch' is allowed"),
            id="rule 30: patch is not normalised",
        ),
        pytest.param(
            policy(), preflight(b"get"), Refusal(METHOD, "get",
                "methods are compared by case: 'GET' is allowed"), id="rule 29: get is not GET"
        ),
        pytest.param(
            PUT, preflight(b"OPTIONS"), Refusal(METHOD, "OPTIONS"), id="rule 35: OPTIONS unlisted"
        ),
        pytest.param(
            policy(), preflight(b"PU"), Refusal(METHOD, "PU", UNKNOWN), id="rule 39: never a part"
        ),
        pytest.param(
            STARS, preflight(b"FOO"), Refusal(METHOD, "FOO", UNKNOWN),
            id="a method of which the parser would say 400",
        ),
        pytest.param(
            policy(methods=("patch",)), preflight(b"patch"), Refusal(METHOD, "patch",
                f"{UNKNOWN}; 'PATCH' they know"),
            id="rule 30: patch is none, though it is listed",
        ),
        pytest.param(
            STARS, preflight(b"patch"), Refusal(METHOD, "patch",
                "methods are compared by case: 'PATCH' is allowed"), id="rule 29: not by *"
        ),
        pytest.param(
            STARS, preflight(b"*"), Refusal(METHOD, "*", UNKNOWN), id="a method of the name *"
        ),
        pytest.param(
            STARS,
            preflight(b"TRACE"),
            Refusal(METHOD, "TRACE", "forbidden by Fetch §2.2.1"),
            id="rule 34: TRACE, whatever is allowed",
        ),
        pytest.param(
            STARS_WITH_CREDENTIALS,
            preflight(b"Connect"),
            Refusal(METHOD, "Connect", "forbidden by Fetch §2.2.1"),
            id="rule 34: CONNECT in any case",
        ),
        pytest.param(
            policy(methods=("TRACK",)),
            preflight(b"TRACK"),
            Refusal(METHOD, "TRACK", "forbidden by Fetch §2.2.1"),
            id="rule 34: TRACK, even where it is listed",
        ),
        pytest.param(
            STARS,
            preflight(b"GET, DELETE"),
            Refusal(Reason.METHOD_MALFORMED, "GET, DELETE"),
            id="rule 33: two methods (go-safeweb 372)",
        ),
        pytest.param(
            STARS,
            PreflightRequest((APP,), (b"GET", b"PUT")),
            Refusal(Reason.METHOD_MALFORMED, "GET, PUT"),
            id="rule 33: two lines",
        ),
        pytest.param(
            STARS,
            preflight(b""),
            Refusal(Reason.METHOD_MALFORMED, ""),
            id="rule 33: an empty method",
        ),
        pytest.param(
            STARS_WITH_CREDENTIALS,
            preflight(b"X\r\nSet-Cookie: a"),
            Refusal(Reason.METHOD_MALFORMED, "X\\r\\nSet-Cookie: a"),
            id="rule 33: never reflected",
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", b"x-foo, x-bar, x-baz"),
            Refusal(HEADER, "x-bar"),
            id="rule 36: one bad name refuses all, and is named",
        ),
        pytest.param(
            PUT, preflight(b"PUT", b"x-fo"), Refusal(HEADER, "x-fo"), id="rule 39: never a prefix"
        ),
        pytest.param(
            PUT,
            preflight(b"PUT", b"x-foo content-type"),
            Refusal(HEADER, "x-foo content-type"),
            id="rule 36: a blank separates nothing",
        ),
        pytest.param(
            PUT, preflight(b"PUT", b"*"), Refusal(HEADER, "*"), id="rule 39: * is a name as others"
        ),
        pytest.param(
            BARE_STAR,
            preflight(b"GET", b"x-a, Authorization"),
            Refusal(HEADER, "Authorization", "'*' never covers Authorization, which must be named"),
            id="rule 32: * does not cover Authorization",
        ),
        pytest.param(
            STARS_WITH_CREDENTIALS,
            preflight(b"GET", b"x-a, x b"),
            Refusal(HEADER, "x b"),
            id="rule 40: what is no token is never echoed",
        ),
        pytest.param(
            STARS_WITH_CREDENTIALS,
            preflight(b"GET", b"x-a\r\nSet-Cookie: a"),
            Refusal(HEADER, "x-a\\r\\nSet-Cookie: a"),
            id="rule 40: nor what would end the line",
        ),
        pytest.param(
            STARS,
            preflight(b"GET", b",".join(b"x-%d" % n for n in range(129))),
            Refusal(Reason.TOO_MANY_HEADERS, "over 128 names"),
            id="rule 37: 129 names",
        ),
        pytest.param(
            STARS,
            preflight(b"GET", b"x" * 8000, b"y" * 193),
            Refusal(Reason.TOO_MANY_HEADERS, "over 8192 octets"),
            id="rule 37: 8193 octets on two lines",
        ),
        pytest.param(
            STARS,
            preflight(b"GET", b"," * 100_000),
            Refusal(Reason.TOO_MANY_HEADERS, "over 8192 octets"),
            id="rule 37: a flood of commas (GHSA-mh55-gqvf-xfwm)",
        ),
    ],
)  # fmt: skip
def test_a_preflight_is_refused(rules: CorsPolicy, request_: PreflightRequest, refusal: Refusal):
    """Rule 25: with no field at all, and with Vary."""
    assert rules.judge(request_) == Verdict((), VARY_PREFLIGHT, refusal)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((b",".join(b"x-%d" % n for n in range(128)),), id="128 names"),
        pytest.param((b"x" * 8192,), id="8192 octets"),
        pytest.param((b"," * 8192,), id="8192 commas"),
    ],
)
def test_the_bounds_themselves_are_allowed(lines: tuple[bytes, ...]):
    """Rule 37."""
    assert STARS.judge(PreflightRequest((APP,), (b"GET",), lines)) == Verdict(NAMED, VARY_PREFLIGHT)
