"""`corsproxy diagnose` at servers that misbehave: each is found, named, and has its mend."""

# ruff: noqa: ANN001, ANN002, ANN202 the fixtures are typed where they are made, in conftest.py
import json
import ssl
from functools import partial

import pytest
import trustme

PAGE = "https://app.example"
NEAR = ("--origin", "http://localhost:3001")
ALLOW, CREDENTIALS = "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials: true"
METHODS, VARY = "Access-Control-Allow-Methods: PUT", "Vary: Origin"
AGE = "Access-Control-Max-Age: 600"
PUT, WITH = ("--method", "PUT"), ("--credentials",)
TOKEN = ("--header", "Authorization: Bearer t")
ORIGIN = "http://localhost:3001"


@pytest.fixture
def found(cli):
    """Diagnose; return the exit status, the failure with its mend, and the codes of notices."""

    def diagnose(url, *args):
        status, out, err = cli("diagnose", url, *NEAR, "--format", "json", *args)
        assert out, err
        told = json.loads(out)
        failure = told["failure"] or {}
        codes = [notice["code"] for notice in told["notices"]]
        return status, failure.get("code"), failure.get("mend"), codes

    return diagnose


def always(reply, *fields, status=200):
    """The same to everybody, errors and preflights too."""
    return lambda _: reply(status, *fields)


def own(asked):
    """Allow the one page that it knows, as a good server does."""
    return [f"{ALLOW}: {ORIGIN}", VARY] if asked.origin == ORIGIN else [VARY]


SENT = f"send {ALLOW}: {ORIGIN} and {VARY}"
TWO = "Let one of them send http://localhost:3001 alone"
NAMED = f"Name the origin: send {ALLOW}: {ORIGIN}, {CREDENTIALS} and {VARY}"
TRUE = "Send Access-Control-Allow-Credentials: true, once, in small letters"

REQUESTS = {
    "all is well": (
        lambda reply, asked: reply(404 if "no-such" in asked.path else 200, *own(asked)),
        (), 0, None, None, []),
    "'*' is well for all": (lambda reply, _: reply(200, f"{ALLOW}: *"), (), 0, None, None, []),
    "two lines of one field": (
        lambda reply, _: reply(200, f"{ALLOW}: {ORIGIN}", f"{ALLOW}: {ORIGIN}", "Server: nginx"),
        (), 3, "origin_several",
        f"two on the way send it (it names nginx). {TWO}", []),
    "two origins in a line": (
        lambda reply, _: reply(200, f"{ALLOW}: {ORIGIN}, {PAGE}"), (), 3, "origin_several",
        f"It is no list: the server names all it allows, or two on the way send it. {TWO}", []),
    "'*' and an origin": (
        lambda reply, _: reply(200, f"{ALLOW}: *", f"{ALLOW}: {ORIGIN}"), (), 3, "origin_several",
        f"It comes 2 times: two on the way send it. {TWO}", []),
    "no CORS at all": (
        lambda reply, _: reply(), (), 3, "origin_missing", f"The server knows no CORS: {SENT}", []),
    "another origin": (
        lambda reply, _: reply(200, f"{ALLOW}: {PAGE}"), (), 3, "origin_different",
        f"Allow the page's origin: {SENT}", []),
    "reflection without Vary": (
        lambda reply, asked: reply(200, f"{ALLOW}: {asked.origin or ORIGIN}"), (), 0, None, None,
        ["vary_missing", "origin_reflected"]),
    "Vary where it is allowed alone": (
        lambda reply, asked: reply(200, *(own(asked) if asked.origin == ORIGIN else [])), (), 0,
        None, None, ["vary_missing"]),
    "one origin for everybody needs no Vary": (
        lambda reply, _: reply(200, f"{ALLOW}: {ORIGIN}"), (), 0, None, None, []),
    "anybody with credentials": (
        lambda reply, asked: reply(200, f"{ALLOW}: {asked.origin}", CREDENTIALS, VARY), WITH, 0,
        None, None, ["origin_reflected"]),
    "'*' with credentials": (
        lambda reply, _: reply(200, f"{ALLOW}: *", CREDENTIALS), WITH, 3, "origin_wildcard", NAMED,
        []),
    "'*' with credentials, which the page doesn't send": (
        lambda reply, _: reply(200, f"{ALLOW}: *", CREDENTIALS), (), 0, None, None,
        ["wildcard_with_credentials"]),
    "credentials of another case": (
        lambda reply, _: reply(200, f"{ALLOW}: {ORIGIN}", "Access-Control-Allow-Credentials: True"),
        WITH, 3, "credentials_missing", TRUE, ["credentials_malformed"]),
    "credentials twice": (
        lambda reply, _: reply(200, f"{ALLOW}: {ORIGIN}", CREDENTIALS, CREDENTIALS), WITH, 3,
        "credentials_missing", TRUE, ["credentials_malformed"]),
    "no credentials": (
        lambda reply, _: reply(200, f"{ALLOW}: {ORIGIN}"), WITH, 3, "credentials_missing", TRUE,
        []),
    "'*' exposed with credentials": (
        lambda reply, _: reply(200, f"{ALLOW}: {ORIGIN}", CREDENTIALS,
                               "Access-Control-Expose-Headers: *"), WITH, 0, None, None,
        ["list_wildcard_with_credentials"]),
    "an error without CORS": (
        lambda reply, _: reply(500), (), 3, "origin_missing",
        f"An error without CORS fields: {SENT} on errors too", []),
    "what isn't there without CORS": (
        lambda reply, asked: reply(404) if "no-such" in asked.path else reply(200, *own(asked)),
        (), 0, None, None, ["errors_without_cors"]),
    "an error that a page can read": (
        lambda reply, _: reply(500, f"{ALLOW}: *"), (), 0, None, None, []),
    "a reset": (lambda *_: None, (), 1, "unanswered", "See why the server doesn't answer", []),
    "no answer": (lambda *_: b"", ("--timeout", "0.2"), 1, "unanswered", "See why the server", []),
    "no HTTP": (lambda *_: b"220 mail\r\n\r\n", (), 1, "unanswered", "See why the server", []),
}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "args", "status", "failure", "mend", "notices"), REQUESTS.values(), ids=REQUESTS
)
def test_a_request_without_preflight(found, serves, answer, args, status, failure, mend, notices):
    server = serves(partial(answer, serves.reply))
    got = found(f"{server.url}/api", *args)
    assert (*got[:2], got[3]) == (status, failure, notices)
    assert (mend or "") in (got[2] or "")


