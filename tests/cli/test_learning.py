"""`corsproxy run --learn FILE`: what it refuses, what it says, and what comes of it."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import http.client
import re
import signal
from urllib.parse import urlsplit

import pytest

from corsproxy.config.learnt import MARK

USAGE = "Usage: corsproxy run [OPTIONS]\nTry 'corsproxy run --help' for help.\n\nError: "
UPSTREAM = ("--upstream", "http://127.0.0.1:9")
LISTEN = ("--listen", "127.0.0.1:0", "--admin", "off")
TABLE = """\
listen: 127.0.0.1:0
admin: off
cors: {allow_origins: ["https://app.example"]}   # ours
routes:
  - {path: /api, upstream: "http://127.0.0.1:${PORT}"}
  - {path: /own, upstream: "http://127.0.0.1:9", cors: off}
"""
STRANGERS = """\
--learn lets any page do anything, with the user's cookies, so it serves on loopback only; others
reach {}. Such as:

  --listen 127.0.0.1:8080
"""
REFUSED = {
    "all interfaces": (["--listen", ":8080"], STRANGERS.format(":8080")),
    "an address of the network": (
        ["--listen", "192.0.2.1:8080", "--learn", "x.yaml"],
        STRANGERS.format("192.0.2.1:8080"),
    ),
    "a socket": (
        ["--listen", "unix:/run/corsproxy.sock"],
        STRANGERS.format("unix:/run/corsproxy.sock"),
    ),
    "a file that is there": (
        ["--learn", "mine.yaml"],
        ("--learn mine.yaml: it is there, and was not written by --learn: name another file\n"),
    ),
    "a folder that is not there": (
        ["--learn", "no/new.yaml"],
        "--learn no/new.yaml: it can't be written: No such file or directory\n",
    ),
}


@pytest.mark.parametrize(("args", "said"), REFUSED.values(), ids=REFUSED)
def test_it_does_not_begin_with(command, folder, args, said):
    (folder / "mine.yaml").write_text(TABLE, encoding="utf-8")
    assert command("run", *UPSTREAM, "--learn", "new.yaml", *args) == (2, "", said)
    assert [path.name for path in folder.iterdir()] == ["mine.yaml"]


def test_what_is_to_be_found_out_is_not_said(cli):
    said = (*UPSTREAM, "--learn", "new.yaml", "--allow-method", "PUT", "--max-age", "5")
    told = f"{USAGE}--allow-method, --max-age: not with --learn, which finds this out\n"
    assert cli("run", *said) == (2, "", told)


def test_it_does_not_write_over_the_table_that_it_serves(cli, folder):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    status, _, said = cli("run", "--learn", "corsproxy.yaml", PORT="9")
    told = "--learn corsproxy.yaml: this table is being served: name another file\n"
    assert (status, said) == (2, told)


def ask(address, method, path, **headers: str):
    """Send a request of a page; return its status and the origin that may read the answer."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=fields)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers["Access-Control-Allow-Origin"]


PAGE = {"Origin": "http://localhost:5173"}
ASKS = {**PAGE, "Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "x-own"}


def start_up(process):
    process.out.wait_for("listening on")
    return [re.sub(r":\d{5}\b", ":PORT", line) for line in process.out.lines[1:4]]


def test_a_route_without_a_file(corsproxy, cli, folder):
    env = {"CORSPROXY_LEARN": "new.yaml"}
    with corsproxy("run", *UPSTREAM, *LISTEN, cwd=folder, env=env) as process:
        assert start_up(process) == [
            "  /  →  http://127.0.0.1:9   learning",
            "  learning: any page may do anything; what is used is written to new.yaml",
            "  listening on http://127.0.0.1:PORT",
        ]
        assert ask(process.address, "OPTIONS", "/x", **ASKS) == (204, PAGE["Origin"])
    assert process.out.lines[-1] == (
        "new.yaml: written; look through it, and corsproxy check new.yaml"
    )
    text = (folder / "new.yaml").read_text("utf-8")
    assert text.startswith(f"{MARK}\n")
    assert text.endswith(
        'listen: "127.0.0.1:0"\nadmin: "off"\ncors:\n'
        "  # decide: http://localhost:5173 looks like a development server: not for production\n"
        '  allow_origins: ["http://localhost:5173"]\nroutes:\n  - path: /\n'
        '    upstream: "http://127.0.0.1:9"\n    cors:\n      allow_methods: [PUT]\n'
        "      allow_headers: [x-own]\n"
    )
    assert cli("check", "new.yaml")[0] == 0


def test_a_table(corsproxy, cli, folder):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    (folder / "new.yaml").write_text(f"{MARK}\nof an earlier day\n", encoding="utf-8")
    env = {"PORT": "9"}
    with corsproxy("run", "--learn", "new.yaml", cwd=folder, env=env) as process:
        assert start_up(process) == [
            "  /api  →  http://127.0.0.1:9   learning",
            "  /own  →  http://127.0.0.1:9   CORS is the upstream's own",
            "  learning: any page may do anything; what is used is written to new.yaml",
        ]
        assert ask(process.address, "OPTIONS", "/api", **ASKS) == (204, PAGE["Origin"])
        assert ask(process.address, "GET", "/nowhere", **PAGE) == (404, PAGE["Origin"])
        process.send(signal.SIGHUP)
        process.err.wait_for("nothing to reload")
    text = (folder / "new.yaml").read_text("utf-8")
    assert '"http://127.0.0.1:${PORT}"' in text
    assert "# ours" in text
    assert "no page used routes[1]" in text
    assert cli("check", "new.yaml", **env)[0] == 0
    asked = ("/api", "--origin", PAGE["Origin"], "--method", "PUT", "-c", "new.yaml")
    assert cli("explain", *asked, "--header", "X-Own: 1", **env)[0] == 0
    assert cli("explain", *asked, "--header", "X-Other: 1", **env)[0] == 3


def test_where_no_page_came_nothing_is_written(corsproxy, folder):
    with corsproxy("run", *UPSTREAM, *LISTEN, "--learn", "new.yaml", cwd=folder) as process:
        assert ask(process.address, "OPTIONS", "/x")[1] is None
    assert process.out.lines[-1] == "new.yaml: not written, for no page used the proxy"
    assert list(folder.iterdir()) == []
