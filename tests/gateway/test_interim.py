"""R57, R63, R64: interim responses, 101 unasked, and clients of HTTP/1.0."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

OPEN = b"GET / HTTP/1.1\r\nHost: h\r\n"
REQUEST = OPEN + b"Connection: close\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\nHost: h\r\n"
KEEP = b"Connection: keep-alive\r\n"
SIZE = b"Content-Length: 2\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
FINAL = OK + SIZE + b"\r\nok"
ADDED = b"Date: now\r\nVary: Origin\r\n\r\n"
RECEIVED = OK + b"Connection: close\r\n" + SIZE + ADDED + b"ok"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"


def normal(answer: bytes) -> bytes:
    return re.sub(rb"Date: \w{3}, [^\r]*\r\n", b"Date: now\r\n", answer)


@pytest.mark.parametrize(
    ("request_", "sent", "received"),
    [
        pytest.param(REQUEST, HINTS + b"\r\n" + FINAL, HINTS + b"\r\n" + RECEIVED, id="R63 103"),
        pytest.param(
            REQUEST, PROCESSING * 2 + FINAL, PROCESSING * 2 + RECEIVED, id="R63 102, twice"
        ),
        pytest.param(
            REQUEST, b"HTTP/1.1 100 Continue\r\n\r\n" + FINAL, RECEIVED, id="R63 100 is swallowed"
        ),
        pytest.param(
            REQUEST,
            HINTS + b"Connection: X-A\r\nX-A: 1\r\nTrailer: T\r\n\r\n" + FINAL,
            HINTS + b"\r\n" + RECEIVED,
            id="R63 R53 hop-by-hop fields of a 103",
        ),
        pytest.param(
            OLD + b"\r\n",
            PROCESSING + HINTS + b"\r\n" + FINAL,
            RECEIVED,
            id="R57 R63 none for HTTP/1.0",
        ),
    ],
)
async def test_interim_responses(
    answering: Start, proxy: Start, request_: bytes, sent: bytes, received: bytes
):
    upstream = await answering(sent)
    front = await proxy(upstream.url)
    assert normal(await front.send(request_)) == received


SWITCH = b"HTTP/1.1 101 Switching Protocols\r\n"
ASKED = OPEN + b"Connection: Upgrade\r\nUpgrade: foo\r\n\r\n"
BAR = b"Connection: Upgrade\r\nUpgrade: bar\r\n"


@pytest.mark.parametrize(
    ("request_", "sent", "interim"),
    [
        pytest.param(REQUEST, HINTS + b"\r\n", HINTS + b"\r\n", id="R63 103 and the end"),
        pytest.param(REQUEST, b"HTTP/1.1 100 Continue\r\n\r\n", b"", id="R63 100 and the end"),
        pytest.param(REQUEST, SWITCH + BAR + b"\r\nraw", b"", id="R64 101 unasked"),
        pytest.param(
            OPEN + b"Upgrade: bar\r\n\r\n", SWITCH + BAR + b"\r\n", b"", id="R64 half asked"
        ),
        pytest.param(ASKED, SWITCH + BAR + b"\r\nraw", b"", id="R64 another protocol"),
        pytest.param(ASKED, SWITCH + b"\r\nraw", b"", id="R64 no protocol"),
        pytest.param(
            OLD + b"Connection: Upgrade\r\nUpgrade: bar\r\n\r\n",
            SWITCH + BAR + b"\r\n",
            b"",
            id="R64 R57 asked in HTTP/1.0",
        ),
    ],
)
async def test_what_is_no_final_response_is_a_bad_gateway(
    answering: Start, proxy: Start, request_: bytes, sent: bytes, interim: bytes
):
    upstream = await answering(sent)
    front = await proxy(upstream.url)
    reader, writer = await front.connect()
    writer.write(request_)
    answer = await reader.readuntil(b"}\n")
    writer.close()
    assert answer.startswith(interim + b"HTTP/1.1 502 Bad Gateway\r\n")
    assert (answer.count(b"HTTP/1.1 "), b"raw" in answer) == (1 + (interim != b""), False)


CLOSES, KEEPS = b"Connection: close\r\n", b"Connection: keep-alive\r\n"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "sent", "received"),
    [
        pytest.param(
            OLD + b"\r\n", FINAL, OK + CLOSES + SIZE + ADDED + b"ok", id="R57 closed unless asked"
        ),
        pytest.param(
            OLD + KEEP + b"\r\n" + OLD + b"\r\n",
            FINAL,
            OK + KEEPS + SIZE + ADDED + b"ok" + OK + CLOSES + SIZE + ADDED + b"ok",
            id="R57 kept if asked, and the length is known",
        ),
        pytest.param(
            OLD + KEEP + b"\r\n",
            CHUNKS,
            OK + CLOSES + ADDED + b"ok",
            id="R57 no chunks, and so no keep-alive",
        ),
        pytest.param(
            OLD + KEEP + b"\r\n",
            OK + b"\r\nok",
            OK + CLOSES + ADDED + b"ok",
            id="R57 R58 content until the close",
        ),
        pytest.param(
            OLD + KEEP + b"\r\n" + OLD + b"\r\n",
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\n" + KEEPS + ADDED
            + b"HTTP/1.1 204 No Content\r\n" + CLOSES + ADDED,
            id="R57 R55 kept where there is no content",
        ),
        pytest.param(
            b"GET / HTTP/1.0\r\n\r\n",
            FINAL,
            OK + CLOSES + SIZE + ADDED + b"ok",
            id="R57 R28 no Host is needed",
        ),
    ],
)  # fmt: skip
async def test_a_client_of_http_1_0(
    answering: Start, proxy: Start, request_: bytes, sent: bytes, received: bytes
):
    upstream = await answering(sent)
    front = await proxy(upstream.url, preserve_host=True)
    assert normal(await front.send(request_)) == received
    for head in upstream.heads:
        assert head.count(b"\r\nHost: ") == 1
        assert head.startswith(b"GET / HTTP/1.1\r\n")
        assert b"\r\nHost: \r\n" not in head
        assert b"\r\nVia: 1.0 corsproxy-" in head
