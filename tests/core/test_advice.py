import pytest

from corsproxy.core.advice import advise
from corsproxy.core.cors import CorsPolicy, Reason, Refusal
from corsproxy.core.origins import compile_origins

POLICY = CorsPolicy(
    origins=compile_origins(["https://app.example", "http://localhost:*"]),
    methods=("PUT",),
    headers=("X-Foo",),
)


@pytest.mark.parametrize(
    ("reason", "culprit", "advice"),
    [
        pytest.param(
            Reason.ORIGIN_NOT_ALLOWED,
            "https://b.example",
            'cors.allow_origins: ["https://app.example", "http://localhost:*",'
            ' "https://b.example"]',
            id="an origin more",
        ),
        pytest.param(
            Reason.ORIGIN_NULL,
            "null",
            'cors.allow_origins: ["https://app.example", "http://localhost:*", "null"]'
            " and cors.dangerously_allow: [null_origin]",
            id="the danger",
        ),
        pytest.param(
            Reason.METHOD_NOT_ALLOWED, "PATCH", "cors.allow_methods: [PUT, PATCH]", id="a method"
        ),
        pytest.param(
            Reason.METHOD_NOT_ALLOWED, "a*b", 'cors.allow_methods: [PUT, "a*b"]', id="in quotes"
        ),
        pytest.param(Reason.METHOD_NOT_ALLOWED, "trace", None, id="what Fetch forbids"),
        pytest.param(
            Reason.HEADER_NOT_ALLOWED, "x-b_c", "cors.allow_headers: [X-Foo, x-b_c]", id="a header"
        ),
        pytest.param(Reason.ORIGIN_MALFORMED, "https://a/", None, id="what is no origin"),
        pytest.param(Reason.METHOD_MALFORMED, "a b", None, id="what is no method"),
        pytest.param(Reason.TOO_MANY_HEADERS, "over 128 names", None, id="too much"),
    ],
)
def test_a_refusal_has_the_line_that_would_allow_it(
    reason: Reason, culprit: str, advice: str | None
):
    assert advise(Refusal(reason, culprit), POLICY, "cors") == advice
