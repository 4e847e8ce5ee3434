"""One command without a file, and the page works:

corsproxy run --upstream http://127.0.0.1:PORT --allow-origin http://localhost:PORT
"""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import hashlib

import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENV = {  # for tests side by side, which look at what reaches the upstream
    "CORSPROXY_LISTEN": "127.0.0.1:0",
    "CORSPROXY_ADMIN": "off",
    "CORSPROXY_NO_PROBE": "1",
}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def quick(corsproxy, legacy_api, pages):
    command = ["run", "--upstream", legacy_api.url, "--allow-origin", pages.allowed]
    with corsproxy(*command, env=ENV) as proxy:
        yield proxy.address.replace("127.0.0.1", "localhost")


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_tab, pages, quick):
    return await open_tab(pages.allowed, quick)


JSON = {"Content-Type": "application/json"}
WORKING = {
    "GET": ({}, "GET"),
    "POST of a form": ({"method": "POST", "form": {"a": "b"}}, "POST a=b"),
    "POST of JSON": ({"method": "POST", "headers": JSON, "body": "{}"}, "POST {}"),
    "PUT of JSON": ({"method": "PUT", "headers": JSON, "body": "{}"}, "PUT {}"),
    "PATCH of JSON": ({"method": "PATCH", "headers": JSON, "body": "{}"}, "PATCH {}"),
    "DELETE": ({"method": "DELETE"}, "DELETE"),
    "a header of its own": ({"headers": {"X-Own": "1"}}, "GET"),
    "Authorization": ({"headers": {"Authorization": "Bearer t"}}, "GET"),
}


@pytest.mark.parametrize(("init", "text"), WORKING.values(), ids=WORKING)
async def test_it_works_for(page, api, init, text):
    got = await page.fetch_all("/items", **init, credentials="include")
    assert (got["status"], got["text"]) == (200, text)
    assert (got["headers"]["x-total-count"], got["headers"]["x-other"]) == ("7", "8")
    assert api.requests == [f"{text.split()[0]} /items"]


async def test_it_works_for_cookies(page, api):
    await page.fetch("/login?plain", credentials="include")
    assert await page.fetch("/items", credentials="include") == {"status": 200, "text": "GET"}
    assert [headers.get("cookie") for headers in api.headers] == [None, "session=s1"]


async def test_it_works_for_websockets(page, api):
    url = page.base.replace("http://", "ws://") + "/echo"
    got = await page.page.evaluate("args => talk(...args)", [url, ["one", "two"]])
    assert (got["opened"], got["answers"]) == (True, ["echo one", "echo two"])
    assert api.requests == ["GET /echo"]


async def test_it_works_for_server_sent_events(page, api):
    got = await page.run("listen", "/events", f"{page.base}/confirm")
    assert got == {"events": ["1", "2", "3"]}
    assert api.requests[0] == "GET /events"


async def test_it_works_for_large_bodies(page):
    sent = await page.run("upload", "/hash", 1 << 20)
    assert sent["answer"] == sent["sent"]
    expected = hashlib.sha256(hashlib.shake_256(b"corsproxy").digest(5 << 20)).hexdigest()
    assert await page.run("download", "/bytes") == {"size": 5 << 20, "hash": expected}


@pytest.mark.parametrize(
    "init",
    [{}, {"method": "DELETE"}, {"credentials": "include"}],
    ids=["GET", "DELETE", "credentials"],
)
async def test_it_opens_nothing_to_another_page(open_tab, pages, quick, init):
    other = await open_tab(pages.other, quick)
    assert await other.fetch("/items", **init) == {"error": "TypeError"}


async def test_with_no_origin_named_any_page_on_this_machine_may(
    corsproxy, open_tab, legacy_api, pages
):
    with corsproxy("run", "--upstream", legacy_api.url, env=ENV) as proxy:
        for origin in (pages.allowed, pages.other, pages.other.replace("localhost", "127.0.0.1")):
            page = await open_tab(origin, proxy.address)
            assert (await page.fetch("/items", method="PUT"))["status"] == 200


async def test_narrowed(corsproxy, open_tab, legacy_api, pages):
    narrowed = [
        *("--allow-origin", pages.allowed, "--no-credentials"),
        *("--allow-method", "PUT", "--allow-header", "X-One", "--expose-header", "X-Total-Count"),
    ]
    refused = {"error": "TypeError"}
    with corsproxy("run", "--upstream", legacy_api.url, *narrowed, env=ENV) as proxy:
        page = await open_tab(pages.allowed, proxy.address)
        put = await page.fetch_all("/items", method="PUT", headers={"X-One": "1"})
        assert (put["status"], "x-total-count" in put["headers"]) == (200, True)
        assert "x-other" not in put["headers"]
        assert await page.fetch("/items", method="DELETE") == refused
        assert await page.fetch("/items", headers={"X-Two": "1"}) == refused
        assert await page.fetch("/items", credentials="include") == refused
