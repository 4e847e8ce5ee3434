"""Requests for which the browser asks leave first: the proxy answers, the API never sees that."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import os
import signal

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

JSON = {"Content-Type": "application/json"}
PUT = {"method": "PUT", "body": "1"}
POST_JSON = {"method": "POST", "headers": JSON, "body": "{}"}
REFUSED = {"error": "TypeError"}

ALLOWED = {
    "PUT": ("/rest", PUT, "PUT 1"),
    "DELETE": ("/rest", {"method": "DELETE"}, "DELETE"),
    "POST of JSON": ("/rest", POST_JSON, "POST {}"),
    "PUT of JSON": ("/rest", {"method": "PUT", "headers": JSON, "body": "{}"}, "PUT {}"),
    "a header that is listed": ("/rest", {"headers": {"X-Trace": "1"}}, "GET"),
    "two headers that are listed": ("/rest", {"headers": {**JSON, "x-TRACE": "1"}}, "GET"),
    "'delete' in small letters, which browsers raise": (
        "/rest",
        {"method": "delete"},
        "DELETE",
    ),
    "any method by *": ("/wide", {"method": "PROPFIND"}, "PROPFIND"),
    "PATCH by *": ("/wide", {"method": "PATCH", "body": "1"}, "PATCH 1"),
    "any header by *": ("/wide", {"headers": {"X-Any": "1"}}, "GET"),
    "Authorization where it is named": (
        "/authorized",
        {"headers": {"Authorization": "Bearer t", "X-Any": "1"}},
        "GET",
    ),
}


@pytest.mark.parametrize(("route", "init", "text"), ALLOWED.values(), ids=ALLOWED)
async def test_allowed(tab, api, proxy, route, init, text):
    assert await tab.fetch(f"{route}/items", **init) == {"status": 200, "text": text}
    method = text.split()[0]
    assert api.requests == [f"{method} /items"]
    exchanges = proxy.logged(method, f"{route}/items")
    assert [(e["method"], e["preflight"]) for e in exchanges] == [
        ("OPTIONS", True),
        (method, False),
    ]


METHODS = {
    "a method that is not listed": ("/rest", {"method": "PATCH"}, "method_not_allowed", "PATCH"),
    "'patch' in small letters, which browsers leave": (
        "/rest",
        {"method": "patch"},
        "method_not_allowed",
        "patch",
    ),
    "PUT where no method is listed": ("/plain", PUT, "method_not_allowed", "PUT"),
    "DELETE where no method is listed": (
        "/plain",
        {"method": "DELETE"},
        "method_not_allowed",
        "DELETE",
    ),
    "a header that is not listed": (
        "/rest",
        {"headers": {"X-Other": "1"}},
        "header_not_allowed",
        "x-other",
    ),
    "one header of two not listed": (
        "/rest",
        {"headers": {"X-Trace": "1", "X-Other": "1"}},
        "header_not_allowed",
        "x-other",
    ),
    "JSON where no header is listed": (
        "/plain",
        POST_JSON,
        "header_not_allowed",
        "content-type",
    ),
    "Authorization where only * is listed": (
        "/wide",
        {"headers": {"Authorization": "Bearer t"}},
        "header_not_allowed",
        "authorization",
    ),
}


@pytest.mark.parametrize(("route", "init", "reason", "culprit"), METHODS.values(), ids=METHODS)
async def test_refused(tab, api, proxy, route, init, reason, culprit):
    assert await tab.fetch(f"{route}/items", **init) == REFUSED
    assert api.requests == []
    [preflight] = proxy.logged("OPTIONS", f"{route}/items")
    assert (preflight["status"], preflight["reason"], preflight["culprit"]) == (
        403,
        reason,
        culprit,
    )


FROM_ANOTHER_PAGE = {name: row for name, row in ALLOWED.items() if row[0] == "/rest"}


@pytest.mark.parametrize(
    ("route", "init", "text"), FROM_ANOTHER_PAGE.values(), ids=FROM_ANOTHER_PAGE
)
async def test_refused_to_another_page(other_tab, api, pages, proxy, route, init, text):
    assert await other_tab.fetch(f"{route}/items", **init) == REFUSED
    assert api.requests == []
    [preflight] = proxy.logged("OPTIONS", f"{route}/items")
    assert (preflight["status"], preflight["culprit"]) == (403, pages.other), text


async def test_without_a_proxy_the_api_refuses_what_the_proxy_allows(open_tab, api, pages):
    direct = await open_tab(pages.allowed, api.url)
    assert await direct.fetch("/items", **PUT) == REFUSED
    assert await direct.fetch("/items") == REFUSED
    assert api.requests == ["OPTIONS /items", "GET /items"]


async def test_by_xmlhttprequest(tab, other_tab, api):
    url = f"{tab.base}/rest/items"
    call = "url => xhr('PUT', url, {headers: {'Content-Type': 'application/json'}, body: '{}'})"
    assert await tab.page.evaluate(call, url) == {"status": 200, "text": "PUT {}"}
    assert await other_tab.page.evaluate(call, url) == {"status": 0, "error": "error"}
    assert api.requests == ["PUT /items"]


async def test_an_upload_listener_makes_xmlhttprequest_ask_first(tab, api, proxy):
    call = """url => new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", url);
      request.upload.onprogress = () => {};
      request.onload = () => resolve(request.responseText);
      request.send("hello");
    })"""
    assert await tab.page.evaluate(call, f"{tab.base}/plain/items") == "POST hello"
    assert api.requests == ["POST /items"]
    methods = [e["method"] for e in proxy.logged("POST", "/plain/items")]
    assert methods == ["OPTIONS", "POST"]


# How long the browser remembers.


async def test_a_preflight_is_remembered_for_max_age(tab, api, proxy):
    for number in range(3):
        await tab.fetch("/rest/items", method="PUT", body=str(number))
    await tab.fetch("/rest/items", method="HEAD")
    exchanges = proxy.logged("HEAD", "/rest/items")
    assert [e["method"] for e in exchanges] == ["OPTIONS", "PUT", "PUT", "PUT", "HEAD"]
    assert api.requests == ["PUT /items"] * 3 + ["HEAD /items"]


async def test_one_preflight_serves_all_methods_and_headers_of_the_policy(tab, proxy):
    await tab.fetch("/rest/items", **PUT)
    await tab.fetch("/rest/items", method="DELETE", headers={"X-Trace": "1"})
    await tab.fetch("/rest/items", **POST_JSON)
    exchanges = proxy.logged("POST", "/rest/items")
    assert [e["method"] for e in exchanges] == ["OPTIONS", "PUT", "DELETE", "POST"]


async def test_max_age_0_is_not_remembered(tab, proxy):
    await tab.fetch("/wide/items", **PUT)
    await tab.fetch("/wide/items", **PUT)
    await tab.fetch("/wide/items", method="HEAD")
    exchanges = proxy.logged("HEAD", "/wide/items")
    assert [e["method"] for e in exchanges] == ["OPTIONS", "PUT", "OPTIONS", "PUT", "HEAD"]


async def test_a_preflight_is_remembered_for_its_address_only(tab, proxy):
    await tab.fetch("/rest/one", **PUT)
    await tab.fetch("/rest/two", **PUT)
    exchanges = proxy.logged("PUT", "/rest/one") + proxy.logged("PUT", "/rest/two")
    assert [e["method"] for e in exchanges] == ["OPTIONS", "PUT", "OPTIONS", "PUT"]


CHANGING = """\
listen: 127.0.0.1:0
admin: off
log: {{format: json}}
cors:
  allow_origins: ["{page}"]
  allow_methods: [{methods}]
  allow_headers: [Content-Type]
  max_age: 10m
routes:
  - upstream: {api}
"""


async def test_what_is_remembered_hides_a_policy_that_allows_less(
    open_tab, corsproxy, api, pages, tmp_path
):
    file = tmp_path / "corsproxy.yaml"
    words = {"page": pages.allowed, "api": api.url}
    file.write_text(CHANGING.format(methods="PUT", **words))
    with corsproxy("run", "--no-probe", "-c", os.fspath(file)) as process:
        tab = await open_tab(pages.allowed, process.address)
        got = [await tab.fetch("/items", **PUT)]
        file.write_text(CHANGING.format(methods="DELETE", **words))
        process.send(signal.SIGHUP)
        process.err.wait_for("reloaded")
        got += [await tab.fetch("/items", **PUT), await tab.fetch("/items", method="DELETE")]
        got.append(await tab.fetch("/others", **PUT))
    assert [one.get("text") for one in got] == ["PUT 1", "PUT 1", "DELETE", None]
    assert api.requests == ["PUT /items", "PUT /items", "DELETE /items"]
