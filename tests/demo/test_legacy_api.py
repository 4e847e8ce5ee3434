"""Contacts in the legacy API: every endpoint, and every refusal."""

import json
from dataclasses import dataclass

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from corsproxy.demo.legacy_api import MAX_BODY

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LIZZY = {
    "id": 1,
    "name": "Elizabeth Bennet",
    "email": "elizabeth@longbourn.example",
    "phone": "+1 202-555-0101",
}
JANE = {"id": 5, "name": "Jane Eyre", "email": "", "phone": ""}


async def contacts(client: TestClient) -> list[dict[str, object]]:
    return await (await client.get("/api/contacts")).json()


async def answer(response: ClientResponse) -> tuple[int, object]:
    text = await response.text()
    return response.status, json.loads(text) if text else None


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: str | bytes | None = None


@pytest.mark.parametrize(
    ("call", "status", "body"),
    [
        pytest.param(Call("GET", "/api/contacts/1", {}), 200, LIZZY, id="get one"),
        pytest.param(Call("HEAD", "/api/contacts/1", {}), 200, None, id="its head alone"),
        pytest.param(
            Call("POST", "/api/contacts", FORM, "name=Jane+Eyre"), 201, JANE, id="add by form"
        ),
        pytest.param(
            Call("POST", "/api/contacts", JSON, '{"name": "Jane Eyre"}'),
            201,
            JANE,
            id="add by JSON",
        ),
        pytest.param(
            Call("PUT", "/api/contacts/1", JSON, '{"name": "Lizzy"}'),
            200,
            {"id": 1, "name": "Lizzy", "email": "", "phone": ""},
            id="put: what is not given is empty",
        ),
        pytest.param(
            Call("PATCH", "/api/contacts/1", JSON, '{"name": "Lizzy"}'),
            200,
            LIZZY | {"name": "Lizzy"},
            id="patch: what is not given stays",
        ),
        pytest.param(Call("DELETE", "/api/contacts/1", {}), 204, None, id="delete"),
        pytest.param(Call("POST", "/api/logout", {}), 204, None, id="log out without a session"),
        pytest.param(
            Call("POST", "/api/login", FORM, "user=lizzy"), 200, {"user": "lizzy"}, id="log in"
        ),
    ],
)
async def test_endpoint(client: TestClient, call: Call, status: int, body: object):
    response = await client.request(call.method, call.path, headers=call.headers, data=call.body)
    assert await answer(response) == (status, body)


async def test_the_list_says_how_many_there_are(client: TestClient):
    response = await client.get("/api/contacts")
    status, body = await answer(response)
    assert isinstance(body, list)
    assert (status, len(body), body[0]) == (200, 4, LIZZY)
    assert response.headers["X-Total-Count"] == "4"
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_contact_added_is_found_where_the_answer_says(client: TestClient):
    added = await client.post("/api/contacts", json={"name": "Jane Eyre"})
    assert added.headers["Location"] == "/api/contacts/5"
    assert await answer(await client.get(added.headers["Location"])) == (200, JANE)


async def test_a_contact_deleted_is_gone(client: TestClient):
    await client.delete("/api/contacts/1")
    assert await answer(await client.get("/api/contacts/1")) == (
        404,
        {"error": "there is no contact 1"},
    )


