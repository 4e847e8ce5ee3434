"""R37-R45, R48: no octets that one server reads as content and another as a request."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POST = b"POST / HTTP/1.1\r\nHost: h\r\n"
OLD = b"POST / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n"
BEHIND = b"GET /behind HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
CHUNKS = b"2\r\nhi\r\n0\r\n\r\n"
LENGTH, CODING = b"Content-Length: ", b"Transfer-Encoding: "
CHUNKED = CODING + b"chunked\r\n"


def coded(coding: bytes) -> bytes:
    return POST + CODING + coding + b"\r\n\r\n" + CHUNKS


def sized(length: bytes) -> bytes:
    return POST + LENGTH + length + b"\r\n\r\nhi"


def headed(field: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: h\r\n" + field + b"\r\n\r\n"


def chunked(chunks: bytes) -> bytes:
    return POST + CHUNKED + b"\r\n" + chunks


@pytest.mark.parametrize(
    ("attack", "status"),
    [
        pytest.param(b"CONNECT \r\n\r\n", 400, id="R11 R16 CONNECT to nowhere"),
        pytest.param(POST + LENGTH + b"2\r\n" + CHUNKED + b"\r\n" + CHUNKS, 400, id="R37 CL, TE"),
        pytest.param(POST + CHUNKED + LENGTH + b"2\r\n\r\n" + CHUNKS, 400, id="R37 TE, CL"),
        pytest.param(coded(b"gzip, chunked"), 501, id="R38 another coding before"),
        pytest.param(coded(b"chunked, gzip"), 400, id="R38 another coding behind"),
        pytest.param(coded(b"gzip"), 400, id="R38 another coding"),
        pytest.param(coded(b"identity"), 400, id="R38 identity"),
        pytest.param(coded(b"chunked, chunked"), 400, id="R38 twice in a line"),
        pytest.param(coded(b"chunked\r\n" + CODING + b"chunked"), 400, id="R38 twice"),
        pytest.param(coded(b"identity\r\n" + CODING + b"chunked"), 400, id="R38 two lines"),
        pytest.param(coded(b"xchunked"), 400, id="R38 xchunked"),
        pytest.param(coded(b"chunked;x"), 400, id="R38 a parameter"),
        pytest.param(coded(b'"chunked"'), 400, id="R38 quoted"),
        pytest.param(coded(b"\x0bchunked"), 400, id="R38 VT before"),
        pytest.param(coded(b"chunked\x0c"), 400, id="R38 FF behind"),
        pytest.param(coded(b"chunked\x00"), 400, id="R38 NUL behind"),
        pytest.param(coded(b"chunked,"), 400, id="R38 an empty member behind"),
        pytest.param(coded(b", chunked"), 501, id="R38 an empty member before"),
        pytest.param(coded(b""), 501, id="R38 empty"),
        pytest.param(coded(b"chunked\r\n x"), 400, id="R38 folded"),
        pytest.param(OLD + CHUNKED + b"\r\n" + CHUNKS, 400, id="R39 in HTTP/1.0"),
        pytest.param(sized(b"2\r\n" + LENGTH + b"2"), 400, id="R40 twice"),
        pytest.param(sized(b"2\r\n" + LENGTH + b"3"), 400, id="R40 twice, not the same"),
        pytest.param(sized(b"2, 2"), 400, id="R40 a list"),
        pytest.param(sized(b"+2"), 400, id="R40 plus"),
        pytest.param(sized(b"-1"), 400, id="R40 minus"),
        pytest.param(sized(b"0x2"), 400, id="R40 hexadecimal"),
        pytest.param(sized(b"1_0"), 400, id="R40 an underscore"),
        pytest.param(sized(b""), 400, id="R40 empty"),
        pytest.param(sized(b"\xb2"), 400, id="R40 a superscript two"),
        pytest.param(sized(b"9223372036854775808"), 400, id="R40 over 63 bits"),
        pytest.param(sized(b"18446744073709551615"), 400, id="R40 all of 64 bits"),
        pytest.param(sized(b"18446744073709551616"), 400, id="R40 over 64 bits"),
        pytest.param(sized(b"0" * 5000 + b"2"), 400, id="R40 endless zeros"),
        pytest.param(headed(b"A: b\r\n c"), 400, id="R41 folded"),
        pytest.param(headed(b"A : b"), 400, id="R41 a blank before the colon"),
        pytest.param(b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400, id="R41 a blank before a field"),
        pytest.param(headed(b": b"), 400, id="R41 no name"),
        pytest.param(headed(b"A(: b"), 400, id="R41 no token"),
        pytest.param(headed(b"A\xe9: b"), 400, id="R41 a name beyond ASCII"),
        pytest.param(headed(b"Abc"), 400, id="R41 no colon"),
        pytest.param(headed(b"A: \x00"), 400, id="R41 NUL"),
        pytest.param(headed(b"A: b\rc"), 400, id="R41 CR"),
        pytest.param(headed(b"A: \x01"), 400, id="R41 a control character"),
        pytest.param(headed(b"A: \x7f"), 400, id="R41 DEL"),
        pytest.param(b"GET / HTTP/1.1\nHost: h\n\n", 400, id="R42 bare LF everywhere"),
        pytest.param(headed(b"A: b\nC: d"), 400, id="R42 bare LF in the fields"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\n\n", 400, id="R42 bare LF at the end"),
        pytest.param(chunked(b"zz\r\nhi\r\n0\r\n\r\n"), 400, id="R43 no size"),
        pytest.param(chunked(b"0x2\r\nhi\r\n0\r\n\r\n"), 400, id="R43 0x"),
        pytest.param(chunked(b"0_2\r\nhi\r\n0\r\n\r\n"), 400, id="R43 an underscore"),
        pytest.param(chunked(b"+2\r\nhi\r\n0\r\n\r\n"), 400, id="R43 plus"),
        pytest.param(chunked(b"-2\r\nhi\r\n0\r\n\r\n"), 400, id="R43 minus"),
        pytest.param(chunked(b"2 \r\nhi\r\n0\r\n\r\n"), 400, id="R43 a blank behind the size"),
        pytest.param(chunked(b"2\nhi\r\n0\r\n\r\n"), 400, id="R43 bare LF behind the size"),
        pytest.param(chunked(b"2\r\nhi\n0\r\n\r\n"), 400, id="R43 bare LF behind the chunk"),
        pytest.param(chunked(b"2\r\nhi0\r\n\r\n"), 400, id="R43 no CRLF behind the chunk"),
        pytest.param(chunked(b"1\r\nhi\r\n0\r\n\r\n"), 400, id="R43 more than its size"),
        pytest.param(chunked(b"1" + b"0" * 16 + b"\r\nhi\r\n"), 400, id="R43 over 64 bits"),
        pytest.param(chunked(b"2;a\nb\r\nhi\r\n0\r\n\r\n"), 400, id="R43 bare LF in an extension"),
        pytest.param(chunked(b"2\r\nhi\r\n0\r\n\n"), 400, id="R43 bare LF at the end"),
        pytest.param(chunked(b"0\r\nA b\r\n\r\n"), 400, id="R44 a malformed trailer"),
        pytest.param(chunked(b"0\r\nA: b\r\n c\r\n\r\n"), 400, id="R44 a folded trailer"),
        pytest.param(chunked(b"0\r\nA: " + b"a" * 40_000), 431, id="R44 an endless trailer"),
        pytest.param(
            chunked(b"0\r\n" + b"A: %b\r\n" % (b"a" * 500) * 90), 431, id="R44 large trailers"
        ),
        pytest.param(chunked(b"0\r\n" + b"A: b\r\n" * 5000), 431, id="R44 too many trailers"),
    ],
)
async def test_an_attack_ends_the_connection(
    answering: Start, proxy: Start, attack: bytes, status: int
):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    answer = await front.send(attack + BEHIND)
    assert re.match(rb"HTTP/1.1 %d [A-Za-z ]+\r\nConnection: close\r\n" % status, answer)
    assert answer.count(b"\r\n\r\n") == 1, "R45 what follows is not executed"
    assert upstream.connections == 0


@pytest.mark.parametrize(
    ("sent", "head", "body"),
    [
        pytest.param(CHUNKED + b"\r\n" + CHUNKS, CHUNKED, b"hi", id="R33 chunked"),
        pytest.param(b"transfer-encoding: Chunked\r\n\r\n" + CHUNKS, CHUNKED, b"hi", id="R38 case"),
        pytest.param(
            CHUNKED + b'\r\n2;a=b;c="d"\r\nhi\r\n0\r\n\r\n',
            CHUNKED,
            b"hi",
            id="R44 extensions",
        ),
        pytest.param(
            CHUNKED + b"Trailer: X-T\r\n\r\n2\r\nhi\r\n0\r\nX-T: y\r\n\r\n",
            CHUNKED,
            b"hi",
            id="R44 trailers are dropped",
        ),
        pytest.param(LENGTH + b"02\r\n\r\nhi", LENGTH + b"02\r\n", b"hi", id="R40 a leading zero"),
        pytest.param(
            b"Transfer_Encoding: chunked\r\n" + LENGTH + b"2\r\n\r\nhi",
            b"Transfer_Encoding: chunked\r\n" + LENGTH + b"2\r\n",
            b"hi",
            id="R38 a twin of Transfer-Encoding means nothing",
        ),
    ],
)
async def test_odd_but_sound_content_passes(
    answering: Start, proxy: Start, sent: bytes, head: bytes, body: bytes
):
    upstream = await answering(OK, OK)
    front = await proxy(upstream.url, request_headers={"remove": BARE})
    reader, writer = await front.connect()
    writer.write(POST + sent)
    answer = await reader.readuntil(b"\r\n\r\nok")
    writer.write(LAST)
    rest = await asyncio.wait_for(reader.read(-1), 5)
    writer.close()
    host = b"Host: 127.0.0.1:%d\r\n" % upstream.port
    after = b"GET /last HTTP/1.1\r\n" + host + b"\r\n"
    assert upstream.heads == [b"POST / HTTP/1.1\r\n" + host + head + b"\r\n", after]
    assert upstream.bodies[0] == body
    assert b"\r\nConnection: close\r\n" not in answer
    assert rest.endswith(b"\r\n\r\nok")


async def answer_when_whole(
    state: Any,  # noqa: ANN401 the fixtures' own type is not importable
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    while True:
        await state.request(reader)
        writer.write(OK)


TRAILED = CHUNKED + b"\r\n0\r\nA: b\r\nAuthorization: evil\r\n\r\n"
ROUTING = CHUNKED + b"\r\n0\r\nHost: evil\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest.mark.parametrize(
    ("packets", "served"),
    [
        pytest.param([POST + TRAILED + LAST], 2, id="R44 in one packet"),
        pytest.param([POST + TRAILED, LAST], 2, id="R44 in two packets"),
        pytest.param([POST + TRAILED[:-9], TRAILED[-9:] + LAST], 2, id="R44 in two halves"),
        pytest.param([POST + TRAILED[:-2], TRAILED[-2:], LAST], 2, id="R44 the end by itself"),
        pytest.param([POST + TRAILED[:40], TRAILED[40:], LAST], 2, id="R44 the trailers apart"),
        pytest.param(
            [POST + CHUNKED + b"\r\n0\r\nA: 1", b"0\r\n\r\n", LAST], 2, id="R44 a false last chunk"
        ),
        pytest.param([UPGRADE + POST + TRAILED + LAST], 3, id="R44 behind an upgrade declined"),
        pytest.param([BEHIND + POST + TRAILED + LAST], 3, id="R44 R46 behind another request"),
        pytest.param([POST + ROUTING + LAST], 2, id="R44 one that would route"),
    ],
)
async def test_a_trailer_is_no_field_of_the_next_request(
    upstream: Start, proxy: Start, packets: list[bytes], served: int
):
    server = await upstream(answer_when_whole)
    front = await proxy(server.url)
    reader, writer = await front.connect()
    for packet in packets:
        writer.write(packet)
        for _ in range(20):  # a packet of its own
            await asyncio.sleep(0)
    await asyncio.wait_for(reader.read(-1), 5)
    writer.close()
    assert len(server.heads) == served
    assert b"evil" not in b"".join(server.heads)


BARE = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"]
PREFLIGHT = (
    b"OPTIONS / HTTP/1.1\r\nHost: h\r\nOrigin: http://evil\r\n"
    b"Access-Control-Request-Method: PUT\r\n"
)
BURIED = LENGTH + b"%d\r\n\r\n" % len(BEHIND) + BEHIND
BURIED_CHUNK = CHUNKED + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BEHIND), BEHIND)
UNFINISHED = LENGTH + b"%d\r\n\r\n" % (2 * len(BEHIND)) + BEHIND
NOWHERE = POST.replace(b" / ", b" /nowhere ")
SMALL = {"limits": {"request_body": 10}}


@pytest.mark.parametrize(
    ("refused", "status", "served"),
    [
        pytest.param(PREFLIGHT + BURIED, 403, [b"/last"], id="R48 a refused preflight"),
        pytest.param(
            PREFLIGHT + BURIED_CHUNK, 403, [b"/last"], id="R48 a refused preflight, chunked"
        ),
        pytest.param(POST + BURIED, 413, [b"/last"], id="R48 too large"),
        pytest.param(POST + BURIED_CHUNK, 413, [b"/last"], id="R48 too large, chunked"),
        pytest.param(NOWHERE + BURIED, 404, [b"/last"], id="R48 no route"),
        pytest.param(POST + b"Expect: x\r\n" + BURIED, 417, [], id="R30 R48 an expectation"),
    ],
)
async def test_content_that_nobody_reads_is_never_a_request(
    answering: Start, proxy: Start, refused: bytes, status: int, served: list[bytes]
):
    upstream = await answering(OK)
    front = await proxy(upstream.url, SMALL, path_regex="/|/last|/behind")
    answer = await front.send(refused + LAST)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert [head.split(b" ")[1] for head in upstream.heads] == served


async def test_r48_r45_content_that_never_ends_ends_the_connection(answering: Start, proxy: Start):
    upstream = await answering(OK)
    front = await proxy(upstream.url)
    answer = await front.send(PREFLIGHT + UNFINISHED)
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n")
    assert (answer.count(b"HTTP/1.1 "), upstream.connections) == (1, 0)
