import pytest

from corsproxy.config.origin_hints import explain
from corsproxy.core.origins import OriginPattern, OriginSyntaxError

WILD = "'*' may only lead the host ('*.example.com') or be the port"
BLANKS = "an origin has no blanks and no control characters"
BRACKETS = "an IPv6 address stands in brackets"
MISSING = "the scheme is missing"
MARK = "'://' stands between the scheme and the host"
QUOTES = "the quotes are part of the text here"
NO_PORT = "'{}' is no port: 1 to 65535, or '*' for any"


@pytest.mark.parametrize(
    ("entry", "what", "write"),
    [
        ("https://a https://b", "one origin an item", '["https://a", "https://b"]'),
        ("https://a\nb", BLANKS, None),
        ("https://a\t", BLANKS, "https://a"),
        ("//a", "the scheme is missing", "https://a"),
        ("https://(a|b)", "this looks like a regular expression", "it in allow_origin_regex"),
        ("https://*a.b", WILD, "https://*.a.b"),
        ("https://a.*", WILD, "each name, or a pattern in allow_origin_regex"),
        ("*://a.b", WILD, "https://a.b"),
        ("https://*", "this is every https site", '"*" for what is public'),
        ("https://a..b", "the host has an empty label", "https://a.b"),
        ("https://a:007", NO_PORT.format("007"), "https://a:7"),
        ("https://a:x", NO_PORT.format("x"), "https://a:*"),
        ("https://", "the host has an empty label", None),
        ("https://A", "browsers send origins in lower case", "https://a"),
        ("http://::1:3001", BRACKETS, "http://[::1]:3001"),
        ("http://::1:80", BRACKETS, "http://[::1]"),
        ("http://fe80::1", BRACKETS, "http://[fe80::1]"),
        ("::1:3001", MISSING, "http://[::1]:3001"),
        ("[::1]:3001", MISSING, "http://[::1]:3001"),
        ("LOCALHOST:3001", MISSING, "http://localhost:3001"),
        ("3001", "an origin has a scheme and a host", "http://localhost:3001"),
        ("http//localhost:3001", MARK, "http://localhost:3001"),
        ("http:/localhost:3001", MARK, "http://localhost:3001"),
        ("http:///localhost:3001", MARK, "http://localhost:3001"),
        ("HTTPS:/a.com/x", MARK, "https://a.com"),
        ("any", "any origin is '*'", '"*"'),
        ("All", "any origin is '*'", '"*"'),
        ("user:pw@a.com", MISSING, "https://a.com"),
        ("\u201chttp://a\u201d", QUOTES, "http://a"),
        ("'a.com'", QUOTES, "https://a.com"),
        ("\u201cno origin\u201d", QUOTES, None),
        ("$PAGE_1", "a variable of the environment stands in braces", "${PAGE_1}"),
    ],
)
def test_what_was_meant(entry: str, what: str, write: str | None):
    with pytest.raises(OriginSyntaxError) as caught:
        OriginPattern.parse(entry)
    wrong = explain(entry, caught.value)
    assert (wrong.what, wrong.write) == (what, write)
