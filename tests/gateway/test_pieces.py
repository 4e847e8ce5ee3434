"""Where messages end: as aiohttp's parser sees it, whatever the packets are."""

import asyncio
from itertools import pairwise

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong, TransferEncodingError
from aiohttp.http_parser import HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.gateway.pieces import EMPTY_LINE, Chunks, Head, Sized

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMIT = 200


def taken(part: Head | Sized | Chunks, *packets: bytes) -> bytes:
    """Take a part out of packets, until it leaves something in one."""
    found = b""
    for packet in packets:
        piece = part.take(packet, 0)
        found += piece
        if len(piece) < len(packet):
            break
    return found


def chunks_end(*packets: bytes) -> int | str | None:
    """Return where chunked content ends in packets, or why that can't be said."""
    chunks, end = Chunks(LIMIT), 0
    try:
        for packet in packets:
            end += len(chunks.take(packet, 0))
            if chunks.ended:
                return end
    except HttpProcessingError as error:
        return type(error).__name__
    return None


HEADS = {
    "whole": ([GET], GET, len(GET)),
    "with content behind it": ([GET + b"hi" + EMPTY_LINE], GET, len(GET)),
    "octet by octet": (
        [*(GET[i : i + 1] for i in range(len(GET) - 1)), b"\n" + GET],
        GET,
        len(GET),
    ),
    "its end by itself": ([GET[:-4], EMPTY_LINE], GET, len(GET)),
    "its end in two halves": ([GET[:-2], b"\r\n" + GET], GET, len(GET)),
    "its last octet by itself": ([GET[:-1], b"\n" + GET], GET, len(GET)),
    "CRLF before it": ([b"\r\n\r\n\n" + GET + GET], b"\r\n\r\n\n" + GET, len(GET)),
    "CRLF before it by itself": ([b"\r\n", b"\r\n", GET + GET], b"\r\n\r\n" + GET, len(GET)),
    "CRLF alone": ([EMPTY_LINE], EMPTY_LINE, 0),
    "not whole": ([GET[:9]], GET[:9], 9),
    "bare LF": ([GET.replace(b"\r", b"")], GET.replace(b"\r", b""), len(GET) - 3),
}


@pytest.mark.parametrize(("packets", "found", "octets"), HEADS.values(), ids=HEADS)
def test_a_head_ends_with_its_empty_line(packets: list[bytes], found: bytes, octets: int):
    head = Head()
    assert (taken(head, *packets), head.octets) == (found, octets)


@pytest.mark.parametrize("cut", range(1, len(GET)))
def test_a_head_may_be_cut_anywhere(cut: int):
    assert taken(Head(), GET[:cut], GET[cut:] + GET) == GET


def test_a_part_is_taken_from_where_it_begins():
    assert Head().take(b"hi" + GET + GET, 2) == GET
    assert Sized(3).take(b"hi123", 1) == b"i12"
    assert Chunks(LIMIT).take(b"hi0\r\n\r\n0", 2) == b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("packets", "found", "ended"),
    [
        pytest.param([b"12345"], b"12345", True, id="whole"),
        pytest.param([b"123456"], b"12345", True, id="more"),
        pytest.param([b"1234"], b"1234", False, id="less"),
        pytest.param([b"12", b"3", b"456"], b"12345", True, id="in pieces"),
    ],
)
def test_sized_content_ends_with_its_last_octet(packets: list[bytes], found: bytes, *, ended: bool):
    content = Sized(5)
    assert (taken(content, *packets), content.ended) == (found, ended)


MALFORMED, TOO_LONG = TransferEncodingError.__name__, LineTooLong.__name__
CHUNKED = {
    "none": (b"0\r\n\r\n", 5),
    "one, and more behind": (b"2\r\nhi\r\n0\r\n\r\nGET /", 12),
    "CRLF in a chunk": (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", 14),
    "a size in both cases": (b"aA\r\n" + bytes(170) + b"\r\n0\r\n\r\n", 181),
    "many zeros": (b"0" * 20 + b"2\r\nhi\r\n0\r\n\r\n", 32),
    "an extension": (b'2;a=";\t"\r\nhi\r\n0;b\r\n\r\n', 21),
    "trailers": (b"0\r\nA: b\r\nC: d\r\n\r\n0", 17),
    "all of 64 bits": (b"f" * 16 + b"\r\n", None),
    "over 64 bits": (b"1" + b"0" * 16 + b"\r\n", MALFORMED),
    "no size": (b"\r\n", MALFORMED),
    "a blank behind a size": (b"2 \r\n", MALFORMED),
    "a bare LF behind a size": (b"2\n", MALFORMED),
    "a CR in an extension": (b"2;\ra\r\n", MALFORMED),
    "a bare LF behind a chunk": (b"2\r\nhi\n", MALFORMED),
    "more than a size": (b"1\r\nhi\r\n", MALFORMED),
    "a bare LF behind a trailer": (b"0\r\nA: b\n", MALFORMED),
    "a bare LF for a trailer": (b"0\r\n\n", MALFORMED),
    "a CR in a trailer": (b"0\r\nA: \rb\r\n", MALFORMED),
    "a line that is not whole": (b"2;" + b"a" * 198, None),
    "an endless line": (b"2;" + b"a" * 199, TOO_LONG),
    "trailers as long as may be": (b"0\r\n" + b"A: b\r\n" * 32 + b"A: bcd\r\n", None),
    "trailers too long": (b"0\r\n" + b"A: b\r\n" * 32 + b"A: bcd\r\n\r\n", TOO_LONG),
}


@pytest.mark.parametrize(("data", "end"), CHUNKED.values(), ids=CHUNKED)
def test_chunked_content_ends_behind_its_trailers(data: bytes, end: int | str | None):
    assert chunks_end(data) == end
    assert chunks_end(*(data[i : i + 1] for i in range(len(data)))) == end


TOKENS = [
    b"0\r\n", b"\r\n", b"2\r\nhi\r\n", b"5", b"a\r\n", b"0000", b";a=b", b';c="d e"', b"A: b\r\n",
    b"Host: h\r\n", b"\r", b"\n", b" ", b"-", b"x", b"f" * 15, b"0\r\n\r\n",
]  # fmt: skip
CONTENTS = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=3), max_size=12).map(b"".join)


@given(CONTENTS, st.lists(st.integers(0, 60)))
def test_packets_make_no_difference_to_chunks(data: bytes, cuts: list[int]):
    places = [0, *sorted(cuts), len(data)]
    packets = [data[a:b] for a, b in pairwise(places)]
    assert chunks_end(*packets) == chunks_end(data)


@given(CONTENTS)
def test_chunks_end_where_aiohttps_parser_says(data: bytes):
    """The parser looks at each octet, and refuses no later than what is held against it here."""
    loop = asyncio.new_event_loop()
    parser = HttpRequestParser(BaseProtocol(loop), loop, 1 << 16)
    ((_, content),), *_ = parser.feed_data(POST)
    refused, place = False, 0
    while place < len(data) and not (refused or content.is_eof()):
        place += 1
        try:
            parser.feed_data(data[place - 1 : place])
        except HttpProcessingError:
            refused = True
    loop.close()
    found = chunks_end(data)
    if refused:
        assert found in (None, MALFORMED, TOO_LONG) or place <= int(found)
    else:
        assert found == (place if content.is_eof() else None)
