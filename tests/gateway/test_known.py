"""A parser that remembers heads answers as one that doesn't."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.errors import GatewayError
from corsproxy.core.messages import ResponseHead
from corsproxy.gateway.known import KnownHeads
from corsproxy.gateway.parser import ReplyParser
from corsproxy.gateway.replies import Framing, Reply

STATUS = [b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 No"]
FIELDS = [
    b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: 2", b"Connection: close",
    b"Connection: keep-alive", b"Transfer-Encoding: chunked", b"A: b", b"Set-Cookie: a=b",
    b"Content-Length : 5", b" folded", b"Keep-Alive: timeout=5",
]  # fmt: skip
CONTENT = [b"hello", b"hi", b"", b"5\r\nhello\r\n0\r\n\r\n", b"hello and more", b"\r\n"]
INTERIM = [b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"\r\n"]


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]))
    lines = [draw(st.sampled_from(STATUS)), *draw(st.lists(st.sampled_from(FIELDS), max_size=3))]
    head = b"".join(line + end for line in lines) + end
    return draw(st.sampled_from(INTERIM)) + head + draw(st.sampled_from(CONTENT))


def read(parser: ReplyParser, packets: list[bytes]) -> tuple[object, ...]:
    """Feed packets, and return all that a connection asks a parser afterwards."""
    said, pieces = [], []
    for packet in packets:
        try:
            parser.feed(packet)
        except GatewayError as error:
            return (error.kind, error.detail)
        pieces.append(b"".join(parser.body))
        parser.body.clear()
        said.append((parser.complete, parser.junk, parser.reusable))
    try:
        parser.feed_eof(None)
        end: object = "whole"
    except GatewayError as error:
        end = error.kind
    return (said, pieces, parser.replies, parser.trailers, parser.tail, end)


@given(st.lists(responses(), min_size=1, max_size=4), st.lists(st.integers(0, 200), max_size=3),
       st.booleans())  # fmt: skip
def test_a_head_that_is_known_changes_no_answer(drawn: list[bytes], cuts: list[int], head: bool):
    known = KnownHeads()
    for raw in [*drawn, *drawn, *drawn]:
        places = [0, *sorted(cut for cut in set(cuts) if 0 < cut < len(raw)), len(raw)]
        packets = [raw[a:b] for a, b in pairwise(places)]
        plain = ReplyParser(bodiless=head, limit=4096)
        remembering = ReplyParser(bodiless=head, limit=4096, known=known)
        assert read(remembering, packets) == read(plain, packets)


RAW = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
REPLY = Reply(ResponseHead(200, b"OK", [(b"Content-Length", b"5")]), Framing.LENGTH, length=5)


def test_a_head_is_known_when_it_came_twice():
    known = KnownHeads()
    seen = []
    for _ in range(3):
        seen.append(known.find(RAW))
        known.note(RAW, REPLY)
    assert seen == [None, None, REPLY]


def test_a_head_that_is_known_is_not_read_again():
    known = KnownHeads()
    parsers = [ReplyParser(bodiless=False, limit=4096, known=known) for _ in range(3)]
    for parser in parsers:
        parser.feed(RAW + b"hello")
    assert parsers[2].final is parsers[1].final
    assert parsers[2].body == [b"hello"]


def test_a_head_that_is_known_is_too_large_where_the_limit_was_lowered():
    known = KnownHeads()
    for _ in range(3):
        ReplyParser(bodiless=False, limit=4096, known=known).feed(RAW + b"hello")
    with pytest.raises(GatewayError, match="too large"):
        ReplyParser(bodiless=False, limit=18, known=known).feed(RAW + b"hello")


def test_the_memory_is_bounded():
    known = KnownHeads()
    for i in range(2000):
        for _ in range(2):
            known.note(RAW + b"%d" % i, REPLY)
    known.note(bytes(3000), REPLY)
    known.note(bytes(3000), REPLY)
    assert len(known._known) <= 128
    assert len(known._once) <= 128
    assert known.find(bytes(3000)) is None


AMBIGUOUS = {
    "lines that end with LF": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "an empty line within the content": b"HTTP/1.1 200 OK\nContent-Length: 9\n\n\r\n\r\nhello",
    "empty lines before it": b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "an interim response": b"HTTP/1.1 103 A\r\n\r\n" + RAW + b"hello",
    "a connection that ends": RAW.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"hello",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no end in sight": b"HTTP/1.1 200 OK\r\n\r\nhello",
}


@pytest.mark.parametrize("raw", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_is_not_plain_is_not_remembered(raw: bytes):
    known = KnownHeads()
    for _ in range(3):
        ReplyParser(bodiless=False, limit=4096, known=known).feed(raw)
    assert (known._once, known._known) == (set(), {})
