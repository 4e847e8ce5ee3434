"""What aiohttp's parser refuses is answered with the status that says why."""

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser

from corsproxy.gateway.refusals import from_parser, too_large, too_late

LINE, FIELD = 100, 101
HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n"

REFUSED = {
    "a target too long": (b"GET /" + b"a" * 200, 414, "the request target is too long"),
    "a value too long": (HEAD + b"A: " + b"a" * 200, 431, "a field of the request is too long"),
    "a name too long": (HEAD + b"a" * 200, 431, "a field of the request is too long"),
    "too many fields": (HEAD + b"A: b\r\n" * 9, 431, "the request has too many fields"),
    "TLS": (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        400,
        "this is TLS, and this port speaks plain HTTP: use http://",
    ),
    "another version": (
        b"GET / HTTP/3.0\r\n",
        505,
        "only HTTP/1.1 and HTTP/1.0 are spoken here",
    ),
    "no method": (b"G(T / HTTP/1.1\r\n", 400, "the request is malformed"),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400, "the request is malformed"),
    "a malformed field": (HEAD + b"A : b\r\n", 400, "the request is malformed"),
}


@pytest.mark.parametrize(("raw", "status", "detail"), REFUSED.values(), ids=REFUSED)
def test_what_the_parser_refuses(raw: bytes, status: int, detail: str):
    loop = asyncio.new_event_loop()
    parser = HttpRequestParser(
        BaseProtocol(loop), loop, 1024, max_line_size=LINE, max_field_size=FIELD, max_headers=8
    )
    with pytest.raises(HttpProcessingError) as refused:
        parser.feed_data(raw)
    loop.close()
    error = from_parser(refused.value, LINE)
    assert (error.status, error.detail, error.kind.token) == (status, detail, "http_request_error")


def test_a_head_that_takes_too_long():
    error = too_late()
    shown = (error.status, error.detail, error.kind.token)
    assert shown == (408, "the request's head took too long", "http_request_error")


def test_a_head_that_is_too_large_in_whole():
    error = too_large()
    shown = (error.status, error.detail, error.kind.token)
    assert shown == (431, "the request's head is too large", "http_request_error")
