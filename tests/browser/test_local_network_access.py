"""Local Network Access: a page that counts as public, and the proxy on loopback."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="session")

TROUBLES = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
MESSAGE = (
    "Access to fetch at 'URL' from origin 'PAGE' has been blocked by CORS policy: Permission was "
    "denied for this request to access the `loopback` address space."
)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def public(launch, pages):
    """Start a browser for which the allowed page comes from the internet."""
    port = urlsplit(pages.allowed).port
    return await launch(f"--ip-address-space-overrides=127.0.0.1:{port}=public")


async def fetched(context, origin, url):
    """Return what a page gets, and what the console says of it."""
    page, said = await context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    await page.goto(origin)
    got = await page.evaluate("url => call(url)", url)
    await context.close()
    return got, [text.replace(url, "URL").replace(origin, "PAGE") for text in said]


async def test_a_public_page_is_kept_from_loopback_before_anything_is_sent(
    public, pages, proxy, api
):
    context = await public.new_context()
    got, said = await fetched(context, pages.allowed, f"{proxy.url}/plain/items")
    assert (got, api.requests) == ({"error": "TypeError"}, [])
    assert MESSAGE in said
    assert f"- Chromium: ``{MESSAGE.partition('policy: ')[2]}``\n" in TROUBLES.read_text("utf-8")


async def test_the_users_permission_mends_it(public, pages, proxy, api):
    context = await public.new_context()
    await context.grant_permissions(["local-network-access"], origin=pages.allowed)
    got, said = await fetched(context, pages.allowed, f"{proxy.url}/plain/items")
    assert (got["text"], said) == ("GET", [])
    assert api.requests == ["GET /items"]
