"""An upstream's octets, what the parser makes of them, and of llhttp's gaps (H1-H16)."""

from collections.abc import Sequence
from typing import Any

import pytest

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.messages import ResponseHead
from corsproxy.gateway.parser import ReplyParser
from corsproxy.gateway.replies import Framing, Reply

OK = b"HTTP/1.1 200 OK\r\n"
SIZE = b"Content-Length: 2\r\n"
CODED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"\r\n2\r\nok\r\n0\r\n\r\n"
SIZED_FIELD = (b"Content-Length", b"2")
CODED_FIELD = (b"Transfer-Encoding", b"chunked")
LENGTH, CHUNKED, CLOSE, NONE = Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE, Framing.NONE


def head(*fields: tuple[bytes, bytes], status: int = 200, reason: bytes = b"OK") -> ResponseHead:
    return ResponseHead(status, reason, fields)


def said(reply: Reply) -> tuple[object, ...]:
    """Spread a reply out, in whatever sequence its fields are kept."""
    first = reply.head
    return first.status, first.reason, [*first.fields], reply.framing, reply.persistent


def parse(octets: Sequence[bytes], *, bodiless: bool = False, limit: int = 4096) -> dict[str, Any]:
    """Feed a parser, and tell all that it knows."""
    parser = ReplyParser(bodiless=bodiless, limit=limit)
    for piece in octets:
        parser.feed(piece)
    return {
        "replies": [said(reply) for reply in parser.replies],
        "body": b"".join(parser.body),
        "trailers": parser.trailers,
        "complete": parser.complete,
        "junk": parser.junk,
        "reusable": parser.reusable,
        "tail": parser.tail,
    }


def whole(*replies: Reply, body: bytes = b"ok", **more: object) -> dict[str, Any]:
    """Return what is known of a response that is whole, less what is said otherwise."""
    known = {"trailers": [], "complete": True, "junk": False, "reusable": True, "tail": None}
    return {"replies": [said(reply) for reply in replies], "body": body, **known, **more}


SIZED = Reply(head(SIZED_FIELD), LENGTH)
CODED_REPLY = Reply(head(CODED_FIELD), CHUNKED)
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
HINTS_REPLY = Reply(head((b"Link", b"x"), status=103, reason=b"Early Hints"), NONE)


