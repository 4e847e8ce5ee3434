"""The policy's fields on responses (cors-rules 48 to 61)."""

import pytest

from corsproxy.core.cors import CorsPolicy, CorsRequest, PreflightRequest
from corsproxy.core.fields import Field
from corsproxy.core.heads import Client, Passage, ResponseHead, to_client
from corsproxy.core.origins import compile_origins
from corsproxy.core.routes import HeaderEdits, Route
from corsproxy.core.upstreams import Address, Upstream

APP = b"https://app.example"
EVIL = CorsRequest((b"https://evil.example",))
ASKED = CorsRequest((APP,))
DATED = b"Date: D\r\n"


def policy(*origins: str, **keys: object) -> CorsPolicy:
    return CorsPolicy(
        origins=compile_origins(origins or [APP.decode()]),
        **keys,  # type: ignore[arg-type]
    )


ONE = policy()
PUBLIC = policy("*", expose=("X-Total",))
RICH = policy(credentials=True, expose=("X-Total",))
ALL = policy(credentials=True, expose=("*",))
NEIGHBOURS = policy(timing_origins=compile_origins(["*"]), resource_policy="cross-origin")

ACAO = b"Access-Control-Allow-Origin: https://app.example\r\n"
VARY = b"Vary: Origin\r\n"
UPSTREAMS = (
    b"access-control-allow-origin: https://prod.example\r\nAccess-Control-Allow-Origin: *\r\n"
    b"ACCESS-CONTROL-ALLOW-CREDENTIALS: true\r\nAccess-Control-Max-Age: 5\r\n"
    b"Access-Control-Anything-New: 1\r\n"
)


def answered(
    fields: bytes,
    rules: CorsPolicy,
    request: CorsRequest | PreflightRequest | None = ASKED,
    edits: HeaderEdits | None = None,
    framing: tuple[Field, ...] = (),
) -> bytes:
    parts = (line.partition(b": ") for line in fields.split(b"\r\n") if line)
    reply = ResponseHead(200, b"OK", tuple((name, value) for name, _, value in parts))
    route = Route(
        name="r",
        upstream=Upstream(Address("legacy", 8000)),
        response_headers=edits or HeaderEdits(),
    )
    way = Passage(rules.judge(request), rules, Client(None), b"p", route)
    head = to_client(reply, way, framing, b"D")
    return head.removeprefix(b"HTTP/1.1 200 OK\r\n").removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("fields", "rules", "request_", "passed"),
    [
        pytest.param(b"X-A: 1", ONE, ASKED, b"X-A: 1\r\n" + DATED + ACAO + VARY, id="allowed"),
        pytest.param(
            b"", RICH, ASKED,
            DATED + ACAO + b"Access-Control-Allow-Credentials: true\r\n"
            b"Access-Control-Expose-Headers: X-Total\r\n" + VARY,
            id="with credentials and names",
        ),
        pytest.param(b"", ONE, None, DATED + VARY, id="rule 57: without Origin"),
        pytest.param(b"", ONE, EVIL, DATED + VARY, id="rules 46 and 57: refused"),
        pytest.param(
            b"", PUBLIC, None,
            DATED + b"Access-Control-Allow-Origin: *\r\n"
            b"Access-Control-Expose-Headers: X-Total\r\n",
            id="rule 58: public, without Vary",
        ),
        pytest.param(UPSTREAMS, ONE, ASKED, DATED + ACAO + VARY,
                     id="rule 52: the upstream's own is removed, in any case and number"),
        pytest.param(b"access-control-allow-origin: https://app.example", ONE, ASKED,
                     DATED + ACAO + VARY, id="rule 52: even where it is complete"),
        pytest.param(b"access-control-allow-origin: https://evil.example", ONE, EVIL,
                     DATED + VARY, id="rule 52: and would allow the refused"),
        pytest.param(UPSTREAMS, ONE, EVIL, DATED + VARY, id="rule 52: for the refused too"),
        pytest.param(UPSTREAMS, ONE, None, DATED + VARY, id="rule 52: and without Origin"),
        pytest.param(
            b"Connection: Access-Control-Allow-Origin, Vary\r\nVary: X", ONE, ASKED,
            DATED + ACAO + VARY,
            id="R21: what Connection names is the upstream's, not ours",
        ),
        pytest.param(
            b"", policy(max_age=5), PreflightRequest((APP,), (b"GET",)),
            DATED + ACAO + b"Access-Control-Max-Age: 5\r\n"
            b"Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n",
            id="rule 44: a preflight's answer",
        ),
        pytest.param(
            b"", ONE, PreflightRequest(EVIL.origins, (b"GET",)),
            DATED
            + b"Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n",
            id="rule 25: a refused preflight's",
        ),
        pytest.param(
            b"timing-allow-origin: https://a\r\nCross-Origin-Resource-Policy: same-origin",
            NEIGHBOURS, EVIL,
            DATED + b"Timing-Allow-Origin: *\r\nCross-Origin-Resource-Policy: cross-origin\r\n"
            + VARY,
            id="rule 54: the policy's neighbours replace the upstream's",
        ),
        pytest.param(
            b"timing-allow-origin: https://a", ONE, ASKED,
            b"timing-allow-origin: https://a\r\n" + DATED + ACAO + VARY,
            id="rule 54: else the upstream's stay",
        ),
        pytest.param(
            b"Set-Cookie: a\r\nSet-Cookie: b", ONE, EVIL,
            b"Set-Cookie: a\r\nSet-Cookie: b\r\n" + DATED + VARY,
            id="rule 53: cookies pass, refused or not",
        ),
    ],
)  # fmt: skip
def test_responses_carry_the_verdict(
    fields: bytes,
    rules: CorsPolicy,
    request_: CorsRequest | PreflightRequest | None,
    passed: bytes,
):
    assert answered(fields, rules, request_) == passed


