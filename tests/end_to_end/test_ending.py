"""Asked to end, the proxy lets what is under way end, and exits with status 0."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import signal
import time
import urllib.error
import urllib.request
from contextlib import suppress

import pytest

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
BEGIN = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst"
REST = b"last."


def half(exchange):
    """Answer half, and the rest when the test says so."""
    exchange.write(BEGIN)
    assert exchange.server.go_on.wait(20)
    exchange.write(REST)


def endless(exchange):
    exchange.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
    exchange.rfile.read(1)


def read(sock):
    """Return what comes until the connection is closed."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def read_until(sock, end):
    got = b""
    while not got.endswith(end):
        part = sock.recv(65536)
        assert part, got
        got += part
    return got


def wait_until_draining(process):
    """Wait until the proxy tells its orchestrator that it is on its way out."""
    end = time.monotonic() + 20
    while status(process.admin + "/readyz") != 503:
        assert time.monotonic() < end


def status(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


# R88
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_response_that_streams_ends_whole(upstream, proxy, connect, number):
    server = upstream(half)
    process = proxy(server.url)
    client = connect(process)
    client.sendall(GET)
    assert read_until(client, b"first").startswith(b"HTTP/1.1 200 OK\r\n")
    process.send(number)
    wait_until_draining(process)
    server.go_on.set()
    assert read(client) == REST
    assert process.wait() == 0


# R88
def test_an_upload_that_is_under_way_ends_whole(upstream, proxy, connect):
    def take(exchange) -> None:
        got.append(exchange.rfile.read(10))
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    got = []
    server = upstream(take)
    process = proxy(server.url)
    client = connect(process)
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
    while not server.heads:
        time.sleep(0)
    process.send(signal.SIGTERM)
    wait_until_draining(process)
    client.sendall(REST)
    head, content = read(client).split(b"\r\n\r\n")
    assert (b"Connection: close" in head.split(b"\r\n"), content) == (True, b"ok")
    assert (got, process.wait()) == ([b"firstlast."], 0)


# R88
def test_while_it_drains_it_is_alive_but_not_ready_and_takes_nobody_new(upstream, proxy, connect):
    server = upstream(half)
    process = proxy(server.url)
    client = connect(process)
    client.sendall(GET)
    read_until(client, b"first")
    assert status(process.admin + "/readyz") == 200
    process.send(signal.SIGTERM)
    wait_until_draining(process)
    assert status(process.admin + "/healthz") == 200
    with pytest.raises(ConnectionRefusedError):
        connect(process)
    server.go_on.set()
    assert read(client) == REST
    assert process.wait() == 0
    assert len(server.heads) == 1


# R88
def test_an_idle_connection_is_closed_at_once(upstream, proxy, connect):
    def whole(exchange) -> None:
        exchange.write(BEGIN + REST)

    process = proxy(upstream(whole).url)
    idle, fresh = connect(process), connect(process)
    idle.sendall(GET)
    assert read_until(idle, REST)
    process.send(signal.SIGTERM)
    assert (read(idle), read(fresh), process.wait()) == (b"", b"", 0)


# R88
def test_asked_twice_it_ends_at_once(upstream, proxy, connect):
    process = proxy(upstream(endless).url)
    client = connect(process)
    client.sendall(GET)
    read_until(client, b"1\r\nx\r\n")
    process.send(signal.SIGTERM)
    wait_until_draining(process)
    began = time.monotonic()
    process.send(signal.SIGTERM)
    assert process.wait() == 0
    assert time.monotonic() - began < 4  # well below what a drain may take
    with suppress(ConnectionResetError):
        assert not read(client).endswith(b"0\r\n\r\n")


# R88
def test_what_does_not_end_is_cut_before_docker_kills(upstream, proxy, connect):
    process = proxy(upstream(endless).url)
    client = connect(process)
    client.sendall(GET)
    read_until(client, b"1\r\nx\r\n")
    began = time.monotonic()
    process.send(signal.SIGTERM)
    assert not read(client).endswith(b"0\r\n\r\n")
    assert process.wait() == 0
    assert time.monotonic() - began < 10


# R88
def test_with_nothing_under_way_it_ends_at_once(upstream, proxy):
    process = proxy(upstream(endless).url)
    assert process.address
    began = time.monotonic()
    process.send(signal.SIGTERM)
    assert process.wait() == 0
    assert time.monotonic() - began < 4


# R88
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_asked_again_and_again_it_still_ends_with_status_0(upstream, proxy, connect, number):
    process = proxy(upstream(endless).url)
    client = connect(process)
    client.sendall(GET)
    read_until(client, b"1\r\nx\r\n")
    while process.running:
        process.send(number)
    assert process.wait() == 0
