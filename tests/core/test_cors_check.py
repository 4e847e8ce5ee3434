from dataclasses import replace

import pytest

from corsproxy.core.browser import Failure, Finding, PageRequest
from corsproxy.core.cors_check import (
    Answered,
    Grant,
    cors_check,
    exposure_check,
    preflight_check,
    readable_headers,
)
from corsproxy.core.fields import Field, Fields

PAGE = b"http://localhost:3001"
GET = PageRequest(origin=PAGE, urls=("https://api.example/",))
WITH_COOKIES = replace(GET, credentials=True)
CHECK = "Fetch §4.10, CORS check, step "
ASK = "Fetch §4.8, CORS-preflight fetch, step "


def allow(kind: str, value: bytes) -> Field:
    return (f"Access-Control-Allow-{kind}".encode(), value)


ORIGIN, ANY, COOKIES = allow("Origin", PAGE), allow("Origin", b"*"), allow("Credentials", b"true")
IS_THE_PAGE = "Access-Control-Allow-Origin is the page's http://localhost:3001"
NOT_THE_PAGE = ", not the page's http://localhost:3001"
NO_COOKIES = "the page sends credentials, and Access-Control-Allow-Credentials "
CHECKS = [
    pytest.param(
        GET, [], "the answer has no Access-Control-Allow-Origin", "2", Failure.ORIGIN_MISSING,
        id="nothing",
    ),
    pytest.param(GET, [ANY], "Access-Control-Allow-Origin is '*'", "3", None, id="any"),
    pytest.param(GET, [ORIGIN], IS_THE_PAGE, "5", None, id="the page's"),
    pytest.param(
        GET, [allow("Origin", PAGE + b"/")],
        "Access-Control-Allow-Origin is 'http://localhost:3001/'" + NOT_THE_PAGE,
        "4", Failure.ORIGIN_DIFFERENT, id="a slash more",
    ),
    pytest.param(
        GET, [ANY, ORIGIN],
        "Access-Control-Allow-Origin is '*, http://localhost:3001'" + NOT_THE_PAGE
        + " alone: it is one origin, once", "4", Failure.ORIGIN_SEVERAL, id="two",
    ),
    pytest.param(
        WITH_COOKIES, [ANY, COOKIES], "with credentials Access-Control-Allow-Origin may not be '*'",
        "4", Failure.ORIGIN_WILDCARD, id="any, with credentials",
    ),
    pytest.param(
        WITH_COOKIES, [ORIGIN], NO_COOKIES + "is missing", "8", Failure.CREDENTIALS_MISSING,
        id="no credentials allowed",
    ),
    pytest.param(
        WITH_COOKIES, [ORIGIN, allow("Credentials", b"True")], NO_COOKIES + "is 'True', not 'true'",
        "8", Failure.CREDENTIALS_MISSING, id="credentials in capitals",
    ),
    pytest.param(
        WITH_COOKIES, [ORIGIN, COOKIES], IS_THE_PAGE + ", and -Credentials is true", "7", None,
        id="credentials allowed",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "fields", "what", "step", "failure"), CHECKS)
def test_the_cors_check(
    request_: PageRequest, fields: Fields, what: str, step: str, failure: Failure | None
):
    assert cors_check(request_, fields) == Finding(what, CHECK + step, failure)


def test_a_tainted_origin_is_null():
    led = replace(GET, urls=("https://a.example/", "https://b.example/"))

    assert cors_check(led, [allow("Origin", b"null")]).passed
    assert not cors_check(led, [ORIGIN]).passed


