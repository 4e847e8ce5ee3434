import pytest

from corsproxy.core.advice import Change, advise, change_for, quoted
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
            Reason.HEADER_NOT_ALLOWED, "a*b", 'cors.allow_headers: [X-Foo, "a*b"]', id="in quotes"
        ),
        pytest.param(Reason.METHOD_NOT_ALLOWED, "trace", None, id="what Fetch forbids"),
        pytest.param(
            Reason.HEADER_NOT_ALLOWED, "x-b_c", "cors.allow_headers: [X-Foo, x-b_c]", id="a header"
        ),
        pytest.param(Reason.ORIGIN_MALFORMED, "https://a/", None, id="what is no origin"),
        pytest.param(Reason.METHOD_MALFORMED, "a b", None, id="what is no method"),
        pytest.param(Reason.TOO_MANY_HEADERS, "over 128 names", None, id="too much"),
        pytest.param(Reason.HEADER_NOT_ALLOWED, "x y", None, id="what is no header"),
        pytest.param(Reason.HEADER_NOT_ALLOWED, "x" * 326, None, id="what was cut off"),
    ],
)
def test_a_refusal_has_the_line_that_would_allow_it(
    reason: Reason, culprit: str, advice: str | None
):
    assert advise(Refusal(reason, culprit), POLICY, "cors") == advice


@pytest.mark.parametrize(
    ("origins", "refusal", "advice", "options"),
    [
        pytest.param(
            ["*"],
            Refusal(Reason.ORIGIN_NULL, "null"),
            'cors.allow_origins: ["*", "null"]'
            " and cors.dangerously_allow: [null_origin, any_origin_with_credentials]",
            None,
            id="null beside all others",
        ),
        pytest.param(
            ["https://a"],
            Refusal(Reason.ORIGIN_NOT_ALLOWED, "http://app.corp"),
            'cors.allow_origins: ["https://a", "http://app.corp"]'
            " and cors.dangerously_allow: [insecure_origin_with_credentials]",
            "--allow-origin https://a --allow-origin http://app.corp --no-credentials",
            id="an origin without TLS",
        ),
        pytest.param(
            ["http://app.corp"],
            Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://b"),
            'cors.allow_origins: ["http://app.corp", "https://b"]',
            "--allow-origin http://app.corp --allow-origin https://b",
            id="beside one that is named already",
        ),
    ],
)
def test_with_credentials_the_dangers_are_named(
    origins: list[str], refusal: Refusal, advice: str, options: str | None
):
    policy = CorsPolicy(origins=compile_origins(origins), credentials=True)
    assert advise(refusal, policy, "cors") == advice
    assert advise(refusal, policy, "command line") == options


def test_the_opaque_origin_stays_in_the_list():
    policy = CorsPolicy(origins=compile_origins(["https://app.example", "null"]))
    refusal = Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://b.example")

    assert advise(refusal, policy, "cors") == (
        'cors.allow_origins: ["https://app.example", "https://b.example", "null"]'
    )


@pytest.mark.parametrize(
    ("refusal", "change"),
    [
        (Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://b"), Change("allow_origins", "https://b")),
        (Refusal(Reason.ORIGIN_NULL, "null"), Change("allow_origins", "null")),
        (Refusal(Reason.METHOD_NOT_ALLOWED, "PUT"), Change("allow_methods", "PUT")),
        (Refusal(Reason.METHOD_NOT_ALLOWED, "TRACE"), None),
        (Refusal(Reason.METHOD_NOT_ALLOWED, "patch"), None),
        (Refusal(Reason.HEADER_NOT_ALLOWED, "x-a"), Change("allow_headers", "x-a")),
        (Refusal(Reason.TOO_MANY_HEADERS, "over 128 names"), None),
    ],
)
def test_a_refusal_has_the_edit_that_would_allow_it(refusal: Refusal, change: Change | None):
    assert change_for(refusal) == change


@pytest.mark.parametrize(
    ("entry", "scalar"),
    [
        ("X-Own", "X-Own"),
        ("x_own", "x_own"),
        ("on", '"on"'),
        ("Null", '"Null"'),
        ("*", '"*"'),
        ("-", '"-"'),
        ("-X", '"-X"'),
        ("http://a", '"http://a"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("1", '"1"'),
        ("é", '"é"'),
    ],
)
def test_a_text_is_quoted_where_yaml_needs_it(entry: str, scalar: str):
    assert quoted(entry) == scalar


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        pytest.param(
            Refusal(Reason.ORIGIN_NOT_ALLOWED, "http://localhost:3000"),
            "--allow-origin https://app.example --allow-origin 'http://localhost:*' "
            "--allow-origin http://localhost:3000",
            id="an origin",
        ),
        pytest.param(
            Refusal(Reason.METHOD_NOT_ALLOWED, "PATCH"),
            "--allow-method PUT --allow-method PATCH",
            id="a method",
        ),
        pytest.param(
            Refusal(Reason.HEADER_NOT_ALLOWED, "x'y"),
            """--allow-header X-Foo --allow-header 'x'"'"'y'""",
            id="a header that a shell would take for something else",
        ),
        pytest.param(Refusal(Reason.ORIGIN_NULL, "null"), None, id="what only a file can name"),
        pytest.param(Refusal(Reason.METHOD_MALFORMED, "a b"), None, id="what is no method"),
    ],
)
def test_without_a_file_it_is_the_options(refusal: Refusal, advice: str | None):
    assert advise(refusal, POLICY, "command line") == advice
