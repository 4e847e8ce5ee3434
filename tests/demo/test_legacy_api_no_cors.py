"""The law of the legacy API: whatever it is asked, it says nothing of CORS."""

import itertools

import pytest
from aiohttp.test_utils import TestClient

ALLOW = {
    "/api/contacts": "GET,HEAD,POST",
    "/api/contacts/1": "DELETE,GET,HEAD,PATCH,PUT",
    "/api/login": "POST",
    "/api/logout": "POST",
    "/api/me": "GET,HEAD",
    "/api/events": "GET",
    "/api/chat": "GET",
}
ORIGIN = {"Origin": "http://localhost:3001"}
PREFLIGHT = ORIGIN | {
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "content-type",
    "Access-Control-Request-Private-Network": "true",
}
FORM = ORIGIN | {"Content-Type": "application/x-www-form-urlencoded"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")


@pytest.mark.parametrize("headers", [{}, PREFLIGHT], ids=["bare", "preflight"])
@pytest.mark.parametrize(("path", "allow"), ALLOW.items(), ids=ALLOW)
async def test_options_is_answered_405_with_what_is_allowed(
    client: TestClient, path: str, allow: str, headers: dict[str, str]
):
    response = await client.options(path, headers=headers)
    assert (response.status, response.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize("method", METHODS)
async def test_no_answer_carries_a_field_of_cors(client: TestClient, method: str):
    bodies = (b"", b"name=x&user=x", bytes(65_537))
    seen = set()
    for path, headers, body in itertools.product([*ALLOW, "/"], ({}, PREFLIGHT, FORM), bodies):
        response = await client.request(method, path, headers=headers, data=body or None)
        seen.update(name.lower() for name in response.headers)
    assert [name for name in seen if name.startswith("access-control")] == []
    assert "content-type" in seen


async def test_the_handshake_of_the_chat_carries_none_either(client: TestClient):
    async with client.ws_connect("/api/chat", headers=ORIGIN) as chat:
        names = [name.lower() for name in chat._response.headers]
    assert [name for name in names if name.startswith("access-control")] == []
    assert "upgrade" in names