OK = (f"{ALLOW}: {ORIGIN}", METHODS, AGE, VARY)
FIELDS = f"{ALLOW}: {ORIGIN}, {METHODS}"
FIRST = (
    "; answer preflights (OPTIONS requests with Access-Control-Request-Method) before that, with "
    f"the status 204 and {FIELDS}"
)
PROXY = "; where you can't change the server, put a proxy before it: `corsproxy run --upstream http"

PREFLIGHTS = {
    "all is well": ((204, *OK), (), 0, None, "", []),
    "a login before it": (
        (401,), (), 3, "origin_missing", "browsers send no credentials with one" + FIRST + PROXY,
        []),
    "something forbids it": ((403,), (), 3, "origin_missing", "Something forbids OPTIONS", []),
    "no route": (
        (404, *OK), (), 3, "status_not_ok",
        "No route answers OPTIONS at this address" + FIRST + PROXY, []),
    "OPTIONS unknown": (
        (501,), (), 3, "origin_missing", "The server doesn't know OPTIONS" + FIRST + PROXY, []),
    "no OPTIONS": ((405,), (), 3, "origin_missing", "The server doesn't take OPTIONS", []),
    "a failure": ((502,), (), 3, "origin_missing", "The server fails on OPTIONS: see its log", []),
    "teapots": ((418,), (), 3, "origin_missing", "The preflight got the status 418", []),
    "http to https": (
        (301, *OK, "Location: https://api.example/api"), (), 3, "status_not_ok",
        "Have the page ask for https://api.example/api itself (the server sends http to https)",
        []),
    "the slash at the end": (
        (308, "Location: /api/"), (), 3, "origin_missing", "they differ by the slash at the end",
        []),
    "a login page": (
        (302, "Location: /login?next=%2Fapi"), (), 3, "origin_missing",
        "(which looks like a login)", []),
    "another page": (
        (302, "Location: /blog"), (), 3, "origin_missing", "(a preflight is never redirected)", []),
    "what is no address": (
        (302, "Location: http://["), (), 3, "origin_missing",
        "A preflight is never redirected", []),
    "a redirect to nowhere": (
        (302,), (), 3, "origin_missing", "A preflight is never redirected" + FIRST, []),
    "OK from what knows no CORS": (
        (200,), (), 3, "origin_missing",
        f"OPTIONS and knows no CORS: send {FIELDS}; where you can't change the server, put a proxy",
        []),
    "'*' on what isn't asked for, with credentials": (
        (204, *OK, CREDENTIALS, "Access-Control-Expose-Headers: *"), WITH, 0, None, "", []),
    "no such method": (
        (204, f"{ALLOW}: {ORIGIN}"), (), 3, "method_missing",
        "Name PUT in Access-Control-Allow-Methods, in that case", []),
    "'*' for a method with credentials": (
        (204, f"{ALLOW}: {ORIGIN}", CREDENTIALS, "Access-Control-Allow-Methods: *"), WITH, 3,
        "method_missing", "Name PUT", ["list_wildcard_with_credentials"]),
    "no such header": (
        (204, *OK), ("--header", "X-Own: 1"), 3, "header_missing",
        "Access-Control-Allow-Headers: x-own", []),
    "'*' for Authorization": (
        (204, *OK, "Access-Control-Allow-Headers: *"), TOKEN, 0, None, "",
        ["authorization_by_wildcard"]),
    "'*' for Authorization with credentials": (
        (204, *OK, CREDENTIALS, "Access-Control-Allow-Headers: *"), (*TOKEN, *WITH), 3,
        "header_missing", "Name what is asked for", ["list_wildcard_with_credentials"]),
    "a list that is none": (
        (204, f"{ALLOW}: {ORIGIN}", "Access-Control-Allow-Methods: GET PUT"), (), 3,
        "list_malformed", "Write it as names with commas between", []),
    "a negative max-age": (
        (204, *OK[:2], "Access-Control-Max-Age: -1"), (), 0, None, "", ["max_age_malformed"]),
    "a max-age with a unit": (
        (204, *OK[:2], "Access-Control-Max-Age: 600s"), (), 0, None, "", ["max_age_malformed"]),
    "max-age twice": ((204, *OK, AGE), (), 0, None, "", ["max_age_malformed"]),
    "no max-age": ((204, *OK[:2]), (), 0, None, "", ["max_age_missing"]),
    "a max-age that nobody honours": (
        (204, *OK[:2], "Access-Control-Max-Age: 604800"), (), 0, None, "", ["max_age_capped"]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "args", "status", "failure", "mend", "notices"), PREFLIGHTS.values(), ids=PREFLIGHTS
)
def test_a_preflight(found, serves, answer, args, status, failure, mend, notices):
    credentials = (CREDENTIALS,) if "--credentials" in args else ()
    server = serves(
        lambda asked: (
            serves.reply(*(answer if asked.origin == ORIGIN else (403,)))
            if asked.preflight
            else serves.reply(200, *OK, *credentials)
        )
    )
    got = found(f"{server.url}/api", *PUT, *args)
    assert (*got[:2], got[3]) == (status, failure, notices)
    assert mend in (got[2] or "")