@pytest.mark.parametrize(
    ("octets", "bodiless", "known"),
    [
        pytest.param(OK + SIZE + b"\r\nok", False, whole(SIZED), id="a length"),
        pytest.param(OK + CODED + CHUNKS, False, whole(CODED_REPLY), id="chunks"),
        pytest.param(
            OK + b"Content-Length: 0\r\n\r\n",
            False,
            whole(Reply(head((b"Content-Length", b"0")), NONE), body=b""),
            id="a length of none",
        ),
        pytest.param(
            OK + SIZE + b"\r\n", True, whole(Reply(SIZED.head, NONE), body=b""), id="H1 HEAD"
        ),
        pytest.param(
            OK + CODED + b"\r\n",
            True,
            whole(Reply(CODED_REPLY.head, NONE), body=b""),
            id="H1 HEAD, chunked",
        ),
        pytest.param(
            OK + SIZE + b"\r\nok",
            True,
            whole(Reply(SIZED.head, NONE), body=b"", junk=True, reusable=False),
            id="H1 H2 HEAD with content",
        ),
        pytest.param(
            OK + SIZE + b"\r\nok\r\n",
            False,
            whole(SIZED),
            id="H2 CRLF behind the content, which may stand there",
        ),
        pytest.param(
            OK + SIZE + b"\r\nokjunk",
            False,
            whole(SIZED, junk=True, reusable=False),
            id="H2 junk behind the content",
        ),
        pytest.param(
            OK + SIZE + b"\r\nok" + OK + SIZE + b"\r\nno",
            False,
            whole(SIZED, junk=True, reusable=False),
            id="H2 another response behind it",
        ),
        pytest.param(
            b"HTTP/1.1 204 No\r\n" + CODED + b"\r\n0\r\n\r\n",
            False,
            whole(
                Reply(head(CODED_FIELD, status=204, reason=b"No"), NONE),
                body=b"", junk=True, reusable=False,
            ),
            id="H2 204 with a last chunk",
        ),
        pytest.param(
            OK + b"Connection: close\r\n" + SIZE + b"\r\nokjunk",
            False,
            whole(
                Reply(head((b"Connection", b"close"), SIZED_FIELD), LENGTH, persistent=False),
                junk=True, reusable=False,
            ),
            id="H3 junk behind Connection: close",
        ),
        pytest.param(
            HINTS + HINTS + OK + SIZE + b"\r\nok",
            False,
            whole(HINTS_REPLY, HINTS_REPLY, SIZED),
            id="H4 interim responses",
        ),
        pytest.param(
            HINTS,
            False,
            whole(HINTS_REPLY, body=b"", complete=False, reusable=False),
            id="H4 only an interim one",
        ),
        pytest.param(
            b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nraw\x00",
            False,
            whole(
                Reply(
                    head(
                        (b"Connection", b"Upgrade"), (b"Upgrade", b"foo"), status=101, reason=b"S"
                    ),
                    NONE, persistent=False,
                ),
                body=b"", reusable=False, tail=b"raw\x00",
            ),
            id="H5 what is behind a 101 is the tunnel's",
        ),
        pytest.param(
            OK + CODED + b"\r\n2\r\nok\r\n0\r\nX-T: 1 \r\nHost: x\r\nSet-Cookie: y\r\n\r\n",
            False,
            whole(CODED_REPLY, trailers=[(b"X-T", b"1")]),
            id="H6 trailers, but none that frame, route or log in",
        ),
        pytest.param(
            OK + b"\r\nok",
            False,
            whole(Reply(head(), CLOSE, persistent=False), complete=False, reusable=False),
            id="H7 content until the close is not whole before it",
        ),
        pytest.param(
            (OK + SIZE + b"\r\nok").replace(b"\r", b""), False, whole(SIZED), id="H10 bare LF"
        ),
        pytest.param(
            OK + b"A: b\r\n c\r\n" + SIZE + b"\r\nok",
            False,
            whole(Reply(head((b"A", b"b c"), SIZED_FIELD), LENGTH)),
            id="H10 a fold",
        ),
        pytest.param(
            OK + CODED + b"\r\n2 \r\nok\r\n0\r\n\r\n", False, whole(CODED_REPLY), id="H10 a blank"
        ),
        pytest.param(
            OK + b"A: \xe9\t \r\nB:\r\n" + SIZE + b"\r\nok",
            False,
            whole(Reply(head((b"A", b"\xe9"), (b"B", b""), SIZED_FIELD), LENGTH)),
            id="H11 the blanks behind a value go",
        ),
        pytest.param(
            b"HTTP/1.1 200\r\n" + SIZE + b"\r\nok",
            False,
            whole(Reply(head(SIZED_FIELD, reason=b""), LENGTH)),
            id="H12 no reason",
        ),
        pytest.param(
            b"HTTP/1.0 200 OK\r\n" + SIZE + b"\r\nok",
            False,
            whole(Reply(SIZED.head, LENGTH, persistent=False), reusable=False),
            id="H16 HTTP/1.0 closes",
        ),
    ],
)  # fmt: skip
def test_responses(octets: bytes, known: dict[str, Any], *, bodiless: bool):
    assert parse([octets], bodiless=bodiless) == known


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(OK + SIZE + b"\r\nok", id="H12 a length, octet by octet"),
        pytest.param(HINTS + OK + CODED + CHUNKS, id="H4 H12 chunks, octet by octet"),
        pytest.param(OK + SIZE + b"\r\nokjunk", id="H2 junk, octet by octet"),
    ],
)
def test_where_a_response_is_split_makes_no_difference(octets: bytes):
    assert parse([octets[i : i + 1] for i in range(len(octets))]) == parse([octets])


