"""`corsproxy run` probes its upstreams behind what it serves: nothing waits for that."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import asyncio
import gc
import signal
import urllib.request

import pytest

from corsproxy.cli.serving import serve_app
from corsproxy.config.loader import load_text

PAGE = "http://localhost:3001"
LISTEN = ("--listen", "127.0.0.1:0", "--admin", "off")
TABLE = f"""\
listen: 127.0.0.1:0
admin: off
cors: {{allow_origins: ["{PAGE}"]}}
routes: [{{upstream: "URL"}}]
"""
FOREIGN = (
    f"it answers 403 to a page of {PAGE}, and 200 without an Origin; it refuses foreign origins; "
    'write request_headers: {set: {Origin: "URL"}} on the route'
)


def get(url):
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.status


def test_what_is_found_is_told_with_its_place(corsproxy, tmp_path, upstream):
    url = upstream(FOREIGN=403).url
    (tmp_path / "corsproxy.yaml").write_text(TABLE.replace("URL", url), encoding="utf-8")
    with corsproxy("run", cwd=tmp_path) as process:
        process.err.wait_for("^warning: ")
    told = f'warning: corsproxy.yaml:4:21: routes[0].upstream: "{url}": {FOREIGN}'
    assert process.err.whole() == [told.replace("URL", url)]


def test_what_is_found_of_the_quick_route(corsproxy, upstream):
    server = upstream({"Access-Control-Allow-Origin": "*"})
    with corsproxy("run", "--upstream", server.url, "--allow-origin", PAGE, *LISTEN) as process:
        process.err.wait_for(
            rf'^info: command line: routes\[0\]\.upstream: "{server.url}": it answers CORS itself: '
            "its own Access-Control-. fields are replaced by the policy's; its own would not do: "
        )


def test_an_upstream_that_holds_the_probe_holds_nothing_else(corsproxy, upstream):
    server = upstream(FOREIGN=403)
    server.go_on.clear()
    with corsproxy("run", "--upstream", server.url, *LISTEN) as process:
        assert server.asked.wait(20)
        assert get(process.address) == 200
        process.send(signal.SIGTERM)
        assert process.wait() == 0
        assert process.err.whole() == []
    assert server.methods == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("args", "env"),
    [
        pytest.param(["--no-probe"], {}, id="by option"),
        pytest.param([], {"CORSPROXY_NO_PROBE": "1"}, id="by environment"),
    ],
)
def test_it_can_be_turned_off(corsproxy, upstream, args, env):
    server = upstream()
    with corsproxy("run", "--upstream", server.url, *LISTEN, *args, env=env) as process:
        assert get(process.address) == 200
    assert server.methods == ["GET"]


@pytest.fixture
def collector():
    """Put back how the collector of cycles is set, which is the process's."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
async def test_a_drain_leaves_no_probe(upstream):
    server = upstream()
    server.go_on.clear()
    drain = await serve_app(load_text(TABLE.replace("URL", server.url), "t.yaml", {}))
    await asyncio.to_thread(server.asked.wait, 20)
    await drain()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_reload_probes_what_is_new(corsproxy, tmp_path, upstream):
    old, new = upstream(FOREIGN=403), upstream(FOREIGN=403)
    path = tmp_path / "corsproxy.yaml"
    path.write_text(TABLE.replace("URL", old.url), encoding="utf-8")
    with corsproxy("run", "-c", path) as process:
        process.err.wait_for(old.url)
        routes = f"[{{path: /a, upstream: '{new.url}'}}, {{upstream: '{old.url}'}}]"
        path.write_text(TABLE.replace('[{upstream: "URL"}]', routes), encoding="utf-8")
        process.err.wait_for(rf'corsproxy\.yaml:4:31: routes\[0\]\.upstream: "{new.url}"')
    assert (len(old.methods), len(new.methods)) == (3, 3)
