import pytest

from corsproxy.core.hosts import HostSyntaxError
from corsproxy.core.targets import (
    Target,
    check_host_pattern,
    comparable,
    depth_below,
    host_name,
    is_host,
    parse,
    resolved,
)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        pytest.param(b"/a/b", Target(b"/a/b"), id="a path"),
        pytest.param(
            b"/%2F%2f%7E~%C3%A9//;+%20'\"^|/./..",
            Target(b"/%2F%2f%7E~%C3%A9//;+%20'\"^|/./.."),
            id="R1: every octet of the path",
        ),
        pytest.param(b"//a.com/b", Target(b"//a.com/b"), id="R1: two slashes in front"),
        pytest.param(b"/a?b=1&b=2;c+%zz?d", Target(b"/a", b"b=1&b=2;c+%zz?d"), id="R2: any query"),
        pytest.param(b"/a?", Target(b"/a", b""), id="R3: an empty query is one"),
        pytest.param(b"/a#f", Target(b"/a"), id="R13: a fragment is dropped"),
        pytest.param(b"/a?b#f?c", Target(b"/a", b"b"), id="R13: after a query too"),
        pytest.param(b"*", Target(b"*"), id="R10: the asterisk"),
        pytest.param(
            b"http://a.com:81/b?c",
            Target(b"/b", b"c", b"a.com:81"),
            id="R9: absolute form",
        ),
        pytest.param(b"HTTPS://A.com/b", Target(b"/b", None, b"A.com"), id="R9: in any case"),
        pytest.param(b"http://a.com", Target(b"/", None, b"a.com"), id="R9: no path is /"),
        pytest.param(b"http://a.com?b", Target(b"/", b"b", b"a.com"), id="R9: only a query"),
        pytest.param(b"http://a.com#b", Target(b"/", None, b"a.com"), id="R9: only a fragment"),
        pytest.param(b"http:///b", Target(b"/b", None, b""), id="R9: an empty authority is kept"),
        pytest.param(b"a.com:443", None, id="R11: authority form"),
        pytest.param(b"a/b", None, id="no slash"),
        pytest.param(b"ftp://a.com/", None, id="another scheme"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_targets_are_split(text: bytes, target: Target | None):
    assert parse(text) == target


@pytest.mark.parametrize(
    ("value", "valid", "name"),
    [
        pytest.param(b"a.com", True, "a.com", id="a name"),
        pytest.param(b"A.com:8080", True, "a.com", id="a name with a port"),
        pytest.param(b"a.com:", True, "a.com", id="an empty port"),
        pytest.param(b"[::1]:80", True, "[::1]", id="IPv6"),
        pytest.param(b"a_b", True, "a_b", id="an underscore"),
        pytest.param(b"", False, "", id="R28: nothing"),
        pytest.param(b"a b", False, "", id="R28: a blank"),
        pytest.param(b"a/b", False, "", id="R28: a slash"),
        pytest.param(b"a@b", False, "", id="R28: an at sign"),
        pytest.param(b"a:b", False, "", id="R28: a port that is no number"),
        pytest.param(b"a:65535", True, "a", id="the last port"),
        pytest.param(b"a:65536", False, "a", id="R28: over the last port"),
        pytest.param(b"a:" + b"9" * 5000, False, "", id="R28: a port of 5000 digits"),
        pytest.param(b"a:80:80", False, "", id="R28: two ports"),
        pytest.param(b"::1", False, "", id="R28: IPv6 without brackets"),
        pytest.param(b'a"b', False, "", id="R28: a quote"),
        pytest.param(b"a\\b", False, "", id="R28: a backslash"),
        pytest.param(b"a.com\n", False, "", id="R28: a line end"),
        pytest.param(b"caf\xe9", False, "", id="R28: obs-text"),
    ],
)
def test_hosts_are_read(value: bytes, valid: bool, name: str):
    assert (is_host(value), host_name(value)) == (valid, name)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(b"/api/x", b"/api/x", id="nothing is encoded"),
        pytest.param(b"/%61%70i", b"/api", id="letters"),
        pytest.param(b"/%2d%2D%2e%5f%7e%30%5A%7a", b"/--._~0Zz", id="all kinds of unreserved"),
        pytest.param(b"/a%2Fb%2fc", b"/a%2Fb%2fc", id="slashes stay, they would make segments"),
        pytest.param(b"/%3b%25%20%5C", b"/%3b%25%20%5C", id="reserved octets stay"),
        pytest.param(b"/%2561", b"/%2561", id="never twice"),
        pytest.param(b"/%6", b"/%6", id="an escape cut short"),
        pytest.param(b"/%zz", b"/%zz", id="no escape"),
        pytest.param(b"/%C3%A9", b"/%C3%A9", id="octets beyond ASCII"),
    ],
)
def test_paths_are_compared_without_needless_encoding(path: bytes, expected: bytes):
    assert comparable(path) == expected