@pytest.mark.parametrize(
    ("fields", "edits", "vary"),
    [
        pytest.param(b"Vary: Accept", None, [b"Vary: Accept, Origin"], id="appended"),
        pytest.param(b"vary: a\r\nX: 1\r\nVARY: b", None, [b"vary: a", b"VARY: b, Origin"],
                     id="appended to the last of several lines, which stay"),
        pytest.param(b"Vary: a\r\nVary: oRIGIN", None, [b"Vary: a", b"Vary: oRIGIN"],
                     id="there already, in any case"),
        pytest.param(b"Vary: X-Origin", None, [b"Vary: X-Origin, Origin"], id="whole names only"),
        pytest.param(b"Vary: a\r\nVary: *", None, [b"Vary: a", b"Vary: *"], id="* says it all"),
        pytest.param(b"Vary: ", None, [b"Vary: Origin"], id="an empty line"),
        pytest.param(b"Vary: a, ,", None, [b"Vary: a, Origin"], id="a list with an open end"),
        pytest.param(b"", HeaderEdits(add=((b"vary", b"b"),)), [b"vary: b, Origin"],
                     id="the route adds a line"),
        pytest.param(b"Vary: a", HeaderEdits(add=((b"Vary", b"origin"),)),
                     [b"Vary: a", b"Vary: origin"], id="the route has it"),
        pytest.param(b"Vary: a", HeaderEdits(remove=(b"vary",)), [b"Vary: Origin"],
                     id="the route removes the upstream's"),
    ],
)  # fmt: skip
def test_vary_is_merged(fields: bytes, edits: HeaderEdits | None, vary: list[bytes]):
    """Rule 60 (Hono GHSA-q7jf-gf43-6x6p copied the request's)."""
    lines = answered(fields, ONE, edits=edits).split(b"\r\n")

    assert [line for line in lines if line.lower().startswith(b"vary:")] == vary


@pytest.mark.parametrize(
    ("fields", "framing", "exposed"),
    [
        pytest.param(
            b"X-Total: 1\r\nx-total: 2\r\nContent-Type: a\r\nSet-Cookie: b\r\nset-cookie2: c\r\n"
            b"Access-Control-Max-Age: 5",
            (),
            b"x-total, content-type, date, vary",
            id="each name once, no cookie, nothing of CORS",
        ),
        pytest.param(
            b"ETag: e",
            ((b"Connection", b"close"), (b"Transfer-Encoding", b"chunked")),
            b"etag, date, vary",
            id="nothing of this hop",
        ),
    ],
)
def test_with_credentials_the_real_names_are_exposed(
    fields: bytes, framing: tuple[Field, ...], exposed: bytes
):
    """Rule 51."""
    lines = answered(fields, ALL, framing=framing).split(b"\r\n")

    assert [line for line in lines if line.lower().startswith(b"access-control-expose")] == [
        b"Access-Control-Expose-Headers: " + exposed
    ]


