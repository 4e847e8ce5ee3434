"""The admin listener: alive, and ready."""

from aiohttp.test_utils import TestClient, TestServer

from corsproxy.observe import admin
from corsproxy.observe.refusals import Refusals


async def test_it_is_alive_and_ready_until_it_is_not():
    ready = True
    async with TestClient(TestServer(admin.create_app(lambda: ready, Refusals))) as client:
        for path, status, said in (("/healthz", 200, "ok\n"), ("/readyz", 200, "ready\n")):
            answer = await client.get(path)
            assert (answer.status, await answer.text()) == (status, said)
        ready = False
        answer = await client.get("/readyz")
        assert (answer.status, await answer.text()) == (503, "draining\n")
        assert (await client.get("/healthz")).status == 200


async def test_it_tells_a_page_nothing():
    async with TestClient(TestServer(admin.create_app(lambda: True, Refusals))) as client:
        answer = await client.get("/readyz", headers={"Origin": "http://localhost:3001"})
        assert [name for name in answer.headers if name.startswith("Access-Control")] == []


async def test_it_shows_what_was_refused():
    async with TestClient(TestServer(admin.create_app(lambda: True, Refusals))) as client:
        answer = await client.get("/refused")
        assert (answer.status, await answer.json()) == (200, {"refused": [], "others": 0})
