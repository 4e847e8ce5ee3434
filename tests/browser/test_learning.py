"""A page works through everything once, and the table that comes of it allows it all again."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from corsproxy.config.loader import load_file

pytestmark = pytest.mark.asyncio(loop_scope="session")

INCLUDE = {"credentials": "include"}
JSON = {"Content-Type": "application/json"}
TABLE = """\
listen: 127.0.0.1:0
admin: off
cors: {allow_origins: ["https://nobody.example"], on_refused: block, max_age: 10m}
routes:
  - path: /session            # with cookies
    upstream: ${API}
    strip_prefix: true
    cookies: local
  - path: /rest
    upstream: ${API}
    strip_prefix: true
    cors: {mode: report}
  - path: /socket
    upstream: ${API}
    strip_prefix: true
"""
REQUESTS = [
    ("/session/login", INCLUDE),
    ("/session/items", INCLUDE),
    ("/session/items", {"method": "PUT", "headers": JSON, "body": "{}", **INCLUDE}),
    ("/rest/items", {}),
    ("/rest/items", {"method": "POST", "form": {"a": "b"}}),
    ("/rest/items", {"method": "PUT", "headers": JSON, "body": "{}"}),
    ("/rest/items", {"method": "DELETE"}),
    ("/rest/items", {"headers": {"X-Own": "1", "Authorization": "Bearer t"}}),
    ("/nowhere", {}),
]


SOURCES = {"a table": ["-c", "table.yaml"], "the command line": ["--upstream", "API"]}


def check(path, env):
    command = [sys.executable, "-m", "corsproxy", "check", str(path)]
    return subprocess.run(command, env={**os.environ, **env}, check=False, timeout=60).returncode


@dataclass
class Frontend:
    """A page that does all it ever does, at a proxy whose routes have prefixes or none."""

    tab: Any
    source: str

    @property
    def prefixed(self) -> bool:
        return self.source == "a table"

    async def fetch(self, path, **init: object):
        path = path if self.prefixed else path.removeprefix("/session").removeprefix("/rest")
        return await self.tab.fetch_all(path, **init)

    async def works(self):
        """Return what the page could read of each answer."""
        read = []
        for path, init in REQUESTS:
            got = await self.fetch(path, **init)
            shown = [got["headers"].get(name) for name in ("x-total-count", "x-other")]
            read.append((path, got["status"], got["text"] if got["status"] == 200 else "", shown))
        path = "/socket/echo" if self.prefixed else "/echo"
        url = self.tab.base.replace("http://", "ws://") + path
        return [*read, await self.tab.page.evaluate("args => talk(...args)", [url, ["one"]])]


FORM = """url => {
  const form = document.createElement("form");
  Object.assign(form, {method: "POST", action: url});
  document.body.append(form);
  form.submit();
}"""


@pytest_asyncio.fixture(loop_scope="session", params=SOURCES)
async def learnt(request, corsproxy, open_tab, legacy_api, pages, tmp_path):
    """The file that was learnt, from what, what the page read meanwhile, and the environment."""
    env = {"API": legacy_api.url, "CORSPROXY_LISTEN": "127.0.0.1:0", "CORSPROXY_ADMIN": "off"}
    (tmp_path / "table.yaml").write_text(TABLE, encoding="utf-8")
    source = [env.get(word, word) for word in SOURCES[request.param]]
    with corsproxy("run", *source, "--learn", "learnt.yaml", env=env, cwd=tmp_path) as proxy:
        url = proxy.address.replace("127.0.0.1", "localhost")
        read = await Frontend(await open_tab(pages.allowed, url), request.param).works()
        other = await open_tab(pages.other, url)
        async with other.page.expect_navigation():  # no script: it leaves its page
            await other.page.evaluate(FORM, url + "/rest/items")
    return tmp_path / "learnt.yaml", request.param, read, env


async def test_the_same_page_is_allowed_in_full_and_another_is_not(
    learnt, corsproxy, open_tab, pages
):
    path, source, before, env = learnt
    assert [status for _, status, *_ in before[:8]] == [200] * 8
    assert check(path, env) == 0
    with corsproxy("run", "-c", str(path), env=env) as proxy:
        url = proxy.address.replace("127.0.0.1", "localhost")
        page = Frontend(await open_tab(pages.allowed, url), source)
        assert await page.works() == before
        for init in ({"method": "PATCH"}, {"headers": {"X-Other": "1"}}):
            assert await page.fetch("/rest/items", **init) == {"error": "TypeError"}
        other = Frontend(await open_tab(pages.other, url), source)
        for request, init in REQUESTS:
            assert await other.fetch(request, **init) == {"error": "TypeError"}


async def test_just_what_was_used_is_written(learnt, pages, monkeypatch):
    path, source, _, env = learnt
    monkeypatch.setenv("API", env["API"])
    routes = load_file(path, env).table.routes
    assert {str(route.policy.origins) for route in routes} == {pages.allowed}
    exposed = {"x-total-count", "x-other", "date", "server"}
    said = [(p.methods, p.headers, p.credentials) for p in (route.policy for route in routes)]
    rest = (("DELETE", "PUT"), ("authorization", "content-type", "x-own"))
    if source == "the command line":
        assert said == [(*rest, True)]
        assert set(routes[0].policy.expose) == exposed
        return
    assert said == [(("PUT",), ("content-type",), True), (*rest, False), ((), (), False)]
    assert set(routes[1].policy.expose) == exposed
    assert routes[2].policy.expose == ()
    kept = {(p.block, p.max_age, p.report) for p in (route.policy for route in routes)}
    assert kept == {(True, 600, False)}
