"""Cookies, and the other things a browser sends along only where both sides agree."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

INCLUDE = {"credentials": "include"}
REFUSED = {"error": "TypeError"}


async def log_in(tab, path="/session/login"):
    return await tab.fetch(path, **INCLUDE)


def cookies(api):
    return [headers.get("cookie") for headers in api.headers]


SENT = [
    pytest.param("include", "session=s1", id="credentials: include sends the cookie back"),
    pytest.param("omit", None, id="credentials: omit leaves it out"),
    pytest.param("same-origin", None, id="credentials: same-origin leaves it out"),
]


@pytest.mark.parametrize(("credentials", "cookie"), SENT)
async def test_a_cookie_of_the_api(tab, api, credentials, cookie):
    assert await log_in(tab) == {"status": 200, "text": "logged in"}
    got = await tab.fetch("/session/items", credentials=credentials)
    assert got == {"status": 200, "text": "GET"}
    assert cookies(api) == [None, cookie]


async def test_a_cookie_set_without_credentials_is_not_kept(tab, api):
    await tab.fetch("/session/login", credentials="omit")
    await tab.fetch("/session/items", **INCLUDE)
    assert cookies(api) == [None, None]


async def test_a_cookie_goes_with_a_preflighted_request_but_not_with_its_preflight(tab, api, proxy):
    await log_in(tab)
    init = {"method": "PUT", "headers": {"Content-Type": "application/json"}, "body": "{}"}
    got = await tab.fetch("/session/items", **init, **INCLUDE)
    assert got == {"status": 200, "text": "PUT {}"}
    assert api.requests == ["GET /login", "PUT /items"]
    assert cookies(api) == [None, "session=s1"]
    methods = [e["method"] for e in proxy.logged("PUT", "/session/items")]
    assert methods == ["OPTIONS", "PUT"]


async def test_a_cookie_is_confined_to_its_route(tab, api):
    await log_in(tab)
    assert await tab.fetch("/plain/items", credentials="omit") == {"status": 200, "text": "GET"}
    assert await tab.fetch("/authorized/items", **INCLUDE) == REFUSED
    assert cookies(api) == [None, None, None]


async def test_without_allow_credentials_the_api_gets_it_and_the_page_does_not(tab, api, proxy):
    assert await tab.fetch("/plain/items", **INCLUDE) == REFUSED
    assert api.requests == ["GET /items"]
    assert [e["status"] for e in proxy.logged("GET", "/plain/items")] == [200]


async def test_without_allow_credentials_a_preflighted_request_is_not_sent(tab, api):
    assert await tab.fetch("/rest/items", method="PUT", **INCLUDE) == REFUSED
    assert api.requests == []


async def test_an_unlisted_page_gets_nothing_with_credentials_either(other_tab, api):
    assert await log_in(other_tab) == REFUSED
    assert await other_tab.fetch("/session/items", method="PUT", **INCLUDE) == REFUSED
    assert api.requests == ["GET /login"]


async def test_any_origin_works_without_credentials(tab, other_tab, api):
    for page in (tab, other_tab):
        assert await page.fetch("/public/items") == {"status": 200, "text": "GET"}
        assert await page.fetch("/public/items", **INCLUDE) == REFUSED
    assert api.requests == ["GET /items"] * 4


ASTERISKS = {
    "any method": {"method": "PROPFIND"},
    "PATCH": {"method": "PATCH"},
    "any header": {"headers": {"X-Any": "1", "X-More": "2"}},
    "Authorization, where it is named": {"headers": {"Authorization": "Bearer t"}},
}


@pytest.mark.parametrize("init", ASTERISKS.values(), ids=ASTERISKS)
async def test_asterisks_hold_with_credentials_though_the_standard_knows_none(tab, api, init):
    got = await tab.fetch("/session/items", **init, **INCLUDE)
    method = init.get("method", "GET")
    assert got == {"status": 200, "text": method}
    assert api.requests == [f"{method} /items"]


async def test_the_apis_own_cors_headers_are_replaced_not_doubled(tab, api):
    assert await tab.fetch("/session/own-cors", **INCLUDE) == {"status": 200, "text": "own"}
    assert api.requests == ["GET /own-cors"]


async def test_the_apis_own_cors_headers_open_nothing_to_other_pages(other_tab, api):
    assert await other_tab.fetch("/session/own-cors") == REFUSED
    assert api.requests == ["GET /own-cors"]


async def test_by_xmlhttprequest(tab, api):
    call = "url => xhr('GET', url, {withCredentials: true})"
    for path in ("/session/login", "/session/items"):
        assert (await tab.page.evaluate(call, tab.base + path))["status"] == 200
    assert cookies(api) == [None, "session=s1"]


# Which response headers a page may read.

EXPOSED = {
    "what is exposed": ("/rest/items", {}, {"x-total-count": "7"}),
    "nothing where nothing is exposed": ("/plain/items", {}, {}),
    "all by *": ("/wide/items", {}, {"x-total-count": "7", "x-other": "8"}),
    "all by * with credentials": (
        "/session/items",
        INCLUDE,
        {"x-total-count": "7", "x-other": "8"},
    ),
}


@pytest.mark.parametrize(("path", "init", "expected"), EXPOSED.values(), ids=EXPOSED)
async def test_a_page_may_read(tab, path, init, expected):
    headers = (await tab.fetch_all(path, **init))["headers"]
    assert {name: text for name, text in headers.items() if name.startswith("x-")} == expected
    assert headers["content-type"] == "text/plain; charset=utf-8"
