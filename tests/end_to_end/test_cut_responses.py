"""A response that the upstream cuts is seen as cut by the clients people use."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import asyncio
import http.client
import socket
import struct
import urllib.error
import urllib.request

import aiohttp
import pytest

HALF = b"x" * 50_000
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNSIZED = b"HTTP/1.1 200 OK\r\n\r\n"
CHUNK = b"c350\r\n" + HALF + b"\r\n"


def end(exchange):
    """Close the connection in order."""


def reset(exchange):
    exchange.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.request.close()


CUTS = [
    pytest.param(SIZED + HALF, end, id="by Content-Length, closed half way"),
    pytest.param(SIZED + HALF, reset, id="by Content-Length, reset half way"),
    pytest.param(CHUNKED + CHUNK, end, id="chunked, closed before the last chunk"),
    pytest.param(CHUNKED + CHUNK[:-1000], end, id="chunked, closed inside a chunk"),
    pytest.param(CHUNKED + CHUNK, reset, id="chunked, reset before the last chunk"),
    pytest.param(CHUNKED + CHUNK + b"zz\r\n", end, id="chunked, and then no chunk"),
    pytest.param(UNSIZED + HALF, reset, id="ended by its close, and reset"),
]


@pytest.fixture
def address(upstream, proxy, request):
    octets, finish = request.param

    def script(exchange) -> None:
        exchange.write(octets)
        # a reset drops what was not read: the client has the beginning before it comes
        assert exchange.server.go_on.wait(20)
        finish(exchange)

    server = upstream(script)
    return proxy(server.url).address, server.go_on


BY_ADDRESS = pytest.mark.parametrize(
    "address", [cut.values for cut in CUTS], ids=[cut.id for cut in CUTS], indirect=True
)


# R59
@BY_ADDRESS
async def test_seen_by_aiohttp(address):
    url, go_on = address
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert (response.status, await response.content.readexactly(1000)) == (200, b"x" * 1000)
        go_on.set()
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


# R59
@BY_ADDRESS
def test_seen_by_http_client(address):
    url, go_on = address
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.request("GET", "/")
    response = connection.getresponse()
    assert (response.status, response.read(1000)) == (200, b"x" * 1000)
    go_on.set()
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()
    connection.close()


async def test_a_whole_response_after_a_cut_one(upstream, proxy):
    def script(exchange) -> None:
        if len(exchange.server.heads) == 1:
            exchange.write(SIZED + HALF)
        else:
            exchange.write(SIZED + HALF + HALF)

    url = proxy(upstream(script).url).address
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientPayloadError):
            await (await session.get(url)).read()
        async with session.get(url) as response:
            assert await response.read() == HALF + HALF


# R80
def test_a_response_that_never_began_is_an_answer_not_a_cut(upstream, proxy):
    url = proxy(upstream(lambda _: None).url).address
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(url, timeout=20):
        pass
    with caught.value as error:
        assert (error.code, error.headers["Proxy-Status"]) == (
            502,
            "corsproxy; error=connection_terminated",
        )


# R82
async def test_a_client_that_goes_away_ends_the_request_upstream(upstream, proxy):
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()

    def script(exchange) -> None:
        exchange.write(SIZED + HALF)
        assert exchange.rfile.read(1) == b""  # returns when the proxy closes
        loop.call_soon_threadsafe(gone.set)

    url = proxy(upstream(script).url).address
    async with aiohttp.ClientSession() as session:
        response = await session.get(url)
        await response.content.readexactly(1000)
        response.close()
        async with asyncio.timeout(20):
            await gone.wait()
