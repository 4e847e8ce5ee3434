from hypothesis import given
from hypothesis import strategies as st

from corsproxy.gateway.chunks import chunk, last_chunk
from corsproxy.gateway.parser import ReplyParser

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_piece_of_content_is_a_chunk():
    assert chunk(b"hello, chunked w") == b"10\r\nhello, chunked w\r\n"


def test_no_content_is_no_chunk_for_that_would_be_the_last():
    assert chunk(b"") == b""


def test_the_last_chunk_ends_the_content():
    assert last_chunk() == b"0\r\n\r\n"


def test_the_last_chunk_bears_the_trailers_in_order():
    trailers = [(b"X-B", b"1"), (b"x-a", b"\xe9"), (b"X-B", b"2")]
    assert last_chunk(trailers) == b"0\r\nX-B: 1\r\nx-a: \xe9\r\nX-B: 2\r\n\r\n"


@given(st.lists(st.binary()))
def test_what_is_chunked_is_read_again(pieces: list[bytes]):
    parser = ReplyParser(bodiless=False, limit=4096)
    parser.feed(HEAD + b"".join(map(chunk, pieces)) + last_chunk([(b"X-T", b"1")]))
    assert b"".join(parser.body) == b"".join(pieces)
    assert (parser.trailers, parser.complete, parser.junk) == ([(b"X-T", b"1")], True, False)
