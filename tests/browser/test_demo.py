"""`corsproxy demo` in a browser: every cell of its page comes out as the page says it must."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="session")

PORTS = ["--port", "0", "--admin-port", "0", "--frontend-port", "0", "--api-port", "0"]
CELLS = """() => Object.fromEntries(Array.from(
  document.querySelectorAll("td[data-case]"),
  ({dataset: {case: name, side, outcome, expected}}) => [`${name} ${side}`, [outcome, expected]],
))"""
CASES = {
    *("get", "post-form", "post-json", "put", "delete", "patch", "custom-header"),
    *("credentials", "exposed-header"),
}


@pytest_asyncio.fixture(loop_scope="session")
async def page(corsproxy, browser):
    with corsproxy("demo", *PORTS) as demo:
        demo.out.wait_for("through the proxy")
        page = await browser.new_page()
        await page.goto(demo.out.wait_for(r"the page +(\S+)")[1])
        yield page
        await page.close()


async def finished(page):
    await page.wait_for_selector("body[data-done=true]", timeout=30_000)
    cells = await page.evaluate(CELLS)
    assert await page.inner_text("#status") == f"All {len(cells)} results are as expected."
    return cells


async def test_the_demo_shows_what_it_says(page):
    cells = await finished(page)
    assert {name.split()[0] for name in cells} >= CASES
    assert {name: got for name, (got, expected) in cells.items() if got != expected} == {}
    blocked = {name for name, (got, _) in cells.items() if got == "blocked"}
    directly = {name for name in cells if name.endswith(" direct")}
    assert blocked == {*directly, "patch proxy"}


async def test_it_can_be_run_again(page):
    first = await finished(page)
    await page.click("#again")
    assert await page.get_attribute("body", "data-done") == "false"
    assert await finished(page) == first