PUT = replace(GET, method=b"PUT")
OWN = replace(GET, headers=((b"X-Own", b"1"),))
TOKEN = replace(GET, headers=((b"Authorization", b"b"),))
COVERS, NAMES = "Access-Control-Allow-Headers is '*', which covers ", "does not name "
ASKED = [
    pytest.param(
        PUT, 204, [allow("Methods", b"GET, PUT")], ("names PUT", "7.5", None), id="a method listed"
    ),
    pytest.param(
        PUT, 200, [allow("Methods", b"*")], ("is '*', which covers PUT", "7.5", None),
        id="a method by *",
    ),
    pytest.param(
        replace(PUT, method=b"patch"), 200, [allow("Methods", b"PATCH")],
        (NAMES + "patch", "7.5", Failure.METHOD_MISSING), id="a method in another case",
    ),
    pytest.param(
        PUT, 200, [], (NAMES + "PUT", "7.5", Failure.METHOD_MISSING), id="no methods"
    ),
    pytest.param(
        OWN, 200, [allow("Headers", b"x-a"), allow("Headers", b"X-OWN")],
        ("names x-own", "7.7", None), id="a header listed",
    ),
    pytest.param(
        OWN, 200, [allow("Headers", b"*")], ("is '*', which covers x-own", "7.7", None),
        id="a header by *",
    ),
    pytest.param(
        OWN, 200, [allow("Headers", b"x-owner")], (NAMES + "x-own", "7.7", Failure.HEADER_MISSING),
        id="another header",
    ),
    pytest.param(
        TOKEN, 200, [allow("Headers", b"*")],
        (NAMES + "authorization; '*' never covers it", "7.6", Failure.HEADER_MISSING),
        id="Authorization by *",
    ),
    pytest.param(
        TOKEN, 200, [allow("Headers", b"*, Authorization")], ("names authorization", "7.6", None),
        id="Authorization by name",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "status", "fields", "last"), ASKED)
def test_the_last_rule_of_a_preflight(
    request_: PageRequest, status: int, fields: Fields, last: tuple[str, str, Failure | None]
):
    answered = preflight_check(request_, status, [ORIGIN, *fields])
    what, step, failure = last
    kind = "Methods" if step == "7.5" else "Headers"

    assert answered.findings[:2] == (
        Finding(IS_THE_PAGE, CHECK + "5"),
        Finding(
            f"the status {status} is one of 200 to 299", ASK.removesuffix(", step ") + ", step 7"
        ),
    )
    assert answered.findings[-1] == Finding(
        f"Access-Control-Allow-{kind} {what}", ASK + step, failure
    )
    assert (answered.grant is None) == (failure is not None)


WILD = [ORIGIN, COOKIES, allow("Methods", b"*"), allow("Headers", b"*")]


def test_with_credentials_a_star_is_no_wildcard():
    method = preflight_check(replace(PUT, credentials=True), 200, WILD)
    header = preflight_check(replace(OWN, credentials=True), 200, WILD)

    assert [method.findings[-1], header.findings[-1]] == [
        Finding(
            "Access-Control-Allow-Methods does not name PUT; with credentials '*' is no wildcard",
            ASK + "7.5",
            Failure.METHOD_MISSING,
        ),
        Finding(
            "Access-Control-Allow-Headers does not name x-own; with credentials '*' is no wildcard",
            ASK + "7.7",
            Failure.HEADER_MISSING,
        ),
    ]


def test_the_rules_end_at_the_first_that_fails():
    answered = preflight_check(replace(OWN, method=b"PUT"), 200, [ORIGIN])

    assert [finding.section for finding in answered.findings] == [
        CHECK + "5",
        "Fetch §4.8, CORS-preflight fetch, step 7",
        ASK + "7.5",
    ]


def test_safelisted_methods_need_no_listing():
    answered = preflight_check(OWN, 200, [ORIGIN, allow("Headers", b"x-own")])

    assert answered.findings[2] == Finding("GET is safelisted, and needs no listing", ASK + "7.5")


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (307, "the status 307 is none of 200 to 299: a preflight is never redirected"),
        (403, "the status 403 is none of 200 to 299"),
        (199, "the status 199 is none of 200 to 299"),
        (400, "the status 400 is none of 200 to 299"),
        (300, "the status 300 is none of 200 to 299: a preflight is never redirected"),
    ],
)
def test_a_preflight_needs_an_ok_status(status: int, what: str):
    assert preflight_check(PUT, status, WILD) == Answered(
        (Finding(IS_THE_PAGE, CHECK + "5"), Finding(what, ASK + "7", Failure.STATUS_NOT_OK))
    )