@pytest.mark.parametrize(
    ("path", "lowest", "way"),
    [
        pytest.param(b"/a/b", None, b"/a/b", id="no dot segment"),
        pytest.param(b"/a.b/c..d/...", None, b"/a.b/c..d/...", id="dots that are no segment"),
        pytest.param(b"*", None, b"*", id="the asterisk"),
        pytest.param(b"/a/./b", 1, b"/a/b", id="one dot stays on its level"),
        pytest.param(b"/a/b/../c", 1, b"/a/c", id="two dots climb one"),
        pytest.param(b"/a/..", 0, b"/", id="to the root"),
        pytest.param(b"/a/b/..", 1, b"/a/", id="a last dot segment leaves a slash"),
        pytest.param(b"/a/../b/", 0, b"/b/", id="a last slash stays"),
        pytest.param(b"/a/.", 1, b"/a/", id="so does a single dot"),
        pytest.param(b"/..", -1, b"/", id="above the root"),
        pytest.param(b"/../../a", -2, b"/a", id="the lowest level counts, not the last"),
        pytest.param(b"/a/%2e%2E/b", 0, b"/b", id="encoded dots"),
        pytest.param(b"/a/.%2e/b", 0, b"/b", id="half-encoded dots"),
        pytest.param(b"/a/..%2fb", 0, b"/b", id="an encoded slash"),
        pytest.param(b"/a/..%2Fb", 0, b"/b", id="an encoded slash in upper case"),
        pytest.param(b"/a/..%5cb", 0, b"/b", id="an encoded backslash"),
        pytest.param(b"/a/..\\b", 0, b"/b", id="a backslash"),
        pytest.param(b"/a/..;x=1/b", 0, b"/b", id="a path parameter behind the dots"),
        pytest.param(b"/a//../b", 0, b"/b", id="an empty segment is no level"),
        pytest.param(b"/a/;x/../b", 0, b"/b", id="nor is one of parameters only"),
        pytest.param(b"/a/%2561/../b", 1, b"/a/b", id="an escape is decoded once only"),
    ],
)
def test_dot_segments_are_followed(path: bytes, lowest: int | None, way: bytes):
    """R4, and cors-rules 63 with its flask-cors CVE-2024-6839 and CVE-2024-6866."""
    assert (depth_below(path), resolved(path)) == (lowest, way)


@pytest.mark.parametrize("pattern", ["api.example.com", "*.example.com", "localhost", "[::1]"])
def test_a_routes_host_is_a_name_or_a_wildcard(pattern: str):
    check_host_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "what", "write"),
    [
        pytest.param("a.com:80", "a route's host has no port", "a.com", id="a port"),
        pytest.param("*.a.com:80", "a route's host has no port", "*.a.com", id="a wildcard's port"),
        pytest.param("", "the host has an empty label", None, id="nothing"),
        pytest.param("*.", "the host has an empty label", None, id="a wildcard of nothing"),
        pytest.param(
            "a.*.com",
            "'*' may only lead the host ('*.example.com') or be the port",
            None,
            id="a wildcard inside",
        ),
    ],
)
def test_other_host_patterns_are_refused(pattern: str, what: str, write: str | None):
    with pytest.raises(HostSyntaxError) as caught:
        check_host_pattern(pattern)

    assert (caught.value.what, caught.value.write) == (what, write)
