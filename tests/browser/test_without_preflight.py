"""Requests that any page may send: the browser asks nobody, and judges the answer."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

FORM = {"method": "POST", "form": {"name": "Nemo"}}
SAFELISTED = {
    "GET": ({}, {"status": 200, "text": "GET"}),
    "HEAD": ({"method": "HEAD"}, {"status": 200, "text": ""}),
    "POST of text": (
        {"method": "POST", "body": "hello"},
        {"status": 200, "text": "POST hello"},
    ),
    "POST of a form": (FORM, {"status": 200, "text": "POST name=Nemo"}),
    "GET with Accept-Language": (
        {"headers": {"Accept-Language": "fr"}},
        {"status": 200, "text": "GET"},
    ),
}
IDS = [f"{name} is read without a preflight" for name in SAFELISTED]


@pytest.mark.parametrize(("init", "expected"), SAFELISTED.values(), ids=IDS)
async def test_from_the_allowed_page(tab, api, proxy, init, expected):
    assert await tab.fetch("/plain/items", **init) == expected
    method = init.get("method", "GET")
    assert api.requests == [f"{method} /items"]
    assert [e["cors"] for e in proxy.logged(method, "/plain/items")] == ["allowed"]


async def test_a_multipart_form_passes_without_a_preflight(tab, api):
    got = await tab.fetch("/plain/items", method="POST", multipart={"name": "Nemo"})
    assert got["status"] == 200
    assert '\r\nContent-Disposition: form-data; name="name"\r\n\r\nNemo\r\n' in got["text"]
    assert api.requests == ["POST /items"]
    assert api.headers[0]["content-type"].startswith("multipart/form-data; boundary=")


OTHER = [f"{name} reaches the API, which the page can't know" for name in SAFELISTED]


@pytest.mark.parametrize(("init", "expected"), SAFELISTED.values(), ids=OTHER)
async def test_from_another_page(other_tab, api, pages, proxy, init, expected):
    assert await other_tab.fetch("/plain/items", **init) == {"error": "TypeError"}
    method = init.get("method", "GET")
    assert api.requests == [f"{method} /items"]
    [exchange] = proxy.logged(method, "/plain/items")
    assert exchange["status"] == expected["status"]
    assert (exchange["reason"], exchange["culprit"]) == ("origin_not_allowed", pages.other)


async def test_on_refused_block_keeps_it_from_the_api(other_tab, api, proxy):
    assert await other_tab.fetch("/guarded/items") == {"error": "TypeError"}
    assert [e["status"] for e in proxy.logged("GET", "/guarded/items")] == [403]
    assert api.requests == []


async def test_on_refused_block_lets_the_allowed_page_pass(tab, api):
    assert await tab.fetch("/guarded/items") == {"status": 200, "text": "GET"}
    assert api.requests == ["GET /items"]


async def test_on_refused_block_lets_a_page_of_the_proxys_own_origin_pass(open_tab, api, proxy):
    # what is opened here is itself an answer of the API, seen at the proxy's address
    own = await open_tab(f"{proxy.url}/guarded/page")
    script = "url => fetch(url, {method: 'POST', body: 'x'}).then(r => r.text())"
    assert await own.page.evaluate(script, "/guarded/items") == "POST x"
    assert api.requests[-1] == "POST /items"


ORIGINS = [
    pytest.param("localhost", "/anyport/items", {"status": 200, "text": "GET"},
                 id="http://localhost:* allows any port of localhost"),
    pytest.param("127.0.0.1", "/anyport/items", {"error": "TypeError"},
                 id="http://localhost:* does not allow 127.0.0.1"),
    pytest.param("127.0.0.1", "/plain/items", {"error": "TypeError"},
                 id="localhost and 127.0.0.1 are different origins"),
    pytest.param("127.0.0.1", "/public/items", {"status": 200, "text": "GET"},
                 id="* allows any page"),
]  # fmt: skip


@pytest.mark.parametrize(("host", "path", "expected"), ORIGINS)
async def test_the_origin_of_the_page(open_tab, pages, proxy, host, path, expected):
    origin = (pages.other if path.startswith("/anyport") else pages.allowed).replace(
        "localhost", host
    )
    page = await open_tab(origin, proxy.url)
    assert await page.fetch(path) == expected


SANDBOXED = """url => new Promise((resolve) => {
  addEventListener("message", (event) => resolve(event.data));
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.srcdoc = `<script>
    fetch("${url}").then((r) => r.text(), (e) => e.name).then((t) => parent.postMessage(t, "*"));
  <` + "/script>";
  document.body.append(frame);
})"""


@pytest.mark.parametrize(
    ("path", "expected", "reason"),
    [
        pytest.param("/plain/items", "TypeError", "origin_null", id="null is not allowed unnamed"),
        pytest.param("/public/items", "GET", None, id="* allows it"),
    ],
)
async def test_a_sandboxed_frame_has_the_origin_null(tab, proxy, path, expected, reason):
    assert await tab.page.evaluate(SANDBOXED, proxy.url + path) == expected
    [exchange] = proxy.logged("GET", path)
    assert (exchange["origin"], exchange["reason"]) == ("null", reason)


async def test_cors_off_leaves_it_to_the_api_which_knows_nothing(tab, api):
    assert await tab.fetch("/own/items") == {"error": "TypeError"}
    assert await tab.fetch("/own/items", method="PUT") == {"error": "TypeError"}
    assert api.requests == ["GET /items", "OPTIONS /items"]


async def test_cors_off_passes_on_the_apis_own_answer(tab, api):
    assert await tab.fetch("/own/own-cors") == {"status": 200, "text": "own"}
    assert api.requests == ["GET /own-cors"]


async def test_by_xmlhttprequest(tab, other_tab, api):
    url = f"{tab.base}/plain/items"
    call = "url => xhr('GET', url)"
    assert await tab.page.evaluate(call, url) == {"status": 200, "text": "GET"}
    assert await other_tab.page.evaluate(call, url) == {"status": 0, "error": "error"}
    assert api.requests == ["GET /items", "GET /items"]
