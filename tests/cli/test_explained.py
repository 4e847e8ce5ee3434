"""What `corsproxy explain` says, word for word."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import pytest

TABLE = """\
listen: 127.0.0.1:8080
cors:
  allow_origins: ["http://localhost:3001"]
  allow_methods: [PUT]
  expose_headers: [X-Total-Count]
  max_age: 2h
routes:
  - path: /v1
    upstream: http://old:8000
  - path: /api
    upstream: http://legacy:8000
  - path: /open
    upstream: http://legacy:8000
    cors: {allow_origins: ["*"], expose_headers: ["*"]}
  - path: /off
    upstream: http://legacy:8000
    cors: off
  - path: /session
    upstream: http://legacy:8000/v2
    strip_prefix: true
    request_headers: {set: {Origin: "http://legacy:8000"}}
    cors: {allow_credentials: true}
  - path: /local
    upstream: http://legacy:8000
    cookies: local
    cors: {allow_credentials: true}
  - path: /report
    upstream: http://legacy:8000
    cors: {mode: report}
"""
PAGE = ("--origin", "http://localhost:3001")

ALLOWED = """\
PUT http://127.0.0.1:8080/api/users?a=b from a page at http://localhost:3001
  browsers raise put to upper case  (Fetch §2.2.1, normalize)
  Cookie is the browser's own, and what a page says of it is dropped  (Fetch §2.2.2, forbidden \
request-header)

Route: routes[1] takes /api to http://legacy:8000, judged by cors
  not routes[0]: it serves /v1

