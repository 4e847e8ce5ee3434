"""What comes in pieces: WebSockets, server-sent events, large bodies, redirects."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import hashlib

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

INCLUDE = {"credentials": "include"}


async def talk(tab, path, messages=(), protocols=()):
    url = tab.base.replace("http://", "ws://") + path
    args = [url, list(messages), list(protocols)]
    return await tab.page.evaluate("args => talk(...args)", args)


SOCKETS = {
    "messages go both ways": (
        ["one", "two"],
        [],
        {"opened": True, "protocol": "", "answers": ["echo one", "echo two"], "code": 1000},
    ),
    "a long message arrives whole": (
        ["x" * 1_000_000],
        [],
        {"opened": True, "protocol": "", "answers": ["echo " + "x" * 1_000_000], "code": 1000},
    ),
    "the API chooses a subprotocol": (
        [],
        ["chat.v1", "chat.v9"],
        {"opened": True, "protocol": "chat.v1", "answers": [], "code": 1000},
    ),
}


@pytest.mark.parametrize(("messages", "protocols", "expected"), SOCKETS.values(), ids=SOCKETS)
async def test_a_websocket_of_the_allowed_page(tab, api, messages, protocols, expected):
    assert await talk(tab, "/plain/echo", messages, protocols) == expected
    assert api.requests == ["GET /echo"]


async def test_a_websocket_of_another_page_never_reaches_the_api(other_tab, api, proxy):
    assert await talk(other_tab, "/plain/echo", ["one"]) == {
        "opened": False,
        "protocol": "",
        "answers": [],
        "code": 1006,
    }
    assert api.requests == []
    [exchange] = proxy.logged("GET", "/plain/echo")
    assert (exchange["status"], exchange["reason"]) == (403, "origin_not_allowed")


async def test_a_websocket_carries_the_cookie(tab, api):
    await tab.fetch("/session/login", **INCLUDE)
    assert (await talk(tab, "/session/echo", ["one"]))["answers"] == ["echo one"]
    assert api.headers[-1]["cookie"] == "session=s1"


async def test_events_arrive_as_they_are_sent(tab, api):
    confirm = f"{tab.base}/plain/confirm"
    assert await tab.run("listen", "/plain/events", confirm) == {"events": ["1", "2", "3"]}
    assert api.requests == [
        "GET /events",
        *("GET /confirm?1", "GET /confirm?2", "GET /confirm?3"),
    ]


async def test_events_come_with_credentials(tab, api):
    await tab.fetch("/session/login", **INCLUDE)
    confirm = f"{tab.base}/session/confirm"
    got = await tab.run("listen", "/session/events", confirm, True)
    assert got == {"events": ["1", "2", "3"]}
    assert api.headers[1]["cookie"] == "session=s1"


async def test_another_page_gets_no_events(other_tab, api):
    got = await other_tab.run("listen", "/plain/events", f"{other_tab.base}/plain/confirm")
    assert got == {"error": "error", "events": []}
    assert api.requests[0] == "GET /events"


SIZE = 5 << 20


async def test_an_upload_arrives_octet_for_octet(tab, api):
    got = await tab.run("upload", "/plain/hash", SIZE)
    octets = bytes((i * 31 + (i >> 8)) & 255 for i in range(SIZE))
    expected = hashlib.sha256(octets).hexdigest()
    assert got == {"sent": expected, "answer": expected}
    assert api.headers[0]["content-length"] == str(SIZE)


async def test_a_download_arrives_octet_for_octet(tab):
    expected = hashlib.sha256(hashlib.shake_256(b"corsproxy").digest(SIZE)).hexdigest()
    assert await tab.run("download", "/plain/bytes") == {"size": SIZE, "hash": expected}


# Redirects.


async def test_a_redirect_to_the_apis_own_address_stays_at_the_proxy(tab, api):
    got = await tab.fetch_all("/plain/moved")
    assert (got["status"], got["text"]) == (200, "GET")
    assert got["url"] == f"{tab.base}/plain/arrived"
    assert api.requests == ["GET /moved", "GET /arrived"]
    assert api.headers[1]["origin"] == api.headers[0]["origin"]  # not `null`


async def test_a_redirect_keeps_the_cookie(tab, api):
    await tab.fetch("/session/login", **INCLUDE)
    got = await tab.fetch_all("/session/moved", **INCLUDE)
    assert got["url"] == f"{tab.base}/session/arrived"
    assert [headers.get("cookie") for headers in api.headers] == [None, "session=s1", "session=s1"]


async def test_a_redirect_after_a_preflighted_request_stays_readable(tab, api, proxy):
    got = await tab.fetch_all("/rest/moved", headers={"X-Trace": "1"})
    assert (got["text"], got["url"]) == ("GET", f"{tab.base}/rest/arrived")
    assert api.requests == ["GET /moved", "GET /arrived"]
    assert [e["method"] for e in proxy.logged("GET", "/rest/arrived")] == ["OPTIONS", "GET"]


async def test_a_redirect_elsewhere_is_left_to_where_it_leads(tab, api, pages):
    got = await tab.fetch(f"/plain/moved?to={pages.other}/")
    assert got == {"error": "TypeError"}
    assert api.requests == [f"GET /moved?to={pages.other}/"]