MALFORMED = ProxyErrorType.HTTP_PROTOCOL_ERROR
TOO_LARGE = ProxyErrorType.HTTP_RESPONSE_HEADER_SECTION_SIZE


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        pytest.param(OK + b"Transfer-Encoding: foo\r\n\r\n", MALFORMED, id="H8 an unknown coding"),
        pytest.param(
            OK + b"Content-Length: " + b"0" * 20 + b"\r\n\r\n", MALFORMED, id="R40 many zeros"
        ),
        pytest.param(
            OK + b"Transfer-Encoding: chunked, \r\n" + CHUNKS, MALFORMED, id="H8 a comma behind"
        ),
        pytest.param(
            OK + b"Transfer-Encoding: ,chunked\r\n" + CHUNKS, MALFORMED, id="H8 a comma before"
        ),
        pytest.param(
            OK + b"Transfer-Encoding: gzip, chunked\r\n" + CHUNKS, MALFORMED, id="H8 two codings"
        ),
        pytest.param(OK + CODED + CODED + CHUNKS, MALFORMED, id="H8 chunked twice"),
        pytest.param(b"HTTP/1.0 200 OK\r\n" + CODED + CHUNKS, MALFORMED, id="H8 chunked in 1.0"),
        pytest.param(OK + b"A: " + b"b" * 5000, TOO_LARGE, id="H9 a field without end"),
        pytest.param(OK + b"A: " + b"b" * 5000 + b"\r\n\r\n", TOO_LARGE, id="H9 a long field"),
        pytest.param(OK + b"A: b\r\n" * 1000 + b"\r\n", TOO_LARGE, id="H9 many fields"),
        pytest.param(HINTS * 500, TOO_LARGE, id="H9 many interim responses"),
        pytest.param(
            OK + CODED + b"\r\n0\r\n" + b"A: b\r\n" * 1000, TOO_LARGE, id="H9 many trailers"
        ),
        pytest.param(OK + b"A: \x00\r\n\r\n", MALFORMED, id="H10 NUL"),
        pytest.param(OK + b"A: \x01\r\n\r\n", MALFORMED, id="H10 a control character"),
        pytest.param(OK + b"A: \r\r\n\r\n", MALFORMED, id="H10 CR alone ends no line"),
        pytest.param(OK + b" A: b\r\n\r\n", MALFORMED, id="H10 a blank before the first field"),
        pytest.param(OK[:-2] + b"\n \nA: b\n\n", MALFORMED, id="H10 a blank first line"),
        pytest.param(
            HINTS.replace(b"Link", b" Link") + OK + SIZE + b"\r\nok",
            MALFORMED,
            id="H10 a blank before the first field of an interim response",
        ),
        pytest.param(OK + CODED + b"\r\n0\r\nA: \x01\r\n\r\n", MALFORMED, id="H10 in a trailer"),
        pytest.param(
            OK + CODED + b"\r\n0\r\nA: \rB: c\r\n\r\n", MALFORMED, id="H10 a bare CR in a trailer"
        ),
        pytest.param(
            OK + CODED + b"\r\n0\r\nA: b\rC: d\r\n\r\n", MALFORMED, id="H10 behind its value"
        ),
        pytest.param(b"HTTP/1.1 200 O\x01\r\n\r\n", MALFORMED, id="H10 in the reason"),
        pytest.param(b"HTTP/2.0 200 OK\r\n\r\n", MALFORMED, id="H13 HTTP/2.0"),
        pytest.param(b"RTSP/1.0 200 OK\r\n\r\n", MALFORMED, id="H13 RTSP"),
        pytest.param(b"ICE/1.0 200 OK\r\n\r\n", MALFORMED, id="H13 ICE"),
        pytest.param(HINTS + b"RTSP/1.0 200 OK\r\n\r\n", MALFORMED, id="H13 RTSP after HTTP"),
        pytest.param(b"HTTP/1.1 099 X\r\n\r\n", MALFORMED, id="H13 a status below 100"),
        pytest.param(OK + SIZE + SIZE + b"\r\nok", MALFORMED, id="H14 llhttp's own words"),
        pytest.param(
            OK + b"Content-Length : 2\r\n\r\nok", MALFORMED, id="R61 a blank before the colon"
        ),
        pytest.param(OK + b"Upgrade  A: b\r\n\r\n", MALFORMED, id="R61 blanks in a name"),
        pytest.param(
            OK + CODED + b"\r\n0\r\nUpgrade : x\r\n\r\n", MALFORMED, id="R61 in a trailer"
        ),
    ],
)
def test_what_is_no_response(octets: bytes, kind: ProxyErrorType):
    with pytest.raises(GatewayError) as caught:
        parse([octets])
    assert (caught.value.kind, caught.value.inside != "") == (kind, True)


def test_h9_content_does_not_count_as_a_head():
    octets = OK + CODED + b"\r\n2000\r\n" + b"x" * 0x2000 + b"\r\n0\r\nX-T: 1\r\n\r\n"
    assert parse([octets])["trailers"] == [(b"X-T", b"1")]


RESET = ConnectionResetError("reset")
INCOMPLETE = ProxyErrorType.HTTP_RESPONSE_INCOMPLETE
TERMINATED = ProxyErrorType.CONNECTION_TERMINATED


@pytest.mark.parametrize(
    ("octets", "error", "kind"),
    [
        pytest.param(OK + SIZE + b"\r\nok", None, None, id="H7 a whole response"),
        pytest.param(OK + SIZE + b"\r\nok", RESET, None, id="H7 a whole response, then a reset"),
        pytest.param(OK + b"\r\nok", None, None, id="H7 until the close"),
        pytest.param(OK + b"\r\nok", RESET, INCOMPLETE, id="H7 until the close, which is a reset"),
        pytest.param(OK + SIZE + b"\r\no", None, INCOMPLETE, id="H7 half a length"),
        pytest.param(OK + CODED + b"\r\n2\r\nok\r\n", None, INCOMPLETE, id="H7 no last chunk"),
        pytest.param(b"", None, TERMINATED, id="H7 nothing"),
        pytest.param(OK, None, TERMINATED, id="H7 half a head"),
        pytest.param(HINTS, None, TERMINATED, id="H4 H7 only an interim response"),
    ],
)
def test_the_end_of_a_connection(
    octets: bytes, error: Exception | None, kind: ProxyErrorType | None
):
    parser = ReplyParser(bodiless=False, limit=4096)
    parser.feed(octets)
    raised = None
    try:
        parser.feed_eof(error)
    except GatewayError as failure:
        raised = failure.kind
    assert (raised, parser.complete) == (kind, kind is None)