Preflight: the browser asks first, for
  PUT is none of the safelisted methods GET, HEAD, POST  (Fetch §2.2.1, CORS-safelisted method)
  > OPTIONS /api/users?a=b HTTP/1.1
  > Host: 127.0.0.1:8080
  > Accept: */*
  > Access-Control-Request-Method: PUT
  > Origin: http://localhost:3001
  < 204 No Content
  < Access-Control-Allow-Origin: http://localhost:3001
  < Access-Control-Allow-Methods: PUT
  < Access-Control-Max-Age: 7200
  < Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers
  ok  Access-Control-Allow-Origin is the page's http://localhost:3001  (Fetch §4.10, CORS check, \
step 5)
  ok  the status 204 is one of 200 to 299  (Fetch §4.8, CORS-preflight fetch, step 7)
  ok  Access-Control-Allow-Methods names PUT  (Fetch §4.8, CORS-preflight fetch, step 7.5)
      remembered 7200 s by Chromium, 7200 s by Firefox, 600 s by Safari  (Fetch §4.8, steps 7.8 \
to 7.10)

Request: with what an upstream's plain 200 becomes
  > PUT /api/users?a=b HTTP/1.1
  > Host: 127.0.0.1:8080
  > Origin: http://localhost:3001
  < 200 OK
  < Access-Control-Allow-Origin: http://localhost:3001
  < Access-Control-Expose-Headers: X-Total-Count
  < Vary: Origin
  ok  Access-Control-Allow-Origin is the page's http://localhost:3001  (Fetch §4.10, CORS check, \
step 5)

Allowed: the page reads the answer, and of its headers the safelisted ones, X-Total-Count  \
(Fetch §2.2.2)

If something else is wrong on routes[1]:
  a 404 of the upstream: it is asked for http://legacy:8000/api/users; with strip_prefix: true, \
for /users
  a 403 of the upstream: it sees the page's Origin; request_headers: {set: {Origin: \
"http://legacy:8000"}} shows its own
"""

REFUSED = """\
GET http://127.0.0.1:8080/api from a page at http://localhost:3001/
  no browser sends this origin: browsers send no trailing slash; write http://localhost:3001

Route: routes[1] takes /api to http://legacy:8000, judged by cors
  not routes[0]: it serves /v1

Preflight: none, for the method and all headers are safelisted  (Fetch §2.2.1, §2.2.2)

Request: with what an upstream's plain 200 becomes
  > GET /api HTTP/1.1
  > Host: 127.0.0.1:8080
  > Origin: http://localhost:3001/
  < 200 OK
  < Vary: Origin
  no  the answer has no Access-Control-Allow-Origin  (Fetch §4.10, CORS check, step 2)

Refused by the proxy: origin_malformed http://localhost:3001/; browsers send no trailing slash
No edit of the policy allows it.
"""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("/api/users?a=b", *PAGE, "--method", "put", "--header", "Cookie: a=b"), ALLOWED),
        (("/api", "--origin", "http://localhost:3001/"), REFUSED),
    ],
    ids=["allowed", "refused"],
)
def test_every_step(cli, folder, args, said):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    assert cli("explain", *args)[1] == said


LINES = {
    "no route": (
        ("/nowhere", *PAGE),
        "Route: none, 404: no route matches the path; judged by the top-level cors",
        "Refused: no route serves it, and the page reads that in the answer",
    ),
    "CORS left to the upstream": (
        ("/off", *PAGE),
        "Route: routes[3] takes /off to http://legacy:8000, judged by nothing: cors is off",
        "Refused, unless the upstream itself allows it: cors is off",
    ),
    "a refusal by the proxy": (
        ("/api", "--origin", "http://localhost:3000"),
        "Route: routes[1] takes /api to http://legacy:8000, judged by cors",
        (
            "Refused by the proxy: origin_not_allowed http://localhost:3000; differs only by the "
            "port from 'http://localhost:3001'"
        ),
    ),
    "a refusal by the browser": (
        ("/api", *PAGE, "--credentials"),
        "GET http://127.0.0.1:8080/api from a page at http://localhost:3001, with credentials",
        (
            "Refused by the browser: credentials_missing, the page sends credentials, and "
            "Access-Control-Allow-Credentials is missing"
        ),
    ),
    "all headers exposed": (
        ("/open", *PAGE),
        "Route: routes[2] takes /open to http://legacy:8000, judged by routes[2].cors",
        "Allowed: the page reads the answer, and all its headers but Set-Cookie",
    ),
    "what is only reported": (
        ("/report", "--origin", "http://localhost:3000"),
        (
            "Only reported, mode: enforce would refuse: origin_not_allowed http://localhost:3000; "
            "differs only by the port from 'http://localhost:3001'"
        ),
        (
            'To allow it there: routes[6].cors.allow_origins: ["http://localhost:3001", '
            '"http://localhost:3000"]'
        ),
    ),
    "the page's own origin": (
        ("/off", "--origin", "http://127.0.0.1:8080"),
        "Preflight: none, for the page's own origin is asked  (Fetch §4.1, main fetch)",
        "Allowed: the page reads the answer",
    ),
    "a method that no parser knows, on the page's own origin": (
        ("/off", "--origin", "http://127.0.0.1:8080", "--method", "FOO"),
        "  < 400 Bad Request",
        "Refused: HTTP parsers don't know the method, and refuse it",
    ),
}


OWN_ORIGIN = (
    "  a 403 of the upstream: it sees the page's Origin; request_headers: {set: {Origin: "
    '"http://legacy:8000"}} shows its own'
)
ASKED = "  a 404 of the upstream: it is asked for http://legacy:8000"
COOKIES = "  a login that isn't kept: with cookies: local its cookies fit"
NOTES = {
    "of a login": (
        ("/session/users?a=b", *PAGE, "--credentials"),
        [f"{ASKED}/v2/users", COOKIES],
    ),
    "nothing of cookies that fit": (
        ("/local", *PAGE, "--credentials"),
        [f"{ASKED}/local; with strip_prefix: true, for /", OWN_ORIGIN],
    ),
    "nothing of Origin on the page's own": (
        ("/open", "--origin", "http://127.0.0.1:8080"),
        [f"{ASKED}/open; with strip_prefix: true, for /"],
    ),
}


@pytest.mark.parametrize(("args", "notes"), NOTES.values(), ids=NOTES)
def test_what_else_may_be_wrong(cli, folder, args, notes):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    assert cli("explain", *args)[1].partition("If something else")[2].splitlines()[1:] == notes


ASKS = [
    "  Chrome asks the user first, if app.example.com is on the internet and 127.0.0.1 is not:",
    "  a permission, which no header replaces  (Local Network Access)",
]
NAMED = [
    "  null is a page from file:// or a sandboxed frame: served over http://localhost it",
    "  has an origin that a policy can name",
]
ORIGINS = {
    "a page on the internet": (("/api", "--origin", "https://app.example.com"), ASKS),
    "a page in the same network": (("/api", "--origin", "http://192.168.1.7:3001"), []),
    "a proxy on the internet": (
        ("https://api.example.com/api", "--origin", "https://app.example.com"),
        [],
    ),
    "an opaque page": (("/api", "--origin", "null"), NAMED),
    "a page of an app": (("/api", "--origin", "capacitor://app"), []),
    "what is no origin": (
        ("/api", "--origin", "http://["),
        ["  no browser sends this origin: an IPv6 address stands in brackets"],
    ),
}


@pytest.mark.parametrize(("args", "said"), ORIGINS.values(), ids=ORIGINS)
def test_what_is_said_of_an_origin(cli, folder, args, said):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    assert cli("explain", *args)[1].partition("\n\n")[0].splitlines()[1:] == said


@pytest.mark.parametrize(("args", "one", "other"), LINES.values(), ids=LINES)
def test_one_step(cli, folder, args, one, other):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    lines = cli("explain", *args)[1].splitlines()
    assert [line for line in (one, other) if line not in lines] == []


@pytest.mark.parametrize(
    ("args", "command"),
    [
        (("/off",), "http://127.0.0.1:8080/off --origin http://localhost:3001"),
        (
            ("/off?a&b", "--method", "PUT"),
            "'http://127.0.0.1:8080/off?a&b' --origin http://localhost:3001 --method PUT",
        ),
    ],
    ids=["a GET", "another method"],
)
def test_what_to_do_where_cors_is_left_to_the_upstream(cli, folder, args, command):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    assert (
        "cors is off\n  take `cors: off` off routes[3], and the proxy answers; or see what the "
        f"upstream does:\n  corsproxy diagnose {command}\n"
    ) in cli("explain", *args, *PAGE)[1]


def test_what_no_page_can_send(cli, folder):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    assert cli("explain", "/api", *PAGE, "--method", "TRACE")[1] == (
        "Refused by the browser: no page can send 'TRACE': fetch() throws a TypeError  "
        "(Fetch §2.2.1, forbidden method)\n"
    )


def test_of_many_routes_the_first_are_named(cli, folder):
    routes = "".join(f"  - {{path: /{i}, upstream: 'http://a'}}\n" for i in range(20))
    table = f"cors: {{allow_origins: ['http://localhost:3001']}}\nroutes:\n{routes}"
    (folder / "corsproxy.yaml").write_text(table, encoding="utf-8")
    out = cli("explain", "/15", *PAGE)[1]
    assert (out.count("  not routes["), "  nor any of 5 more\n" in out) == (10, True)