@pytest.mark.parametrize(
    ("call", "status", "error"),
    [
        pytest.param(Call("GET", "/", {}), 404, "404: Not Found", id="no such path"),
        pytest.param(Call("GET", "/api/contacts/x", {}), 404, "404: Not Found", id="no number"),
        pytest.param(
            Call("GET", "/api/contacts/99", {}), 404, "there is no contact 99", id="get nobody"
        ),
        pytest.param(
            Call("PUT", "/api/contacts/99", JSON, '{"name": "x"}'),
            404,
            "there is no contact 99",
            id="put nobody",
        ),
        pytest.param(
            Call("DELETE", "/api/contacts/99", {}), 404, "there is no contact 99", id="del nobody"
        ),
        pytest.param(
            Call("DELETE", "/api/contacts", {}), 405, "405: Method Not Allowed", id="del all"
        ),
        pytest.param(
            Call("POST", "/api/contacts", {"Content-Type": "text/plain"}, "x"),
            415,
            "send application/json or application/x-www-form-urlencoded",
            id="plain text",
        ),
        pytest.param(
            Call("PUT", "/api/contacts/1", FORM, "name=x"),
            415,
            "send application/json",
            id="put a form",
        ),
        pytest.param(
            Call("POST", "/api/login", JSON, '{"user": "x"}'),
            415,
            "send application/x-www-form-urlencoded",
            id="log in by JSON",
        ),
        pytest.param(
            Call("POST", "/api/contacts", JSON, "{"),
            400,
            "the content is no application/json",
            id="half a JSON text",
        ),
        pytest.param(
            Call("POST", "/api/contacts", JSON, b"\xff\xfe\xff"),
            400,
            "the content is no application/json",
            id="octets that are no text",
        ),
        pytest.param(
            Call("POST", "/api/contacts", JSON, "[" * 60_000),
            400,
            "the content is no application/json",
            id="JSON of great depth",
        ),
        pytest.param(
            Call("POST", "/api/contacts", JSON, "9" * 60_000),
            400,
            "the content is no application/json",
            id="a number of great length",
        ),
        pytest.param(
            Call("POST", "/api/contacts", JSON, '["name"]'),
            400,
            "expected a JSON object",
            id="a JSON list",
        ),
        pytest.param(
            Call("POST", "/api/contacts", FORM, b"name=\xff"),
            400,
            "the content is no application/x-www-form-urlencoded",
            id="a form of other octets",
        ),
        pytest.param(
            Call("POST", "/api/contacts", FORM, "&".join(["name=x"] * 21)),
            400,
            "the content is no application/x-www-form-urlencoded",
            id="a form of many fields",
        ),
        pytest.param(
            Call("POST", "/api/contacts", JSON, "{}"), 422, "name: missing or empty", id="nameless"
        ),
        pytest.param(
            Call("POST", "/api/login", FORM, "user=+"), 422, "user: missing or empty", id="no user"
        ),
        pytest.param(
            Call("POST", "/api/login", FORM, "user=" + "x" * 101),
            422,
            "user: longer than 100 characters",
            id="a long user",
        ),
        pytest.param(
            Call("POST", "/api/contacts", JSON, "x" * (MAX_BODY + 1)),
            413,
            f"Maximum request body size {MAX_BODY} exceeded.",
            id="over 64 KiB",
        ),
        pytest.param(
            Call("DELETE", "/api/contacts/1", {}, "x" * (MAX_BODY + 1)),
            413,
            f"Maximum request body size {MAX_BODY} exceeded.",
            id="over 64 KiB where none is wanted",
        ),
        pytest.param(
            Call("GET", "/api/me", {}),
            401,
            "no session: POST user to /api/login first",
            id="no session",
        ),
        pytest.param(
            Call("GET", "/api/me", {"Cookie": "session=guess"}),
            401,
            "no session: POST user to /api/login first",
            id="a guessed session",
        ),
        pytest.param(
            Call("GET", "/api/chat", {}),
            426,
            "this is a WebSocket: ask with Upgrade: websocket",
            id="a WebSocket without its handshake",
        ),
    ],
)
async def test_refusal(client: TestClient, call: Call, status: int, error: str):
    before = await contacts(client)
    response = await client.request(call.method, call.path, headers=call.headers, data=call.body)
    assert await answer(response) == (status, {"error": error})
    assert response.content_type == "application/json"
    assert await contacts(client) == before


async def test_a_full_address_book_refuses_until_one_is_deleted(client: TestClient):
    for _ in range(996):
        await client.post("/api/contacts", json={"name": "x"})
    refused = await client.post("/api/contacts", json={"name": "x"})
    full = {"error": "the address book is full at 1000: delete a contact"}
    assert await answer(refused) == (409, full)
    await client.delete("/api/contacts/1")
    assert (await client.post("/api/contacts", json={"name": "x"})).status == 201