def test_a_preflight_begins_with_the_cors_check():
    assert preflight_check(PUT, 200, []) == Answered((cors_check(PUT, []),))


@pytest.mark.parametrize("kind", ["Methods", "Headers"])
def test_a_list_of_anything_but_tokens_fails(kind: str):
    answered = preflight_check(PUT, 200, [ORIGIN, allow(kind, b"a b, PUT")])

    assert answered.findings[2:] == (
        Finding(f"Access-Control-Allow-{kind} is no list", ASK + "7.3", Failure.LIST_MALFORMED),
    )


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([b"600"], 600),
        ([b"0"], 0),
        ([], 5),
        ([b"-1"], 5),
        ([b"10m"], 5),
        ([b"600", b"600"], 5),
    ],
)
def test_max_age_is_one_number_of_seconds_else_5(lines: list[bytes], seconds: int):
    fields = [*WILD, *((b"Access-Control-Max-Age", line) for line in lines)]

    assert preflight_check(PUT, 200, fields).grant == Grant((b"*",), (b"*",), seconds)


def test_an_upload_that_is_listened_to_is_remembered_by_its_own_method():
    request = replace(GET, method=b"POST", asks_always=True)

    assert preflight_check(request, 200, [ORIGIN]).grant == Grant((b"POST",))


SEEN = [(name, b"1") for name in (b"ETag", b"X-Total", b"Content-Type", b"Set-Cookie", b"Expires")]
ALWAYS = {b"content-type", b"expires"}


@pytest.mark.parametrize(
    ("request_", "exposed", "names"),
    [
        (GET, [], ALWAYS),
        (GET, [b"X-TOTAL"], ALWAYS | {b"x-total"}),
        (GET, [b"x-total", b"etag, set-cookie"], ALWAYS | {b"x-total", b"etag"}),
        (GET, [b"*"], ALWAYS | {b"x-total", b"etag", b"access-control-expose-headers"}),
        (WITH_COOKIES, [b"*, etag"], ALWAYS | {b"etag"}),
        (GET, [b"a b, etag"], ALWAYS),
    ],
)
def test_what_a_page_may_read(request_: PageRequest, exposed: list[bytes], names: set[bytes]):
    fields = [*SEEN, *((b"Access-Control-Expose-Headers", line) for line in exposed)]

    assert readable_headers(request_, fields) == names


READ = "the page gets null for X-Total: Access-Control-Expose-Headers does not name it"
READS = [
    pytest.param(GET, [], b"Content-Type", None, id="what every page may read"),
    pytest.param(GET, [b"x-total"], b"X-Total", None, id="what is named, in any letter case"),
    pytest.param(GET, [b"*"], b"X-Total", None, id="all by *"),
    pytest.param(GET, [b"etag"], b"X-Total", READ, id="what is not named"),
    pytest.param(
        WITH_COOKIES,
        [b"*"],
        b"X-Total",
        READ + "; with credentials '*' is no wildcard",
        id="* with credentials",
    ),
    pytest.param(
        GET,
        [b"*, set-cookie"],
        b"Set-Cookie",
        "no page may read Set-Cookie",
        id="a cookie",
    ),
]


@pytest.mark.parametrize(("request_", "exposed", "name", "why"), READS)
def test_a_header_that_a_page_reads(
    request_: PageRequest, exposed: list[bytes], name: bytes, why: str | None
):
    fields = [*SEEN, *((b"Access-Control-Expose-Headers", line) for line in exposed)]
    finding = exposure_check(request_, name, fields)

    assert finding.failure is (Failure.HEADER_UNREADABLE if why else None)
    assert finding.what == (why or f"the page may read {name.decode()}")


def test_a_page_reads_all_of_its_own_origin_but_cookies():
    own = replace(GET, urls=("http://localhost:3001/",))

    assert readable_headers(own, SEEN) == ALWAYS | {b"etag", b"x-total"}