FILL = policy(fill=True)
FILL_RICH = policy(fill=True, credentials=True)
FILL_MORE = policy(fill=True, timing_origins=compile_origins(["*"]), resource_policy="same-site")
THEIRS = b"access-control-allow-origin: https://prod.example\r\n"
TRUE = b"Access-Control-Allow-Credentials: true\r\n"


@pytest.mark.parametrize(
    ("fields", "rules", "request_", "passed"),
    [
        pytest.param(b"", FILL, ASKED, DATED + ACAO + VARY, id="missing: added"),
        pytest.param(THEIRS, FILL, ASKED, THEIRS + DATED + VARY, id="complete: left alone"),
        pytest.param(THEIRS, FILL, EVIL, THEIRS + DATED + VARY, id="complete: for the refused too"),
        pytest.param(
            THEIRS + b"Access-Control-Expose-Headers: X\r\nVary: origin\r\n", FILL, ASKED,
            THEIRS + b"Access-Control-Expose-Headers: X\r\nVary: origin\r\n" + DATED,
            id="complete: with all that belongs to it",
        ),
        pytest.param(THEIRS + THEIRS, FILL, ASKED, DATED + ACAO + VARY, id="two origins: replaced"),
        pytest.param(THEIRS + THEIRS, FILL, EVIL, DATED + VARY, id="two origins: removed"),
        pytest.param(TRUE, FILL, ASKED, DATED + ACAO + VARY, id="no origin: replaced"),
        pytest.param(b"Access-Control-Allow-Origin: https://a, https://b\r\n", FILL, ASKED,
                     DATED + ACAO + VARY, id="a list of origins: replaced"),
        pytest.param(b"Access-Control-Allow-Origin: \r\n", FILL, ASKED,
                     DATED + ACAO + VARY, id="an empty origin: replaced"),
        pytest.param(b"Access-Control-Allow-Origin: null\r\n", FILL, ASKED,
                     b"Access-Control-Allow-Origin: null\r\n" + DATED + VARY, id="null: as it is"),
        pytest.param(b"Access-Control-Allow-Origin: *\r\n", FILL, ASKED,
                     b"Access-Control-Allow-Origin: *\r\n" + DATED + VARY, id="*: left alone"),
        pytest.param(b"Access-Control-Allow-Origin: *\r\n" + TRUE, FILL, ASKED,
                     DATED + ACAO + VARY, id="rule 27: * with credentials: replaced"),
        pytest.param(THEIRS + TRUE, FILL_RICH, ASKED, THEIRS + TRUE + DATED + VARY,
                     id="complete with credentials: left alone"),
        pytest.param(THEIRS, FILL_RICH, ASKED, DATED + ACAO + TRUE + VARY,
                     id="without credentials: replaced"),
        pytest.param(THEIRS + b"Access-Control-Allow-Credentials: True\r\n", FILL_RICH, ASKED,
                     DATED + ACAO + TRUE + VARY, id="rule 28: True is not true: replaced"),
        pytest.param(THEIRS + TRUE + TRUE, FILL_RICH, ASKED,
                     DATED + ACAO + TRUE + VARY, id="credentials twice: replaced"),
        pytest.param(
            THEIRS + b"Timing-Allow-Origin: x\r\n", FILL_MORE, ASKED,
            THEIRS + DATED + b"Timing-Allow-Origin: *\r\n"
            b"Cross-Origin-Resource-Policy: same-site\r\n" + VARY,
            id="rule 54: the policy's neighbours are set all the same",
        ),
    ],
)  # fmt: skip
def test_fill_adds_what_is_missing_and_never_makes_two(
    fields: bytes, rules: CorsPolicy, request_: CorsRequest, passed: bytes
):
    assert answered(fields, rules, request_) == passed


def test_where_no_route_matched_the_default_policy_answers():
    way = Passage(ONE.judge(ASKED), ONE, Client(None))
    reply = ResponseHead(404, b"Not Found", ((b"Content-Length", b"0"),))

    head = to_client(reply, way, (), b"D")

    assert (
        head == b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n" + DATED + ACAO + VARY + b"\r\n"
    )
