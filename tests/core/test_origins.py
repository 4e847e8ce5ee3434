import pytest

from corsproxy.core.origins import (
    Origin,
    OriginPattern,
    OriginSyntaxError,
    parse_octets,
)

NO_SLASH = "browsers send no trailing slash"
LOWER = "browsers send origins in lower case"
ONE = "one origin an item, without blanks or commas"
WILDCARD = "'*' may only lead the host ('*.example.com') or be the port"
EMPTY_LABEL = "the host has an empty label"
USER = "an origin is scheme://host[:port], without '@' and what precedes it"
BRACKETS = "an IPv6 address stands in brackets"
DECIMAL = "browsers send an IPv4 address as four decimal numbers"


def more(tail: str) -> str:
    return f"an origin is scheme://host[:port], without {tail!r} and what follows"


def no_port(text: str) -> str:
    return f"{text!r} is no port: 1 to 65535, or '*' for any"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        pytest.param("https://a.com", Origin("https", "a.com"), id="no port"),
        pytest.param("http://a.com:8080", Origin("http", "a.com", 8080), id="a port"),
        pytest.param("https://a.com:80", Origin("https", "a.com", 80), id="http's port on https"),
        pytest.param("http://a.com:65535", Origin("http", "a.com", 65535), id="the last port"),
        pytest.param("http://localhost:3001", Origin("http", "localhost", 3001), id="localhost"),
        pytest.param("http://127.0.0.1", Origin("http", "127.0.0.1"), id="rule 20: IPv4"),
        pytest.param("http://[::1]:81", Origin("http", "[::1]", 81), id="rule 20: IPv6"),
        pytest.param("https://a.com.", Origin("https", "a.com."), id="rule 11: a root dot"),
        pytest.param(
            "https://xn--exmple-cua.com", Origin("https", "xn--exmple-cua.com"), id="rule 21: IDN"
        ),
        pytest.param("https://my_app", Origin("https", "my_app"), id="rule 21: an underscore"),
        pytest.param("capacitor://localhost", Origin("capacitor", "localhost"), id="rule 22"),
        pytest.param(
            "moz-extension://0a1b-2c3d", Origin("moz-extension", "0a1b-2c3d"), id="rule 22: uuid"
        ),
        pytest.param("a+b.c-1://x:443", Origin("a+b.c-1", "x", 443), id="rule 22: no default port"),
    ],
)
def test_origins_are_read_and_written_as_browsers_do(text: str, origin: Origin):
    assert Origin.parse(text) == origin
    assert str(origin) == text
    assert parse_octets(text.encode()) == origin


