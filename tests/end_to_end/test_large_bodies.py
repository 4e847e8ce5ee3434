"""Bodies of 2 GiB pass whole, in memory that does not grow with them."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import random
import zlib

import pytest

GIB = 1 << 30
MIB = 1 << 20
BLOCK = random.Random(1).randbytes(MIB)
GROWTH = 30 * 1024  # KiB


def blocks(size):
    """Return the size and the blocks of a body, as a source of known octets."""
    return (BLOCK for _ in range(size // MIB))


def expected(size):
    checksum = 0
    for block in blocks(size):
        checksum = zlib.crc32(block, checksum)
    return size, checksum


def chunked(parts):
    for part in parts:
        yield b"%x\r\n" % len(part)
        yield part
        yield b"\r\n"
    yield b"0\r\n\r\n"


def send_body(send, head, size, framing):
    """Send a head and a body in a framing."""
    if framing == "chunked":
        send(head + b"Transfer-Encoding: chunked\r\n\r\n")
        parts = chunked(blocks(size))
    else:
        send(head + b"Content-Length: %d\r\n\r\n" % size)
        parts = blocks(size)
    for part in parts:
        send(part)


def read_body(stream, head):
    """Return the length and the checksum of a body, by its own framing."""
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        parts = read_chunks(stream)
    else:
        length = int(lowered.split(b"content-length: ")[1].split(b"\r\n")[0])
        parts = read_octets(stream, length)
    size = checksum = 0
    for part in parts:
        size += len(part)
        checksum = zlib.crc32(part, checksum)
    return size, checksum


def read_octets(stream, left):
    while left:
        part = stream.read1(min(left, MIB))
        assert part, f"cut {left} octets before the end"
        left -= len(part)
        yield part


def read_chunks(stream):
    while size := int(stream.readline(), 16):
        yield from read_octets(stream, size)
        assert stream.read(2) == b"\r\n"
    assert stream.readline() == b"\r\n"


def read_head(stream):
    return b"".join(iter(stream.readline, b"\r\n"))


ROWS = [
    pytest.param("Content-Length", 2 * GIB, id="2 GiB with Content-Length"),
    pytest.param("chunked", 2 * GIB, id="2 GiB in chunks"),
]


# R69
@pytest.mark.parametrize(("framing", "size"), ROWS)
def test_upload(upstream, proxy, connect, memory, framing, size):
    got = []

    def take(exchange) -> None:
        got.append(read_body(exchange.rfile, exchange.head))
        exchange.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    process = proxy(upstream(take).url)
    client = connect(process)
    before = memory(process, "VmRSS")
    send_body(client.sendall, b"POST / HTTP/1.1\r\nHost: a\r\n", size, framing)
    assert client.recv(12) == b"HTTP/1.1 204"
    assert got == [expected(size)]
    assert memory(process, "VmHWM") - before < GROWTH


# R69
@pytest.mark.parametrize(("framing", "size"), ROWS)
def test_download(upstream, proxy, connect, memory, framing, size):
    process = proxy(
        upstream(lambda e: send_body(e.write, b"HTTP/1.1 200 OK\r\n", size, framing)).url
    )
    client = connect(process)
    before = memory(process, "VmRSS")
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    with client.makefile("rb", MIB) as stream:
        head = read_head(stream)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert read_body(stream, head) == expected(size)
    assert memory(process, "VmHWM") - before < GROWTH


def pour(write):
    """Write until nobody takes more; return whether that came to be."""
    try:
        for part in blocks(GIB):
            write(part)
    except TimeoutError:
        return True
    return False


# R69
def test_a_client_that_does_not_read_holds_the_upstream_back(upstream, proxy, connect, memory):
    def script(exchange) -> None:
        exchange.request.settimeout(0.5)
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIB)
        held.append(pour(exchange.write))
        server.go_on.set()

    held = []
    server = upstream(script)
    process = proxy(server.url)
    client = connect(process)
    before = memory(process, "VmRSS")
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert server.go_on.wait(20)
    assert held == [True]
    assert memory(process, "VmHWM") - before < GROWTH


# R69
def test_an_upstream_that_does_not_read_holds_the_client_back(upstream, proxy, connect, memory):
    server = upstream(lambda exchange: exchange.server.go_on.wait(20))
    process = proxy(server.url)
    client = connect(process)
    before = memory(process, "VmRSS")
    client.settimeout(0.5)
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % GIB)
    assert pour(client.sendall)
    assert memory(process, "VmHWM") - before < GROWTH
    server.go_on.set()
