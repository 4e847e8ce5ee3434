"""Ten thousand connections that do nothing are held at little cost, and let go of at the end."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import resource
import socket
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

WANTED = 10_000  # as many as `limits.connections` lets in
LEAST = 4_000
SPARE = 500  # descriptors for all else, in this process and in the proxy's
PORTS_EACH = 2_500  # connections from one address
AT_ONCE = 20  # requests
MOST_EACH = 40  # KiB of memory for a connection that is held

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def count():
    """As many connections as this machine's limit of descriptors allows, at most `WANTED`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = WANTED + SPARE
    most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, soft), hard))
    yield min(WANTED, max(most, soft) - SPARE) - 1  # one is for the request that comes last
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def answer(exchange):
    """Answer each request of a connection."""
    while exchange.head:
        exchange.write(OK)
        exchange.head = b"".join(iter(exchange.rfile.readline, b"\r\n"))


def hold(stack, process, count):
    """Open connections from several addresses, each kept alive after its first answer."""
    host, port = process.address.removeprefix("http://").split(":")
    asked: list[socket.socket] = []
    for number in range(count):
        source = (f"127.0.0.{2 + number // PORTS_EACH}", 0)
        sock = socket.create_connection((host, int(port)), 20, source_address=source)
        asked.append(stack.enter_context(sock))
        sock.sendall(GET)
        if len(asked) == AT_ONCE or number == count - 1:
            assert all(sock.recv(65536).endswith(b"\r\n\r\nok") for sock in asked)
            asked.clear()


def descriptors(process):
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


# R86
def test_they_are_held_and_others_are_served_and_all_are_let_go(count, upstream, proxy, memory):
    assert count >= LEAST
    process = proxy(upstream(answer).url)
    with ExitStack() as stack:
        hold(stack, process, 100)
    few, small = descriptors(process), memory(process, "VmRSS")
    with ExitStack() as stack:
        hold(stack, process, count)
        grown = memory(process, "VmRSS") - small
        assert descriptors(process) >= count
        assert grown / count < MOST_EACH
        with urllib.request.urlopen(process.address, timeout=20) as response:
            assert response.read() == b"ok"
    end = time.monotonic() + 20
    while descriptors(process) > few and time.monotonic() < end:
        urllib.request.urlopen(process.admin + "/healthz", timeout=20).close()
    assert descriptors(process) <= few
