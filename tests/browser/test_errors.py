"""What the proxy itself answers can be read by the page that may read the rest."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import json

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

ERRORS = {
    "404: no route": ("/nowhere", {}, 404, "destination_not_found"),
    "413: too large a body": (
        "/small",
        {"method": "POST", "body": "more than ten octets"},
        413,
        "http_request_denied",
    ),
    "502: nobody listens": ("/dead", {}, 502, "connection_refused"),
    "504: the API takes too long": ("/hasty/never", {}, 504, "http_response_timeout"),
}


@pytest.mark.parametrize(("path", "init", "status", "code"), ERRORS.values(), ids=ERRORS)
async def test_the_allowed_page_reads(tab, path, init, status, code):
    got = await tab.fetch_all(path, **init)
    assert (got["status"], got["headers"]["content-type"]) == (status, "application/problem+json")
    told = json.loads(got["text"])
    assert (told["status"], told["code"]) == (status, code)


@pytest.mark.parametrize(("path", "init", "status", "code"), ERRORS.values(), ids=ERRORS)
async def test_another_page_can_not_read(other_tab, proxy, path, init, status, code):
    assert await other_tab.fetch(path, **init) == {"error": "TypeError"}
    [exchange] = proxy.logged(init.get("method", "GET"), path)
    assert (exchange["status"], exchange["error"]) == (status, code)


async def test_a_preflight_is_answered_though_the_upstream_is_dead(tab, proxy):
    assert (await tab.fetch("/dead", method="PUT"))["status"] == 502
    exchanges = proxy.logged("PUT", "/dead")
    assert [(e["method"], e["status"]) for e in exchanges] == [("OPTIONS", 204), ("PUT", 502)]


async def test_an_error_of_the_api_is_read_as_it_is(tab, api):
    assert await tab.fetch("/plain/broken") == {"status": 500, "text": "it broke"}
    assert api.requests == ["GET /broken"]
