"""`corsproxy check --probe`: after the file's own mistakes, what its upstreams answer."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import json
from pathlib import Path

import pytest

DOCS = Path(__file__, "../../../docs/probing.md").resolve()
PAGE = "http://localhost:3001"
TABLE = f"cors: {{allow_origins: ['{PAGE}']}}\nroutes: [{{upstream: 'URL'}}]\n"
WELL = """\
ok: corsproxy.yaml:2:21: routes[0].upstream: "URL": HEAD is answered with 200
corsproxy.yaml: good, 1 route
"""
FOREIGN = """\
warning: corsproxy.yaml:2:21: routes[0].upstream: "URL": it answers 403 to a page of \
http://localhost:3001, and 200 without an Origin; it refuses foreign origins; write \
request_headers: {set: {Origin: "URL"}} on the route
  2 | routes: [{upstream: 'URL'}]
    |                     ^^^^^
corsproxy.yaml: good, 1 route
"""
OWN = """\
info: corsproxy.yaml:2:21: routes[0].upstream: "URL": it lets http://localhost:3001 do by itself \
all that the policy allows; corsproxy is not needed for that; its own Access-Control-* fields are \
replaced by the policy's
  2 | routes: [{upstream: 'URL'}]
    |                     ^^^^^
corsproxy.yaml: good, 1 route
"""
SAID = {
    "one that answers well": ({}, {}, 0, 0, WELL),
    "one that refuses pages": ({}, {"FOREIGN": 403}, 0, 1, FOREIGN),
    "one that answers CORS itself": ({"Access-Control-Allow-Origin": PAGE}, {}, 0, 0, OWN),
}


def in_full(said, url):
    said = said.replace("'URL'", f"'{url}'").replace("^^^^^", "^" * len(f"'{url}'"))
    return said.replace("URL", url)


def test_the_docs_show_what_is_said():
    assert in_full(FOREIGN, "http://localhost:8000") in DOCS.read_text("utf-8")


@pytest.mark.parametrize(("page", "statuses", "status", "strictly", "said"), SAID.values(),
                         ids=SAID)  # fmt: skip
def test_in_words(cli, folder, upstream, page, statuses, status, strictly, said):
    url = upstream(page, **statuses).url
    (folder / "corsproxy.yaml").write_text(TABLE.replace("URL", url), encoding="utf-8")
    expected = in_full(said, url)
    assert cli("check", "--probe") == (status, expected, "")
    assert cli("check", "--probe", "--strict") == (strictly, expected, "")


def test_one_that_is_not_there(cli, folder):
    table = TABLE.replace("URL", f"unix:{folder}/a.sock")
    (folder / "corsproxy.yaml").write_text(table, encoding="utf-8")
    status, out, err = cli("check", "--probe")
    first, *_, last = out.splitlines()
    assert (status, err, last) == (
        1,
        "",
        "corsproxy.yaml: good, 1 route; 1 of 1 upstream can't be used",
    )
    assert first.endswith(
        '/a.sock": not reachable, for it refuses connections (No such file or directory); nothing '
        "listens there; inside a container, localhost is the container itself: reach the host as "
        "host.docker.internal"
    )


def test_as_json_with_what_the_file_itself_gives(cli, folder, upstream):
    url = upstream(FOREIGN=403).url
    table = TABLE.replace("URL", url).replace("'],", "'], ").replace("]}", "], max_age: 24h}", 1)
    (folder / "corsproxy.yaml").write_text(table, encoding="utf-8")
    status, out, err = cli("check", "--probe", "--format", "json")
    own, probed = json.loads(out)
    assert (status, err, own["path"]) == (0, "", "cors.max_age")
    assert probed == {
        "file": "corsproxy.yaml",
        "what": (
            f"it answers 403 to a page of {PAGE}, and 200 without an Origin; it refuses foreign "
            "origins"
        ),
        "path": "routes[0].upstream",
        "value": url,
        "write": f'request_headers: {{set: {{Origin: "{url}"}}}} on the route',
        "line": 2,
        "column": 21,
        "level": "warning",
    }


NOT_GOOD = {
    "a mistake": "nope: 1\n",
    "a test that fails": f"tests: [{{path: /, origin: '{PAGE}', expect: refuse}}]\n",
}


@pytest.mark.parametrize("more", NOT_GOOD.values(), ids=NOT_GOOD)
def test_a_file_that_is_not_good_probes_nobody(cli, folder, upstream, more):
    server = upstream()
    table = TABLE.replace("URL", server.url) + more
    (folder / "corsproxy.yaml").write_text(table, encoding="utf-8")
    assert (cli("check", "--probe")[0], server.methods) == (2, [])


def test_unasked_nobody_is_probed(cli, folder, upstream):
    server = upstream()
    (folder / "corsproxy.yaml").write_text(TABLE.replace("URL", server.url), encoding="utf-8")
    assert (cli("check")[0], server.methods) == (0, [])
