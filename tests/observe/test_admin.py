"""The admin listener: alive, and ready."""

from aiohttp.test_utils import TestClient, TestServer

from corsproxy.observe import admin


async def test_it_is_alive_and_ready_until_it_is_not():
    ready = True
    async with TestClient(TestServer(admin.create_app(lambda: ready))) as client:
        for path, status, said in (("/healthz", 200, "ok\n"), ("/readyz", 200, "ready\n")):
            answer = await client.get(path)
            assert (answer.status, await answer.text()) == (status, said)
        ready = False
        answer = await client.get("/readyz")
        assert (answer.status, await answer.text()) == (503, "draining\n")
        assert (await client.get("/healthz")).status == 200


async def test_it_tells_a_page_nothing():
    async with TestClient(TestServer(admin.create_app(lambda: True))) as client:
        answer = await client.get("/readyz", headers={"Origin": "http://localhost:3001"})
        assert [name for name in answer.headers if name.startswith("Access-Control")] == []
