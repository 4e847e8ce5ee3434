"""The legacy API's streams: server-sent events that end, and a WebSocket that echoes."""

import pytest
from aiohttp import WSCloseCode, WSMsgType
from aiohttp.test_utils import TestClient

from corsproxy.demo.legacy_api import EVENTS, MAX_BODY


async def test_the_events_come_in_order_and_end(client: TestClient):
    response = await client.get("/api/events")
    assert (response.status, response.content_type) == (200, "text/event-stream")
    assert await response.text() == "".join(
        f'id: {number}\ndata: {{"event": {number}, "contacts": 4}}\n\n'
        for number in range(1, EVENTS + 1)
    )


async def test_the_chat_echoes_texts_and_octets(client: TestClient):
    async with client.ws_connect("/api/chat") as chat:
        await chat.send_str("how do you do?")
        await chat.send_bytes(b"\x00\xff")
        assert [await chat.receive_str(timeout=5), await chat.receive_bytes(timeout=5)] == [
            "how do you do?",
            b"\x00\xff",
        ]


async def test_the_chat_refuses_what_is_over_64_kib(client: TestClient):
    async with client.ws_connect("/api/chat") as chat:
        await chat.send_bytes(bytes(MAX_BODY + 1))
        message = await chat.receive(timeout=5)
    assert (message.type, message.data) == (WSMsgType.CLOSE, WSCloseCode.MESSAGE_TOO_BIG)


async def test_a_stopping_api_says_goodbye_to_its_chats(client: TestClient):
    async with client.ws_connect("/api/chat") as chat:
        await client.app.shutdown()
        message = await chat.receive(timeout=5)
    assert (message.data, message.extra) == (WSCloseCode.GOING_AWAY, "the API stops")


@pytest.mark.parametrize("path", ["/api/events", "/api/chat"])
async def test_a_stream_has_no_head_without_its_content(client: TestClient, path: str):
    assert (await client.head(path)).status == 405
