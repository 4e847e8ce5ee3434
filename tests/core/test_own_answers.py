"""An upstream's own CORS fields, and what a browser makes of them; the rest goes out by policy."""

import pytest

from corsproxy.core.browser import Failure
from corsproxy.core.cors import CorsPolicy, CorsRequest, PreflightRequest
from corsproxy.core.fields import Field
from corsproxy.core.messages import Client, Passage, ResponseHead
from corsproxy.core.origins import compile_origins
from corsproxy.core.own_answers import own_answer
from corsproxy.core.verdicts import Verdict

PAGE = b"https://app.example"
ALLOWS = (b"Access-Control-Allow-Origin", PAGE)
REPLACE = CorsPolicy(origins=compile_origins(["https://app.example"]))
FILL = CorsPolicy(origins=compile_origins(["https://app.example"]), fill=True)
ACTUAL = CorsRequest((PAGE,))
VAST = PreflightRequest((PAGE,), (b"PUT",), (b"x-a," * 2048, b"x-b"))
ASKS = PreflightRequest((PAGE,), (b"PUT",), (b"x-a",))


@pytest.mark.parametrize(
    ("policy", "kind", "fields", "failure"),
    [
        pytest.param(None, ACTUAL, [ALLOWS], None, id="off, and it allows"),
        pytest.param(None, ACTUAL, [], Failure.ORIGIN_MISSING, id="off, and it says nothing"),
        pytest.param(
            None, CorsRequest((PAGE, PAGE)), [ALLOWS], Failure.ORIGIN_DIFFERENT, id="two origins"
        ),
        pytest.param(
            None, ACTUAL, [ALLOWS, ALLOWS], Failure.ORIGIN_SEVERAL, id="off, and it says it twice"
        ),
        pytest.param(None, ASKS, [ALLOWS], Failure.METHOD_MISSING, id="a preflight, no methods"),
        pytest.param(
            None,
            ASKS,
            [ALLOWS, (b"Access-Control-Allow-Methods", b"PUT")],
            Failure.HEADER_MISSING,
            id="a preflight, no headers",
        ),
        pytest.param(FILL, ACTUAL, [ALLOWS], None, id="fill, and it is whole"),
    ],
)
def test_what_is_left_alone_is_judged_as_the_browser_does(
    policy: CorsPolicy | None,
    kind: CorsRequest | PreflightRequest,
    fields: list[Field],
    failure: Failure | None,
):
    passage = Passage(Verdict(), policy, Client(None))
    found = own_answer(kind, passage, ResponseHead(200, b"OK", fields))
    assert found is not None
    assert found.failure == failure


@pytest.mark.parametrize(
    ("policy", "kind", "fields"),
    [
        pytest.param(REPLACE, ACTUAL, [ALLOWS], id="replaced"),
        pytest.param(FILL, ACTUAL, [], id="fill, and there is nothing"),
        pytest.param(None, None, [ALLOWS], id="no page asks"),
        pytest.param(None, VAST, [ALLOWS], id="more headers than anybody looks at"),
    ],
)
def test_what_the_policy_answers_is_not_judged_twice(
    policy: CorsPolicy | None, kind: CorsRequest | PreflightRequest | None, fields: list[Field]
):
    passage = Passage(Verdict(), policy, Client(None))
    assert own_answer(kind, passage, ResponseHead(200, b"OK", fields)) is None
