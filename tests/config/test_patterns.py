import re
from collections.abc import Callable

import pytest

from corsproxy.config import patterns
from corsproxy.config.problems import WrongValueError
from corsproxy.core.origins import OriginPattern

Parse = Callable[[object], object]
NO_REGEX = "the regular expression does not compile: "
WILD = "this is no regular expression, but a pattern"
SLASHES = "a regular expression stands without slashes around it"
ENCODED = "letters, digits and -._~ are compared as they are, not encoded"
DOT = "browsers ignore the leading dot (RFC 6265 §5.2.3)"
LARGE = "the repetition number is too large"
OPEN = "missing ), unterminated subpattern at column 2"
ASCII = "paths travel in ASCII, without blanks"
FILE = "http://localhost and serve them there"


@pytest.mark.parametrize(
    ("parse", "value", "taken"),
    [
        (patterns.origin, "*", "*"),
        (patterns.origin, "null", "null"),
        (patterns.origin, "https://*.a_b.c:*", OriginPattern("https", "a_b.c", None, True, True)),
        (patterns.origin, "tauri://localhost", OriginPattern("tauri", "localhost")),
        (patterns.timing_origin, "*", "*"),
        (patterns.path, "/api/", b"/api"),
        (patterns.path, "/", b"/"),
        (patterns.path, "//", b"/"),
        (patterns.path, "/a%2fb;c..d", b"/a%2fb;c..d"),
        (patterns.host, "*.example.com", "*.example.com"),
        (patterns.host, "[::1]", "[::1]"),
        (patterns.route_name, "the API", "the API"),
        (patterns.cookie_domain, "strip", ""),
        (patterns.cookie_domain, "example.com", "example.com"),
        (patterns.cookie_path, "/a b", "/a b"),
        (patterns.origin_regex, "https://a", re.compile("https://a")),
        (patterns.path_regex, "/v[0-9]", re.compile(b"/v[0-9]")),
    ],
)  # fmt: skip
def test_a_pattern_is_taken(parse: Parse, value: object, taken: object):
    assert parse(value) == taken


@pytest.mark.parametrize(
    ("parse", "value", "what", "write"),
    [
        (patterns.origin, {}, "expected an origin, got a mapping", None),
        (patterns.origin, "", "the text is empty", None),
        (
            patterns.origin,
            3001,
            "an origin has a scheme and a host",
            "http://localhost:3001",
        ),
        (patterns.origin, "localhost:1", "the scheme is missing", "http://localhost:1"),
        (patterns.origin, "https://a/", "browsers send no trailing slash", "https://a"),
        (patterns.origin, "https://A", "browsers send origins in lower case", "https://a"),
        (patterns.origin, "https://a:443", "browsers leave out the default port 443", "https://a"),
        (patterns.origin, "file:///x", "pages from file: send 'Origin: null'", FILE),
        (patterns.timing_origin, "null", "the opaque origin 'null' is everyone's", '"*"'),
        (patterns.origin_regex, "a(", f"{NO_REGEX}{OPEN}", None),
        (patterns.origin_regex, "a{4294967296}", f"{NO_REGEX}{LARGE}", None),
        (patterns.origin_regex, "", "the text is empty", None),
        (patterns.origin_regex, "https://*.a.com", WILD, "https://*.a.com in allow_origins"),
        (patterns.origin_regex, "http://localhost:*", WILD, "http://localhost:* in allow_origins"),
        (patterns.origin_regex, "*.a.com", WILD, "https://*.a.com in allow_origins"),
        (patterns.origin_regex, "*", WILD, '"*" in allow_origins'),
        (patterns.origin_regex, r"/https:\/\/a/", SLASHES, "'https://a'"),
        (patterns.origin_regex, r"/^https://a\.b$/i", SLASHES, r"'^https://a\.b$'"),
        (patterns.path_regex, "/ä", "paths travel in ASCII", "/%C3%A4"),
        (patterns.path_regex, "[", f"{NO_REGEX}unterminated character set at column 1", None),
        (patterns.path, "api", "a path starts with a slash", "/api"),
        (patterns.path, "^/a", "this looks like a regular expression", "it in path_regex"),
        (patterns.path, "http://a/b", "a path has no scheme and no host", "the host in `host`"),
        (patterns.path, "/a?b", "a path ends before the query", "/a"),
        (patterns.path, "/a#b", "a path ends before the query", "/a"),
        (patterns.path, "/ä b", ASCII, "/%C3%A4%20b"),
        (patterns.path, "/a/*", "a path stands for all below it", "/a"),
        (patterns.path, "/**", "a path stands for all below it", "/"),
        (patterns.path, "/%7eb", ENCODED, "/~b"),
        (patterns.path, "/a/../b", "a path has no dot segments: '/a/../b' is '/b'", None),
        (patterns.host, "*", "a route serves every host where `host` is left out", None),
        (patterns.host, "http://a/", "a host has no scheme", "a"),
        (patterns.host, "A.b", "hosts are compared in lower case", "a.b"),
        (patterns.host, "a:80", "a route's host has no port", "a"),
        (patterns.route_name, "a\nb", "a name is printable", None),
        (patterns.cookie_domain, ".a.b", DOT, "a.b"),
        (patterns.cookie_path, "a", "the Path of a cookie starts with a slash", "/a"),
        (patterns.cookie_path, "/a;b", "the Path of a cookie is ASCII without semicolons", None),
    ],
)  # fmt: skip
def test_a_pattern_is_refused_with_what_to_write(
    parse: Parse, value: object, what: str, write: str | None
):
    with pytest.raises(WrongValueError) as caught:
        parse(value)
    assert (caught.value.what, caught.value.write) == (what, write)


def test_what_the_compiler_warns_of_is_passed_over():
    assert patterns.origin_regex("[[x]").pattern == "[[x]"
