"""A client that leaves is no failure of the API: nothing about it stands in the terminal."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from corsproxy.demo.legacy_api import create_app

HALF_AN_UPLOAD = (
    b"POST /api/contacts HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n"
    b"Content-Length: 500\r\nExpect: 100-continue\r\n\r\n"
)
EVENTS = b"GET /api/events HTTP/1.1\r\nHost: api\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Watched:
    """An API as `corsproxy demo` runs it, and how its first handler ended."""

    port: int
    ended: asyncio.Future[BaseException | None]


@pytest.fixture
async def api() -> AsyncIterator[Watched]:
    ended: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    @web.middleware
    async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except BaseException as error:
            ended.set_result(error)
            raise
        ended.set_result(None)
        return response

    app = create_app(event_interval=0.05)
    app.middlewares.insert(0, outermost)
    # pytest-aiohttp's server would cancel the handler, which a server does not by default.
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Watched(runner.addresses[0][1], ended)
    await runner.cleanup()


@pytest.mark.parametrize(
    ("request_head", "until"),
    [
        pytest.param(HALF_AN_UPLOAD, b"100 Continue\r\n\r\n", id="in the middle of an upload"),
        pytest.param(EVENTS, b"id: 1\n", id="in the middle of the events"),
    ],
)
async def test_a_client_that_leaves_ends_the_handler_without_an_exception(
    api: Watched, request_head: bytes, until: bytes
):
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(request_head)
    await reader.readuntil(until)
    writer.transport.abort()
    assert await asyncio.wait_for(api.ended, 5) is None
