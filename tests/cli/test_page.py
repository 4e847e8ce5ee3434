"""What a command line says of a page's request."""

# ruff: noqa: ANN001 the parameters are in the table
import click
import pytest

from corsproxy.cli.page import Page, as_sent
from corsproxy.core.browser import Finding, PageRequest

JSON = (b"Content-Type", b"application/json")


def read(origin="https://app.example", method="GET", headers=(), *, credentials=False):
    return Page.read(origin=origin, method=method, headers=headers, credentials=credentials)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("X-A: b: c", (b"X-A", b"b: c")),
        ("X-A", (b"X-A", b"")),
        ("Content-Type", JSON),
        ("Content-Type:", (b"Content-Type", b"")),
        ("X-A: \xe9", (b"X-A", b"\xe9")),
    ],
)
def test_a_header(text, header):
    assert read(headers=(text,)).headers == (header,)


@pytest.mark.parametrize("text", ["", ":", "a b", "X-A: b\nc", "\xe9", "\udcff"])
def test_what_is_no_header(text):
    with pytest.raises(click.UsageError, match="write 'Name: value', or the name alone"):
        read(headers=(text,))


@pytest.mark.parametrize("text", ["X-A: \u20ac", "X-A: \udcff"])
def test_what_fetch_throws_at(text):
    with pytest.raises(click.UsageError, match="beyond U"):
        read(headers=(text,))


@pytest.mark.parametrize(("origin", "method"), [("http://\xe9", "GET"), ("http://a", "GET PUT")])
def test_what_is_no_origin_or_method(origin, method):
    with pytest.raises(click.UsageError, match="an origin is ASCII, and a method one word"):
        read(origin, method)


def test_the_request_is_what_a_browser_makes_of_it():
    page = read(method="put", headers=("Content-Type", "Cookie: a"), credentials=True)
    assert page.request("https://api.example/") == PageRequest(
        origin=b"https://app.example",
        urls=("https://api.example/",),
        method=b"PUT",
        headers=(JSON,),
        credentials=True,
    )


def test_what_no_page_can_send():
    assert isinstance(read(method="TRACE").request("https://api.example/"), Finding)


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/a?b#c", "/a?b"),
        ("/\xe9 b", "/%C3%A9%20b"),
        ("/%2F", "/%2F"),
        ("/a/../b/./c", "/b/c"),
        ("/a/%2E%2e/b", "/b"),
        ("/../../b/..", "/"),
        ("/a//../b/.", "/a/b/"),
        ("/a\\b", "/a/b"),
        ("http://h:1/a/../b?c/../d", "http://h:1/b?c/../d"),
        ("http://h", "http://h"),
        ("http://h?a", "http://h?a"),
        ('/{id}"<x>?"{}', "/%7Bid%7D%22%3Cx%3E?%22{}"),
        ("/\udcff", "/%FF"),
    ],
)
def test_an_address_as_it_is_sent(address, sent):
    assert as_sent(address) == sent
