import re

import pytest

from corsproxy.core.origins import Origin, OriginSyntaxError, compile_origins

SUBDOMAINS = {"entries": ["https://*.example.com"]}
PORTS = {"entries": ["http://localhost:*"]}
CATS = {"entries": ["https://cat.com", "https://*.foo.com", "https://bar.com"]}
REGEX = {"entries": [], "regexes": [r"https://(a|b)\.example\.com", ".*"]}
NARROW = {"entries": [], "regexes": [r"https://pr-\d+\.example\.com"]}


@pytest.mark.parametrize(
    ("allowed", "origin", "allows"),
    [
        pytest.param({"entries": []}, b"https://a.com", False, id="none allows none"),
        pytest.param({"entries": ["https://a.com"]}, b"https://a.com", True, id="the same octets"),
        pytest.param({"entries": ["https://a.com"]}, b"https://A.com", False, id="rule 10: case"),
        pytest.param({"entries": ["https://a.com"]}, b"https://a.com/", False, id="rule 11: slash"),
        pytest.param(
            {"entries": ["https://a.com"]}, b"https://a.com:443", False, id="rule 11: port"
        ),
        pytest.param({"entries": ["https://a.com"]}, b"http://a.com", False, id="rule 11: scheme"),
        pytest.param({"entries": ["https://a.com"]}, b"https://a.com.", False, id="rule 11: root"),
        pytest.param({"entries": ["https://a.com"]}, b"https://a.com\n", False, id="a line end"),
        pytest.param({"entries": ["https://a.com"]}, b"", False, id="rule 13: empty"),
        pytest.param({"entries": ["*"]}, b"", False, id="rule 13: empty, where any is allowed"),
        pytest.param({"entries": ["*"]}, b"https://x:81", True, id="any origin"),
        pytest.param({"entries": ["*"]}, b"https://x:443", False, id="rule 17: what is no origin"),
        pytest.param({"entries": ["*"]}, b"null", False, id="rule 14: null is not one of any"),
        pytest.param({"entries": ["null"]}, b"null", True, id="rule 14: null, opted in"),
        pytest.param({"entries": ["null"]}, b"NULL", False, id="rule 14: in lower case"),
        pytest.param({"entries": [], "null": True}, b"null", True, id="rule 14: null by a flag"),
        pytest.param(REGEX, b"null", False, id="rule 14: never by a regex (CVE-2019-9580)"),
        pytest.param(SUBDOMAINS, b"https://a.example.com", True, id="rule 15: one label"),
        pytest.param(SUBDOMAINS, b"https://b.a.example.com", True, id="rule 15: two labels"),
        pytest.param(SUBDOMAINS, b"https://example.com", False, id="rule 15: not the apex"),
        pytest.param(SUBDOMAINS, b"https://.example.com", False, id="rule 15: no empty label"),
        pytest.param(SUBDOMAINS, b"https://evilexample.com", False, id="rule 15: no suffix"),
        pytest.param(SUBDOMAINS, b"https://a.example.com:81", False, id="rule 15: no port"),
        pytest.param(SUBDOMAINS, b"http://a.example.com", False, id="rule 15: no other scheme"),
        pytest.param(SUBDOMAINS, b"https://a.example.com.", False, id="rule 15: no root dot"),
        pytest.param(SUBDOMAINS, b"https://evil#.example.com", False, id="rule 17: #"),
        pytest.param(SUBDOMAINS, b"https://evil?.example.com", False, id="rule 17: ?"),
        pytest.param(SUBDOMAINS, b"https://evil\\.example.com", False, id="rule 17: backslash"),
        pytest.param(SUBDOMAINS, b"https://evil/.example.com", False, id="rule 17: slash"),
        pytest.param(SUBDOMAINS, b"https://evil@a.example.com", False, id="rule 17: at"),
        pytest.param(SUBDOMAINS, b"https://e vil.example.com", False, id="rule 17: blank"),
        pytest.param(SUBDOMAINS, b"https://\xe9.example.com", False, id="rule 17: no ASCII"),
        pytest.param(SUBDOMAINS, b"https://*.example.com", False, id="rule 17: the pattern itself"),
        pytest.param(
            SUBDOMAINS, b"https://" + b"a." * 150 + b"example.com", False, id="rule 17: too long"
        ),
        pytest.param(
            SUBDOMAINS, b"https://" + b"a" * 99999 + b".example.com", False, id="rule 19: bounded"
        ),
        pytest.param(
            {"entries": ["*"]}, b"a" * 322 + b"://b", True, id="rule 19: 326 octets are few enough"
        ),
        pytest.param({"entries": ["*"]}, b"a" * 323 + b"://b", False, id="rule 19: 327 are not"),
        pytest.param(PORTS, b"http://localhost", True, id="rule 16: no port"),
        pytest.param(PORTS, b"http://localhost:1", True, id="rule 16: the first port"),
        pytest.param(PORTS, b"http://localhost:65535", True, id="rule 16: the last port"),
        pytest.param(PORTS, b"http://localhost:0", False, id="rule 16: port 0"),
        pytest.param(PORTS, b"http://localhost:65536", False, id="rule 16: over the last"),
        pytest.param(PORTS, b"http://localhost:03", False, id="rule 16: a leading zero"),
        pytest.param(PORTS, b"http://localhost:80", False, id="rule 16: the default port"),
        pytest.param(PORTS, b"http://localhost:", False, id="rule 16: an empty port"),
        pytest.param(PORTS, b"http://localhost:*", False, id="rule 16: a literal *"),
        pytest.param(PORTS, b"http://localhost.evil.net", False, id="rule 16: a prefix"),
        pytest.param(PORTS, b"http://localhost:3000.evil.net", False, id="rule 16: port and name"),
        pytest.param(PORTS, b"http://localhost:x@evil.net", False, id="rule 16: user information"),
        pytest.param(PORTS, b"http://127.0.0.1:1", False, id="rule 20: another loopback"),
        pytest.param(CATS, b"https://concat.com", False, id="rule 23: a suffix of an entry"),
        pytest.param(CATS, b"https://at.com", False, id="rule 23: an entry's suffix"),
        pytest.param(CATS, b"https://bar.foo.com", True, id="rule 23: one entry below"),
        pytest.param(CATS, b"https://barfoo.com", False, id="rule 23: two joined"),
        pytest.param(CATS, b"https://foo.com", False, id="rule 23: the apex of a wildcard"),
        pytest.param(REGEX, b"https://a.example.com", True, id="rule 18: a regex"),
        pytest.param(REGEX, b"what is no origin", False, id="rule 17: before a regex"),
        pytest.param(NARROW, b"https://pr-7.example.com", True, id="rule 18: the whole origin"),
        pytest.param(NARROW, b"https://pr-7.example.com.evil", False, id="rule 18: not its head"),
        pytest.param(NARROW, b"https://pr-7.example.com\n", False, id="rule 18: nor a line end"),
        pytest.param(
            NARROW, b"x://https://pr-7.example.com", False, id="rule 18: nor its tail"
        ),
        pytest.param(
            {"entries": ["*", "https://a.com"]}, b"https://b.com", True, id="any and others: any"
        ),
        pytest.param(
            {"entries": ["capacitor://localhost"]}, b"capacitor://localhost", True, id="rule 22"
        ),
        pytest.param(
            {"entries": ["capacitor://localhost"]}, b"http://localhost", False, id="rule 22: only"
        ),
    ],
)  # fmt: skip
def test_a_set_allows(allowed: dict[str, object], origin: bytes, allows: bool):
    assert compile_origins(**allowed).allows(origin) is allows  # type: ignore[arg-type]


