from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.config.problems import WrongValueError
from corsproxy.config.urls import Url, forward_proxy, upstream_url
from corsproxy.core.upstreams import ForwardProxy

ASCII = "a URL is written in ASCII"
BRACES = "a variable of the environment stands in braces"
MARK = "'://' stands between the scheme and the host"
BLANKS = "a URL has no blanks and no control characters"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://legacy:8000", Url("http", "legacy", 8000)),
        ("HTTPS://Legacy/", Url("https", "legacy", 443)),
        ("http://a:", Url("http", "a", 80)),
        ("http://[::0:1]/v1/", Url("http", "::1", 80, b"/v1/")),
        ("http://a/%7e//b;c?d=%20?e", Url("http", "a", 80, b"/%7e//b;c", b"d=%20?e")),
        ("http://a?q", Url("http", "a", 80, b"", b"q")),
        ("unix:/run/a.sock", Url("http", "localhost", 80, socket="/run/a.sock")),
    ],
)
def test_the_url_of_an_upstream_is_read(text: str, expected: Url):
    assert upstream_url(text) == expected


@pytest.mark.parametrize(
    ("value", "what", "write"),
    [
        (8000, "expected a URL, got the number 8000", "http://localhost:8000"),
        (99999, "expected a URL, got the number 99999", None),
        ("8000", "the scheme is missing", "http://localhost:8000"),
        (":8000", "the scheme is missing", "http://localhost:8000"),
        (["http://a", "http://b"], "one address is expected, not a list", "http://a"),
        ([], "one address is expected, not a list", "http://localhost:8000"),
        (True, "expected text, got the boolean true", None),
        ("$API_URL", BRACES, "${API_URL}"),
        ("http://$HOST:80/$x", BRACES, "http://${HOST}:80/$x"),
        ("http:/a:80", MARK, "http://a:80"),
        ("https//a/b", MARK, "https://a/b"),
        ("http://::1:8000", "an IPv6 address stands in brackets", "http://[::1]:8000"),
        ("::1:8000", "the scheme is missing", "http://[::1]:8000"),
        ("http://a:b:c", "an IPv6 address stands in brackets", None),
        ("localhost:8000", "the scheme is missing", "http://localhost:8000"),
        ("//legacy", "the scheme is missing", "http://legacy"),
        ("/path", "the scheme is missing", None),
        ("ws://a:1/b", "a WebSocket begins as an HTTP request", "http://a:1/b"),
        ("wss://a", "a WebSocket begins as an HTTP request", "https://a"),
        ("ftp://a", "the scheme 'ftp' is not spoken here", "http://a"),
        ("http://", "the host is missing", "http://localhost"),
        ("http://a b", BLANKS, None),
        (" http://a/b c ", BLANKS, "http://a/b%20c"),
        ("http://exämple/ü", ASCII, "http://xn--exmple-cua/%C3%BC"),
        ("http://" + "ä" * 70, ASCII, None),
        ("http://a#b", "a fragment is never sent", "http://a"),
        (
            "http://u:p@a",
            "a user and a password have no place in the URL of an upstream",
            "the Authorization in request_headers: {set: {}}",
        ),
        ("http://a:0", "'0' is no port: 1 to 65535", None),
        ("http://a:99999", "'99999' is no port: 1 to 65535", None),
        ("http://::1", "an IPv6 address stands in brackets", "http://[::1]"),
        ("http://[x]", "'[x]' is no IPv6 address", None),
        ("http://127.1:80", "'127.1' is no host", "http://127.0.0.1:80"),
        ("http://*.a", "'*.a' is no host", None),
        ("unix:a", "a socket's path starts at the root", "unix:/run/corsproxy.sock"),
    ],
)
def test_what_is_no_url_of_an_upstream_is_refused(value: object, what: str, write: str | None):
    with pytest.raises(WrongValueError) as caught:
        upstream_url(value)
    assert (caught.value.what, caught.value.write) == (what, write)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://proxy:3128", ForwardProxy("proxy", 3128)),
        ("https://proxy/", ForwardProxy("proxy", 443, tls=True)),
        ("http://u:p%40@proxy", ForwardProxy("proxy", 80, authorization=b"Basic dTpwQA==")),
    ],
)
def test_the_url_of_a_forward_proxy_is_read(text: str, expected: ForwardProxy):
    assert forward_proxy(text) == expected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("http://proxy/path", "the URL of a forward proxy ends with its port"),
        ("http://proxy?x", "the URL of a forward proxy ends with its port"),
        ("socks5://proxy", "the scheme 'socks5' is not spoken here"),
        ("proxy:3128", "the scheme is missing"),
    ],
)
def test_what_is_no_url_of_a_forward_proxy_is_refused(text: str, what: str):
    with pytest.raises(WrongValueError) as caught:
        forward_proxy(text)
    assert caught.value.what == what


@given(st.text() | st.text(st.sampled_from("http://a[:]@?#%1é ")))
def test_any_text_is_a_url_or_refused(text: str):
    with suppress(WrongValueError):
        assert upstream_url(text).host
