import asyncio
import re
import socket

import pytest

from corsproxy.core.cors import Verdict
from corsproxy.core.messages import Client, Passage, ResponseHead
from corsproxy.gateway.relay import render, reset

NOBODY = Passage(Verdict(), None, Client("127.0.0.1"))


@pytest.mark.parametrize(
    ("status", "content", "size"),
    [
        pytest.param(200, b"hello", b"Content-Length: 5\r\n", id="content"),
        pytest.param(404, b"", b"Content-Length: 0\r\n", id="no content"),
        pytest.param(204, b"", b"", id="R55 204 has no length"),
        pytest.param(304, b"", b"", id="R55 304 has none either"),
    ],
)
def test_the_head_of_an_answer_of_our_own(status: int, content: bytes, size: bytes):
    reply = ResponseHead(status, b"X", [(b"A", b"b")])
    head = render(reply, content, NOBODY, [(b"Connection", b"close")])
    date = re.compile(rb"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n")
    assert date.sub(b"Date: now\r\n", head) == (
        b"HTTP/1.1 %d X\r\nConnection: close\r\nA: b\r\n" % status + size + b"Date: now\r\n\r\n"
    )


def test_there_may_be_no_connection_left_to_reset():
    reset(None)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX], ids=["TCP", "unix"])
async def test_a_reset_is_no_orderly_end(family: socket.AddressFamily):
    here, there = pair(family)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=here)
    reset(transport)
    await asyncio.sleep(0)
    with there:
        there.settimeout(5)
        try:
            end = "closed" if there.recv(1) == b"" else "open"
        except ConnectionResetError:
            end = "reset"
    assert end == ("reset" if family == socket.AF_INET else "closed")


def pair(family: socket.AddressFamily) -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a connection."""
    if family == socket.AF_UNIX:
        return socket.socketpair(family)
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = socket.create_connection(server.getsockname())
        return here, server.accept()[0]
