import pytest

from corsproxy.core.cors import CorsPolicy, CorsRequest, Reason, Refusal, Verdict
from corsproxy.core.origins import compile_origins

APP = b"https://app.example"
EVIL = b"https://evil.example"


def policy(*origins: str, **keys: object) -> CorsPolicy:
    return CorsPolicy(
        origins=compile_origins(origins or [APP.decode()]),
        **keys,  # type: ignore[arg-type]
    )


PUBLIC = policy("*", expose=("X-Total", "X-Page"))
ONE = policy(methods=("PUT",), headers=("X-Foo",), max_age=600, private_network=True)
RICH = policy(APP.decode(), "http://localhost:*", expose=("X-Total",), credentials=True)
EVERYTHING = policy(expose=("X-Total", "*"), credentials=True)
TIMING = compile_origins(["https://metrics.example"])

ANY = (b"Access-Control-Allow-Origin", b"*")
ORIGIN = (b"Access-Control-Allow-Origin", APP)
CREDENTIALS = (b"Access-Control-Allow-Credentials", b"true")
TAO = b"Timing-Allow-Origin"
CORP = (b"Cross-Origin-Resource-Policy", b"cross-origin")
VARY = (b"Origin",)
REFUSED = Refusal(Reason.ORIGIN_NOT_ALLOWED, EVIL.decode())


def expose(value: bytes) -> tuple[bytes, bytes]:
    return (b"Access-Control-Expose-Headers", value)


def asked(*origins: bytes) -> CorsRequest:
    return CorsRequest(origins)


@pytest.mark.parametrize(
    ("rules", "request_", "verdict"),
    [
        pytest.param(
            ONE,
            asked(APP),
            Verdict((ORIGIN,), VARY),
            id="rules 47 and 49: methods, headers, age and network have no say here",
        ),
        pytest.param(
            RICH,
            asked(APP),
            Verdict((ORIGIN, CREDENTIALS, expose(b"X-Total")), VARY),
            id="rules 28 and 50: credentials, and the names exposed",
        ),
        pytest.param(
            RICH,
            asked(b"http://localhost:3001"),
            Verdict(
                (
                    (b"Access-Control-Allow-Origin", b"http://localhost:3001"),
                    CREDENTIALS,
                    expose(b"X-Total"),
                ),
                VARY,
            ),
            id="rule 27: the origin that asked",
        ),
        pytest.param(
            RICH, asked(EVIL), Verdict((), VARY, REFUSED), id="rules 46 and 57: refused, with Vary"
        ),
        pytest.param(RICH, None, Verdict((), VARY), id="rules 57 and 59: no Origin, with Vary"),
        pytest.param(
            ONE,
            asked(b"null"),
            Verdict((), VARY, Refusal(Reason.ORIGIN_NULL, "null")),
            id="rule 14: null",
        ),
        pytest.param(
            ONE,
            asked(APP, EVIL),
            Verdict(
                (),
                VARY,
                Refusal(
                    Reason.ORIGIN_MALFORMED,
                    "https://app.example, https://evil.example",
                    "a request has one Origin field",
                ),
            ),
            id="rule 12: two lines, the first of them allowed",
        ),
        pytest.param(
            ONE,
            asked(b""),
            Verdict((), VARY, Refusal(Reason.ORIGIN_MALFORMED, "", "an origin can't be empty")),
            id="rule 13: an empty Origin",
        ),
        pytest.param(
            PUBLIC, asked(APP), Verdict((ANY, expose(b"X-Total, X-Page"))), id="rule 58: *, no Vary"
        ),
        pytest.param(
            PUBLIC, None, Verdict((ANY, expose(b"X-Total, X-Page"))), id="rule 58: without Origin"
        ),
        pytest.param(
            PUBLIC, asked(b"null"), Verdict((ANY, expose(b"X-Total, X-Page"))), id="rule 14: * null"
        ),
        pytest.param(
            PUBLIC,
            asked(b"no origin", b"at all"),
            Verdict((ANY, expose(b"X-Total, X-Page"))),
            id="rule 58: whatever Origin says",
        ),
        pytest.param(
            policy("*", expose=("*",)),
            None,
            Verdict((ANY, expose(b"*"))),
            id="rule 51: * exposes all, without credentials",
        ),
        pytest.param(
            policy(expose=("*",)),
            asked(APP),
            Verdict((ORIGIN, expose(b"*")), VARY),
            id="rule 51: for named origins too",
        ),
        pytest.param(
            EVERYTHING,
            asked(APP),
            Verdict((ORIGIN, CREDENTIALS), VARY, expose_all=True),
            id="rule 51: with credentials the real names are asked for",
        ),
        pytest.param(
            EVERYTHING, asked(EVIL), Verdict((), VARY, REFUSED), id="rule 51: not for the refused"
        ),
        pytest.param(
            policy("*", credentials=True),
            asked(EVIL),
            Verdict(((b"Access-Control-Allow-Origin", EVIL), CREDENTIALS), VARY),
            id="rule 57: any origin with credentials varies",
        ),
        pytest.param(
            policy("null"),
            asked(b"null"),
            Verdict(((b"Access-Control-Allow-Origin", b"null"),), VARY),
            id="rule 57: null, opted in, varies",
        ),
        pytest.param(
            policy(timing_origins=TIMING, resource_policy="cross-origin"),
            asked(EVIL),
            Verdict((CORP,), VARY, REFUSED),
            id="rule 54: the neighbouring fields are judged by themselves",
        ),
        pytest.param(
            policy(timing_origins=TIMING, resource_policy="cross-origin"),
            asked(b"https://metrics.example"),
            Verdict(
                ((TAO, b"https://metrics.example"), CORP),
                VARY,
                Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://metrics.example"),
            ),
            id="rule 54: who may read the timing need not read the answer",
        ),
        pytest.param(
            policy(timing_origins=TIMING, resource_policy="cross-origin"),
            None,
            Verdict((CORP,), VARY),
            id="rule 54: without Origin",
        ),
        pytest.param(
            policy(timing_origins=compile_origins(["*"])),
            None,
            Verdict(((TAO, b"*"),), VARY),
            id="rule 54: timing for all",
        ),
        pytest.param(
            policy("*", timing_origins=compile_origins(["*"])),
            asked(APP),
            Verdict((ANY, (TAO, b"*"))),
            id="rule 58: all for all needs no Vary",
        ),
        pytest.param(
            policy("*", timing_origins=TIMING),
            asked(b"https://metrics.example"),
            Verdict((ANY, (TAO, b"https://metrics.example")), VARY),
            id="rule 54: timing for one makes the answer vary",
        ),
        pytest.param(
            policy("*", timing_origins=TIMING),
            asked(b"https://metrics.example", b"https://metrics.example"),
            Verdict((ANY,), VARY),
            id="rule 12: two lines time nothing",
        ),
    ],
)
def test_an_actual_request_is_judged(
    rules: CorsPolicy, request_: CorsRequest | None, verdict: Verdict
):
    assert rules.judge(request_) == verdict
