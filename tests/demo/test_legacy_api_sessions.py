"""The legacy API's cookie session: written for the API's own domain, and bounded."""

from http.cookies import SimpleCookie

from aiohttp.test_utils import TestClient

from corsproxy.demo.legacy_api import MAX_SESSIONS

ATTRIBUTES = "Domain=address-book.example; HttpOnly; Path=/; SameSite=None; Secure"


async def log_in(client: TestClient, user: str) -> dict[str, str]:
    """Return the Cookie field a browser on the API's own domain would send from now on."""
    response = await client.post("/api/login", data={"user": user})
    morsel = SimpleCookie(response.headers["Set-Cookie"])["session"]
    return {"Cookie": f"session={morsel.value}"}


async def who(client: TestClient, cookie: dict[str, str]) -> tuple[int, str | None]:
    response = await client.get("/api/me", headers=cookie)
    return response.status, (await response.json()).get("user")


async def test_a_login_sets_the_cookie_of_production(client: TestClient):
    response = await client.post("/api/login", data={"user": "lizzy"})
    pair, _, attributes = response.headers["Set-Cookie"].partition("; ")
    assert (pair.partition("=")[0], attributes) == ("session", ATTRIBUTES)


async def test_each_session_knows_its_own_user(client: TestClient):
    lizzy, jane = await log_in(client, "lizzy"), await log_in(client, "jane")
    assert [await who(client, lizzy), await who(client, jane)] == [(200, "lizzy"), (200, "jane")]


async def test_a_logout_ends_the_session_and_takes_the_cookie_back(client: TestClient):
    lizzy, jane = await log_in(client, "lizzy"), await log_in(client, "jane")
    response = await client.post("/api/logout", headers=lizzy)
    expired = ATTRIBUTES.replace("HttpOnly", "HttpOnly; Max-Age=0")
    assert response.headers["Set-Cookie"] == f'session=""; {expired}'
    assert [await who(client, lizzy), await who(client, jane)] == [(401, None), (200, "jane")]


async def test_the_oldest_session_makes_room_for_one_too_many(client: TestClient):
    first = await log_in(client, "first")
    second = await log_in(client, "second")
    for _ in range(MAX_SESSIONS - 1):
        await client.post("/api/login", data={"user": "x"})
    assert [await who(client, first), await who(client, second)] == [(401, None), (200, "second")]
