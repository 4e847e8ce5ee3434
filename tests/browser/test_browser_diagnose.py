"""What `diagnose` says of servers that misbehave, held against the real Chromium, word for word."""

# ruff: noqa: ANN001, ANN202 the fixtures are typed where they are made, in conftest.py

import runpy
import ssl
from pathlib import Path

import pytest
import pytest_asyncio
import trustme
from playwright.async_api import async_playwright

from corsproxy.core.browser import PageRequest
from corsproxy.core.consoles import outcomes
from corsproxy.gateway.visit import Manner, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALLOW, CREDENTIALS = "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"
PAGE, STAR = f"{ALLOW}: PAGE", f"{ALLOW}: *"
TRUE, METHODS = f"{CREDENTIALS}: true", "Access-Control-Allow-Methods"
NAMES = "Access-Control-Allow-Headers"
WITH, PUT = {"credentials": "include"}, {"method": "PUT"}
OWN = {"headers": {"x-own": "1", "x-other": "2"}}
TOKEN = {"headers": {"authorization": "t"}}
OK = (200, PAGE, TRUE, f"{METHODS}: PUT", f"{NAMES}: x-own, x-other")

# what is asked; what is answered to the preflight, and to the request
CASES = {
    "all is well": (PUT, OK, OK),
    "nothing": ({}, None, (200,)),
    "an error without CORS": ({}, None, (500,)),
    "twice the same": ({}, None, (200, PAGE, PAGE)),
    "two in a line": ({}, None, (200, f"{PAGE}, http://b.example")),
    "'*' and an origin": ({}, None, (200, STAR, PAGE)),
    "another origin": ({}, None, (200, f"{ALLOW}: http://b.example")),
    "the null origin": ({}, None, (200, f"{ALLOW}: null")),
    "no origin": ({}, None, (200, f"{ALLOW}: yes")),
    "'*' with credentials": (WITH, None, (200, STAR, TRUE)),
    "credentials of another case": (WITH, None, (200, PAGE, f"{CREDENTIALS}: True")),
    "no credentials": (WITH, None, (200, PAGE)),
    "a preflight without CORS": (PUT, (200,), OK),
    "a preflight behind a login": (PUT, (401,), OK),
    "a preflight with CORS, and not OK": (PUT, (405, *OK[1:]), OK),
    "a preflight that is redirected": (PUT, (307, *OK[1:], "Location: /b"), OK),
    "a preflight that is redirected without CORS": (PUT, (301, "Location: /b"), OK),
    "a preflight for '*' with credentials": (PUT | WITH, (200, STAR, TRUE), OK),
    "a preflight twice allowed": (PUT, (200, PAGE, *OK[1:]), OK),
    "a preflight for another origin": (PUT, (200, f"{ALLOW}: http://b.example"), OK),
    "a preflight without credentials": (PUT | WITH, (200, PAGE), OK),
    "no such method": ({"method": "patch"}, OK, OK),
    "'*' for a method with credentials": (PUT | WITH, (200, PAGE, TRUE, f"{METHODS}: *"), OK),
    "no such header": (OWN, (200, PAGE, f"{NAMES}: x-own"), OK),
    "no list of methods": (PUT, (200, PAGE, f"{METHODS}: GET PUT"), OK),
    "no list of headers": (OWN, (200, PAGE, f"{NAMES}: x-own x-other"), OK),
    "'*' for Authorization": (TOKEN, (200, PAGE, f"{NAMES}: *"), OK),
    "a preflight that is reset": (PUT, "reset", OK),
    "a request that is reset": ({}, None, "reset"),
    "a redirect without CORS": ({}, None, (302, "Location: /b")),
}


@pytest.fixture
def misbehaving(serves, pages):
    """Start the server of a case."""

    def answer(asked, preflight, request):
        said = preflight if asked.preflight else request
        if said == "reset":
            return None
        return serves.reply(said[0], *(line.replace("PAGE", pages.allowed) for line in said[1:]))

    return lambda preflight, request: serves(lambda asked: answer(asked, preflight, request)).url


def requested(origin, url, init):
    headers = [(n.encode(), v.encode()) for n, v in init.get("headers", {}).items()]
    method = init.get("method", "GET").encode()
    credentials = init.get("credentials") == "include"
    request = PageRequest.from_script(
        origin.encode(), url, method, headers, credentials=credentials
    )
    assert isinstance(request, PageRequest)
    return request


async def seen(page, url, init):
    """Return whether the page read the answer, and what the console said of why not."""
    said = []
    page.on("console", lambda message: said.append(message.text))
    got = await page.evaluate("([url, init]) => call(url, init)", [url, init])
    return "status" in got, "".join(line for line in said if not line.startswith("Failed to load"))


@pytest.mark.parametrize(("init", "preflight", "request_"), CASES.values(), ids=CASES)
async def test_its_verdict_and_its_console(tab, pages, misbehaving, init, preflight, request_):
    url = misbehaving(preflight, request_) + "/a"
    diagnosis = await visit(requested(pages.allowed, url, init), Manner(timeout=5))
    chromium = outcomes(diagnosis)[0]
    assert (diagnosis.allowed, chromium.console) == await seen(tab.page, url, init)


HERE = Path(__file__).parent
PAGE_HTML = (HERE / "page.html").read_bytes()


@pytest_asyncio.fixture(loop_scope="session")
async def public(serves):
    """Open pages that the browser takes for public ones, over https or http."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("app.example").configure_cert(context)

    def page(_):
        return serves.reply(200, "Content-Type: text/html", content=PAGE_HTML)

    ports = {scheme: serves(page, tls).server_address[1] for scheme, tls in (
        ("https", context), ("http", None))}  # fmt: skip
    spaces = ",".join(f"127.0.0.1:{port}=public" for port in ports.values())
    find = runpy.run_path(str(HERE.parents[1] / "scripts" / "find_browser.py"))["find"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find(),
            args=["--headless", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors",
                  "--host-resolver-rules=MAP app.example 127.0.0.1",
                  f"--ip-address-space-overrides={spaces}"],
        )  # fmt: skip

        async def open_page(scheme):
            opened = await (await browser.new_context(ignore_https_errors=True)).new_page()
            origin = f"{scheme}://app.example:{ports[scheme]}"
            await opened.goto(origin)
            return opened, origin

        yield open_page
        await browser.close()


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_a_public_page_asks_a_server_of_the_same_machine(public, serves, scheme):
    page, origin = await public(scheme)
    url = serves(lambda _: serves.reply(200, STAR)).url + "/a"
    diagnosis = await visit(requested(origin, url, {}), Manner(timeout=5))
    assert (False, outcomes(diagnosis)[0].console) == await seen(page, url, {})


async def test_mixed_content(public):
    page, origin = await public("https")
    url = "http://api.example/a"
    diagnosis = await visit(requested(origin, url, {}), Manner(timeout=5))
    assert (False, outcomes(diagnosis)[0].console) == await seen(page, url, {})
