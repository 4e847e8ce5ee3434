"""The frontend serves the page, the route table and the two addresses; nothing else."""

from importlib.resources import files

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from corsproxy.demo.frontend import create_app


@pytest.mark.parametrize(
    ("path", "file", "content_type"),
    [
        ("/", "page/index.html", "text/html; charset=utf-8"),
        ("/style.css", "page/style.css", "text/css; charset=utf-8"),
        ("/demo.js", "page/demo.js", "text/javascript; charset=utf-8"),
        ("/corsproxy.yaml", "corsproxy.yaml", "text/plain; charset=utf-8"),
    ],
)
async def test_a_file_is_served_as_what_it_is(
    page: TestClient, path: str, file: str, content_type: str
):
    response = await page.get(path)
    assert (response.status, response.headers["Content-Type"]) == (200, content_type)
    assert await response.read() == files("corsproxy.demo").joinpath(file).read_bytes()


async def test_the_addresses_are_origins(page: TestClient):
    response = await page.get("/config.json")
    assert (response.status, response.content_type) == (200, "application/json")
    assert await response.json() == {
        "api": "http://127.0.0.1:3002",
        "proxy": "http://localhost:8080",
        "inspector": None,
    }


async def test_the_inspector_is_named_where_there_is_one(aiohttp_client: AiohttpClient):
    app = create_app("http://a.test", "http://b.test", inspector_url="http://127.0.0.1:8081/")
    page = await aiohttp_client(app)
    assert (await (await page.get("/config.json")).json())["inspector"] == "http://127.0.0.1:8081/"


@pytest.mark.parametrize("path", ["/", "/style.css", "/demo.js", "/corsproxy.yaml", "/config.json"])
async def test_a_browser_keeps_nothing_and_loads_nothing_from_elsewhere(
    page: TestClient, path: str
):
    headers = (await page.get(path)).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        "connect-src 'self' http://127.0.0.1:3002 http://localhost:8080; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@pytest.mark.parametrize(
    "path", ["/index.html", "/page/index.html", "/__init__.py", "/legacy_api.py"]
)
async def test_nothing_else_is_served(page: TestClient, path: str):
    assert (await page.get(path)).status == 404


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("localhost:8080", id="no scheme"),
        pytest.param("http://localhost:8080/api", id="a path"),
        pytest.param("http://localhost:*", id="a wildcard"),
        pytest.param("http://a.test; script-src *", id="more of a policy"),
        pytest.param("", id="nothing"),
    ],
)
def test_an_address_that_is_no_origin_is_refused(url: str):
    with pytest.raises(ValueError, match=r".+"):
        create_app("http://127.0.0.1:3002", url)
    with pytest.raises(ValueError, match=r".+"):
        create_app(url, "http://localhost:8080")