@pytest.mark.parametrize("said", [None, b""], ids=["is reset", "times out"])
def test_a_preflight_that_gets_no_answer(found, serves, said):
    server = serves(lambda asked: said if asked.preflight else serves.reply(200, *OK))
    got = found(server.url, *PUT, "--timeout", "0.2")
    assert (got[:2], got[3]) == ((3, "unanswered"), [])
    assert got[2].startswith(
        "The server was reached, and leaves OPTIONS unanswered: let a firewall"
    )


def test_vary_is_missed_where_a_post_led_to(found, serves):
    def answer(asked):
        if asked.method == "POST":
            return serves.reply(303, f"{ALLOW}: *", "Location: /b")
        return serves.reply(200, f"{ALLOW}: {asked.origin or ORIGIN}")

    server = serves(answer)
    assert found(server.url, "--method", "POST")[3] == ["vary_missing", "origin_reflected"]


def test_an_answer_without_cors_behind_a_preflight_that_allowed(found, serves):
    server = serves(lambda asked: serves.reply(*((204, *OK) if asked.preflight else (200,))))
    got = found(server.url, *PUT)
    assert (got[:2], got[3]) == ((3, "origin_missing"), [])
    assert got[2].startswith(f"CORS is set up for preflights alone: {SENT}")


def test_an_error_behind_a_preflight_that_allowed(found, serves):
    server = serves(lambda asked: serves.reply(*((204, *OK) if asked.preflight else (500,))))
    got = found(server.url, *PUT)
    assert (got[:2], got[3]) == ((3, "origin_missing"), [])
    assert got[2].startswith(f"CORS is set up, and left out on errors: {SENT} on errors too")


def test_a_preflight_that_allows_anybody_with_credentials(found, serves):
    server = serves(
        lambda asked: serves.reply(200, f"{ALLOW}: {asked.origin}", CREDENTIALS, METHODS, AGE)
    )
    assert found(server.url, *PUT, *WITH) == (0, None, None, ["origin_reflected"])
    assert server.seen == ["OPTIONS /", "PUT /", "OPTIONS /"]


def test_with_preflight_only_nothing_else_is_sent(found, serves):
    server = serves(always(serves.reply, *OK))
    assert found(server.url, "--method", "DELETE", "--preflight-only")[:2] == (3, "method_missing")
    assert found(server.url, *PUT, "--preflight-only") == (0, None, None, [])
    assert server.seen == ["OPTIONS /", "OPTIONS /"]


def test_a_cookie_goes_with_the_request_alone(found, serves):
    server = serves(always(serves.reply, *OK, CREDENTIALS))
    assert found(server.url, *PUT, *WITH, "--header", "Cookie: a=b")[0] == 0
    assert [asked.fields.get("cookie") for asked in server.asked] == [None, "a=b", None]


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """A context whose authority is trusted where `trusted` is called."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return context, lambda: monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def test_a_certificate_that_is_not_trusted(cli, found, serves, tls):
    context, trust = tls
    server = serves(always(serves.reply, f"{ALLOW}: *"), context)
    status, _, err = cli("diagnose", server.url, *NEAR)
    assert status == 1
    assert err.startswith(f"{server.url} can't be reached: its certificate is not trusted, and a ")
    assert err.endswith("this command); --insecure goes on all the same\n")
    assert server.seen == []
    status, _, err = cli("diagnose", server.url, *NEAR, "--insecure")
    assert (status, err) == (
        0, "the certificate was not checked (--insecure); a browser checks it\n"
    )  # fmt: skip
    trust()
    assert found(server.url) == (0, None, None, [])