NEAR = [
    "https://app.example.com",
    "http://localhost:3001",
    "https://www.shop.example",
    "https://plain.example",
    "https://*.wild.example:8443",
    "https://*.any.example",
    "http://any.local:*",
]


@pytest.mark.parametrize(
    ("origin", "near_miss"),
    [
        pytest.param(
            "https://app.example.com:8443",
            "differs only by the port from 'https://app.example.com'",
            id="the port",
        ),
        pytest.param(
            "http://localhost:3000",
            "differs only by the port from 'http://localhost:3001'",
            id="localhost's port",
        ),
        pytest.param(
            "http://app.example.com",
            "http, not https: 'https://app.example.com' is allowed",
            id="the scheme",
        ),
        pytest.param(
            "https://any.local:81", "https, not http: 'http://any.local:*' is allowed",
            id="the scheme of any port",
        ),
        pytest.param("http://app.example.com:8443", None, id="scheme and port are two things"),
        pytest.param(
            "http://127.0.0.1:3001",
            "'127.0.0.1' and 'localhost' are different origins",
            id="another name of loopback",
        ),
        pytest.param(
            "http://[::1]:3001", "'[::1]' and 'localhost' are different origins", id="IPv6 loopback"
        ),
        pytest.param("http://127.0.0.1:3000", None, id="another loopback and another port"),
        pytest.param(
            "https://shop.example",
            "'shop.example' and 'www.shop.example' are different origins",
            id="without www",
        ),
        pytest.param(
            "https://www.plain.example",
            "'www.plain.example' and 'plain.example' are different origins",
            id="with www",
        ),
        pytest.param(
            "https://any.example",
            "'https://*.any.example' covers the labels before any.example, not itself",
            id="the apex of a wildcard",
        ),
        pytest.param("https://wild.example", None, id="the apex on another port"),
        pytest.param("http://any.example", None, id="the apex by another scheme"),
        pytest.param(
            "https://a.any.example:81", None, id="below a wildcard, on another port"
        ),
        pytest.param("https://evil.example", None, id="nothing near"),
    ],
)  # fmt: skip
def test_a_near_miss_is_named(origin: str, near_miss: str | None):
    assert compile_origins(NEAR).near_miss(Origin.parse(origin)) == near_miss


def test_a_set_looks_at_few_patterns_however_many_there_are():
    """Rule 65: the work is bounded by the origin's labels, not by the table."""
    origins = compile_origins(f"https://*.tenant{n}.example" for n in range(5000))

    found = list(origins._candidates("a.b.tenant7.example"))

    assert [str(pattern) for pattern in found] == ["https://*.tenant7.example"]


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        pytest.param({"entries": []}, "none", id="none"),
        pytest.param({"entries": ["*", "https://a.com"]}, "*", id="any"),
        pytest.param(
            {"entries": ["https://a.com", "null", "http://b:*"], "regexes": ["x+"]},
            "https://a.com http://b:* /x+/ null",
            id="all kinds",
        ),
    ],
)
def test_a_set_is_written_for_people(allowed: dict[str, object], text: str):
    assert str(compile_origins(**allowed)) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entries", "regexes", "error"),
    [
        pytest.param(["https://a/b"], [], OriginSyntaxError, id="a bad origin"),
        pytest.param([], ["("], re.error, id="a bad regular expression"),
    ],
)
def test_a_set_of_nonsense_is_an_error(
    entries: list[str], regexes: list[str], error: type[Exception]
):
    with pytest.raises(error):
        compile_origins(entries, regexes)