@pytest.mark.parametrize(
    ("text", "what", "write"),
    [
        pytest.param("", "an origin can't be empty", "https://app.example.com", id="nothing"),
        pytest.param("https://a https://b", ONE, "a list of origins", id="two, by a blank"),
        pytest.param("https://a,https://b", ONE, "a list of origins", id="two, by a comma"),
        pytest.param("https://a.com\n", ONE, "a list of origins", id="a line end"),
        pytest.param("https://a.com\x00", ONE, "a list of origins", id="NUL"),
        pytest.param(
            "^https://", "this looks like a regular expression", "it in allow_origin_regex", id="^"
        ),
        pytest.param(
            "/re/", "this looks like a regular expression", "it in allow_origin_regex", id="/.../"
        ),
        pytest.param("https://a$", "this looks like a regular expression",
                     "it in allow_origin_regex", id="$"),
        pytest.param("FILE:///x", "pages from file: send 'Origin: null'",
                     "http://localhost and serve them there", id="a file, in upper case"),
        pytest.param("a.com", "the scheme is missing", "https://a.com", id="no scheme"),
        pytest.param(
            "localhost:3001", "the scheme is missing", "http://localhost:3001", id="localhost"
        ),
        pytest.param(
            "127.0.0.1:3001", "the scheme is missing", "http://127.0.0.1:3001", id="an address"
        ),
        pytest.param("App.com/x", "the scheme is missing", "https://app.com", id="no scheme, more"),
        pytest.param("null", "'null' is what every opaque origin sends", None, id="null"),
        pytest.param("https://exämple.com", "browsers send host names in Punycode",
                     "https://xn--exmple-cua.com", id="no ASCII"),
        pytest.param("https://" + "ä" * 70, "browsers send host names in Punycode", None,
                     id="no ASCII and too long"),
        pytest.param("https://App.com", LOWER, "https://app.com", id="upper case"),
        pytest.param("HTTPS://a.com:443/", LOWER, "https://a.com", id="many things at once"),
        pytest.param("https://A.com:70000", LOWER, None, id="beyond mending"),
        pytest.param("https://a.com/", NO_SLASH, "https://a.com", id="rule 11: a trailing slash"),
        pytest.param("https://a.com/x/", more("/"), "https://a.com", id="a path"),
        pytest.param("https://a.com?x", more("?"), "https://a.com", id="a query"),
        pytest.param("https://a.com#x", more("#"), "https://a.com", id="a fragment"),
        pytest.param("https://a.com\\x", more("\\"), "https://a.com", id="a backslash"),
        pytest.param("https://u:p@a.com", USER, "https://a.com", id="user information"),
        pytest.param("https://u:p@a.com/", USER, "https://a.com", id="user information and more"),
        pytest.param("://a.com", "'' is no scheme", None, id="an empty scheme"),
        pytest.param("*://a.com", "'*' is no scheme", None, id="a wildcard for the scheme"),
        pytest.param("1http://a.com", "'1http' is no scheme", None, id="a digit in front"),
        pytest.param("*://a" + ":" * 2000, "'*' is no scheme", None, id="no scheme, and colons"),
        pytest.param(
            "file:///x",
            "pages from file: send 'Origin: null'",
            "http://localhost and serve them there",
            id="a file",
        ),
        pytest.param(
            "data:text/html",
            "pages from data: send 'Origin: null'",
            "http://localhost and serve them there",
            id="a data URL",
        ),
        pytest.param("https://a.com:443", "browsers leave out the default port 443",
                     "https://a.com", id="rule 11: https's own port"),
        pytest.param("http://a.com:80", "browsers leave out the default port 80",
                     "http://a.com", id="rule 11: http's own port"),
        pytest.param("http://a.com:", no_port(""), None, id="rule 16: an empty port"),
        pytest.param("http://a.com:0", no_port("0"), None, id="rule 16: port 0"),
        pytest.param("http://a.com:65536", no_port("65536"), None, id="rule 16: over 65535"),
        pytest.param("http://a.com:080", no_port("080"), None, id="rule 16: a leading zero"),
        pytest.param("http://a.com:30*", no_port("30*"), None, id="rule 16: half a wildcard"),
        pytest.param("http://a.com:x", no_port("x"), None, id="rule 16: text"),
        pytest.param("https://", EMPTY_LABEL, None, id="no host"),
        pytest.param("https://.a.com", EMPTY_LABEL, "https://*.a.com", id="a leading dot"),
        pytest.param("https://.", EMPTY_LABEL, None, id="a dot alone"),
        pytest.param("https://*..a.com", EMPTY_LABEL, None, id="a wildcard and two dots"),
        pytest.param("https://.1.2.3.4:81", EMPTY_LABEL, None, id="a dot before an address"),
        pytest.param("https://*", WILDCARD, None, id="every host"),
        pytest.param("https://*a.com", WILDCARD, None, id="a wildcard without a dot"),
        pytest.param("https://a.*.com", WILDCARD, None, id="a wildcard inside"),
        pytest.param("https://*.*.com", WILDCARD, None, id="two wildcards"),
        pytest.param("http://192.168.1.*", WILDCARD, None, id="a wildcard for a number"),
        pytest.param("http://*.192.168.1.1",
                     "a wildcard stands for DNS labels, not for parts of an address", None,
                     id="a wildcard before an address"),
        pytest.param("http://127.1", DECIMAL, "http://127.0.0.1", id="rule 20: short IPv4"),
        pytest.param("http://127.1:81", DECIMAL, "http://127.0.0.1:81", id="rule 20: and a port"),
        pytest.param("http://256.1.1.1", DECIMAL, None, id="rule 20: out of range"),
        pytest.param("http://::1", BRACKETS, "http://[::1]", id="rule 20: IPv6 without brackets"),
        pytest.param("http://::1:3001", BRACKETS, "http://[::1]:3001", id="IPv6 and a port"),
        pytest.param("http://::1:80", BRACKETS, "http://[::1]", id="IPv6 and its own port"),
        pytest.param("::1:3001", "the scheme is missing", "http://[::1]:3001", id="IPv6 alone"),
        pytest.param("LOCALHOST:1", "the scheme is missing", "http://localhost:1", id="LOCALHOST"),
        pytest.param("http://a:b:c", BRACKETS, None, id="two colons"),
        pytest.param("http://[::1", BRACKETS, None, id="rule 20: half a bracket"),
        pytest.param("http://[::1]x", BRACKETS, None, id="rule 20: text behind the bracket"),
        pytest.param("http://[0:0::1]:81",
                     "browsers send an IPv6 address compressed, in hex", "http://[::1]:81",
                     id="rule 20: uncompressed IPv6"),
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_refused_with_what_to_write(
    text: str, what: str, write: str | None
):
    with pytest.raises(OriginSyntaxError) as caught:
        OriginPattern.parse(text)

    assert (caught.value.what, caught.value.write) == (what, write)


@pytest.mark.parametrize("text", ["https://*.a.com", "http://localhost:*"])
def test_an_origin_has_no_wildcard(text: str):
    with pytest.raises(OriginSyntaxError, match="an origin has no wildcard"):
        Origin.parse(text)


@pytest.mark.parametrize(
    ("text", "pattern", "exact"),
    [
        pytest.param("https://a.com", OriginPattern("https", "a.com"), True, id="an origin"),
        pytest.param("https://*.a.com", OriginPattern("https", "a.com", None, True), False,
                     id="any labels"),
        pytest.param("https://*.a.com:81", OriginPattern("https", "a.com", 81, True), False,
                     id="any labels on a port"),
        pytest.param("http://a:*", OriginPattern("http", "a", None, False, True), False,
                     id="any port"),
        pytest.param("http://[::1]:*", OriginPattern("http", "[::1]", None, False, True), False,
                     id="any port of an address"),
        pytest.param("a://*.b:*", OriginPattern("a", "b", None, True, True), False, id="both"),
    ],
)  # fmt: skip
def test_patterns_are_read_and_written(text: str, pattern: OriginPattern, exact: bool):
    assert OriginPattern.parse(text) == pattern
    assert str(pattern) == text
    assert pattern.exact is exact


@pytest.mark.parametrize(
    ("pattern", "origin", "matches"),
    [
        pytest.param("https://a.com", Origin("https", "a.com"), True, id="the origin"),
        pytest.param("https://a.com", Origin("http", "a.com"), False, id="another scheme"),
        pytest.param("https://a.com", Origin("https", "a.com", 81), False, id="another port"),
        pytest.param("https://a.com", Origin("https", "x.a.com"), False, id="below it"),
        pytest.param("https://*.a.com", Origin("https", "x.a.com"), True, id="a label before"),
        pytest.param("https://*.a.com", Origin("https", "a.com"), False, id="the apex"),
        pytest.param("https://*.a.com", Origin("https", ".a.com"), False, id="an empty label"),
        pytest.param("https://*.a.com", Origin("https", "xa.com"), False, id="a suffix"),
        pytest.param("https://*.a.com", Origin("https", "other.example"), False, id="another"),
        pytest.param("https://a.com:*", Origin("https", "a.com", 81), True, id="any port"),
        pytest.param("https://a.com:*", Origin("https", "b.com", 81), False, id="another host"),
    ],
)
def test_a_pattern_matches(pattern: str, origin: Origin, matches: bool):
    assert OriginPattern.parse(pattern).matches(origin) is matches


def test_a_suggestion_is_looked_for_once_however_odd_the_text():
    """Found by fuzzing: one colon was taken off at a time, each in a call of its own."""
    text = "a\xfc.x://a.example" + ":" * 2000

    with pytest.raises(OriginSyntaxError) as caught:
        OriginPattern.parse(text)

    assert caught.value.write is None
