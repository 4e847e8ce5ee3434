"""A connection stays, however what is sent on it falls into pieces."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import socket
import urllib.request

import pytest

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = b"1\r\nx\r\n0\r\n\r\n"


def answer(exchange):
    """Answer each request of a connection."""
    while b"chunked" in exchange.head:
        while exchange.rfile.readline() != b"\r\n":
            pass
        exchange.write(ANSWER)
        exchange.head = b"".join(iter(exchange.rfile.readline, b"\r\n"))


PIECES = {
    "whole": [HEAD + BODY],
    "head and body": [HEAD, BODY],
    "the last chunk by itself": [HEAD + BODY[:-5], BODY[-5:]],
    "octet by octet": [HEAD, *(bytes([octet]) for octet in BODY)],
}


# R31
@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
def test_a_chunked_upload_keeps_its_connection_when_it_comes(upstream, proxy, connect, pieces):
    process = proxy(upstream(answer).url)
    client = connect(process)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(3):
        for piece in pieces:
            client.sendall(piece)
            # what was sent before this is asked was read before this is answered
            with urllib.request.urlopen(process.admin + "/healthz", timeout=20) as response:
                assert response.status == 200
        got = client.recv(65536)
        assert (got[:15], got[-6:]) == (b"HTTP/1.1 200 OK", b"\r\n\r\nok")
