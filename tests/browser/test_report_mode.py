"""A policy that only reports: another page does what it likes, and the log says what it did."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

JSON = {"Content-Type": "application/json"}
ASKED = {
    "GET": ({}, "GET", "origin_not_allowed"),
    "PUT of JSON": (
        {"method": "PUT", "headers": JSON, "body": "{}"},
        "PUT {}",
        "origin_not_allowed",
    ),
    "a header of its own": ({"headers": {"X-Own": "1"}}, "GET", "origin_not_allowed"),
}


@pytest.mark.parametrize(("init", "text", "reason"), ASKED.values(), ids=ASKED)
async def test_another_page_passes_and_is_reported(
    other_tab, api, pages, proxy, init, text, reason
):
    got = await other_tab.fetch_all("/reported/items", **init)
    assert (got["status"], got["text"], got["headers"]["x-total-count"]) == (200, text, "7")
    assert "x-other" not in got["headers"]
    logged = proxy.logged(text.split()[0], "/reported/items")
    assert {line["cors"] for line in logged} == {f"reported:{reason} {pages.other}"}
    assert {(line["reason"], line["culprit"]) for line in logged} == {(reason, pages.other)}
    assert api.requests == [f"{text.split()[0]} /items"]


async def test_each_method_is_asked_for_and_reported_of_the_page_that_may(tab, proxy):
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await tab.fetch("/reported/items", method=method))["status"] == 200
    asked = [line for line in proxy.logged("DELETE", "/reported/items") if line["preflight"]]
    assert [line["cors"] for line in asked] == [
        "allowed",
        "reported:method_not_allowed PATCH",
        "reported:method_not_allowed DELETE",
    ]


async def test_a_websocket_of_another_page_passes(other_tab, proxy):
    url = other_tab.base.replace("http://", "ws://") + "/reported/echo"
    got = await other_tab.page.evaluate("args => talk(...args)", [url, ["one"]])
    assert (got["opened"], got["answers"]) == (True, ["echo one"])
    [line] = proxy.logged("GET", "/reported/echo")
    assert line["reason"] == "origin_not_allowed"
