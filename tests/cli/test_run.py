"""`corsproxy run` where it can't serve: exit status 2, and what to write instead."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import subprocess
import sys

import pytest

USAGE = "Usage: corsproxy run [OPTIONS]\nTry 'corsproxy run --help' for help.\n\nError: "
UPSTREAM = ("--upstream", "http://localhost:8000")
WRONG = """\
listen: 80
cors: {allow_origins: ["localhost:3001"]}
routes:
  - {path: api, upstrem: "http://legacy:8000"}
"""
GOOD = """\
cors: {allow_origins: ["http://localhost:3001"]}
routes:
  - upstream: http://legacy:8000
"""


def test_with_nothing_to_serve_it_shows_two_lines_that_work(cli):
    status, out, err = cli("run")
    assert (status, out) == (2, "")
    assert (
        "\n  corsproxy run --upstream http://localhost:8000 --allow-origin http://localhost:3001\n"
        in err
    )
    assert (
        "\n  docker run -p 8080:8080 -e CORSPROXY_UPSTREAM=http://host.docker.internal:8000 \\\n"
        "      -e CORSPROXY_ALLOW_ORIGIN=http://localhost:3001 corsproxy\n" in err
    )


NO_ORIGIN = """\
--allow-origin is missing: off loopback ({}) no page is allowed unless it is named. Such as:

  --allow-origin https://app.example.com    (or CORSPROXY_ALLOW_ORIGIN=https://app.example.com)
"""
SAYS = "command line: "
DANGER = (
    "For a page without cookies: --no-credentials. A danger that is meant is named in a route "
    "table: corsproxy run -c FILE\n"
)
REFUSED = {
    "all interfaces without an origin": (
        ["--listen", "0.0.0.0:8080"],
        NO_ORIGIN.format("0.0.0.0:8080"),
    ),
    "all interfaces, in short, without an origin": (
        ["--listen", ":8080"],
        NO_ORIGIN.format(":8080"),
    ),
    "an address of the network without an origin": (
        ["--listen", "192.0.2.1:8080"],
        NO_ORIGIN.format("192.0.2.1:8080"),
    ),
    "a socket without an origin": (
        ["--listen", "unix:/run/corsproxy.sock"],
        NO_ORIGIN.format("unix:/run/corsproxy.sock"),
    ),
    "an origin without its scheme": (
        ["--allow-origin", "localhost:3001"],
        SAYS + 'cors.allow_origins[0]: "localhost:3001": the scheme is missing; '
        "write http://localhost:3001\n",
    ),
    "an origin with a slash": (
        ["--allow-origin", "http://localhost:3001/"],
        SAYS + 'cors.allow_origins[0]: "http://localhost:3001/": browsers send no trailing slash; '
        "write http://localhost:3001\n",
    ),
    "every mistake at once": (
        ["--listen", "nowhere", "--max-age", "soon"],
        SAYS + 'listen: "nowhere": the port is missing; write nowhere:8080\n'
        + SAYS + 'cors.max_age: "soon": this is no duration; write 30, 90s, 30m, 24h or 20d\n',
    ),
    "any origin with credentials": (
        ["--allow-origin", "*"],
        SAYS + "cors.allow_origins[0]: \"*\": with credentials, '*' gives every site the user's "
        "session; write each page's origin, such as http://localhost:3001, or "
        "dangerously_allow: [any_origin_with_credentials] if it is meant\n" + DANGER,
    ),
    "a page over plain http with credentials": (
        ["--allow-origin", "http://app.example.com"],
        SAYS + 'cors.allow_origins[0]: "http://app.example.com": with credentials over plain http, '
        "anyone on the network is the origin; write "
        "dangerously_allow: [insecure_origin_with_credentials] if it is meant\n" + DANGER,
    ),
    "more than one worker": (
        ["--workers", "4"],
        SAYS + 'workers: "4": more than one worker is not supported yet; write 1\n',
    ),
    "the admin address to serve on": (
        ["--listen", "127.0.0.1:8081"],
        SAYS + 'listen: "127.0.0.1:8081": the admin listener is on this address unless told '
        "otherwise; write admin: another address, or admin: off\n",
    ),
    "several origins in one text": (
        ["--allow-origin", "http://a,http://b"],
        USAGE + "--allow-origin takes one at a time: write --allow-origin http://a "
        "--allow-origin http://b (in CORSPROXY_ALLOW_ORIGIN with a blank between)\n",
    ),
    "several methods in one text": (
        ["--allow-method", "PUT, DELETE", "--allow-method", "PATCH"],
        USAGE + "--allow-method takes one at a time: write --allow-method PUT --allow-method "
        "DELETE --allow-method PATCH (in CORSPROXY_ALLOW_METHOD with a blank between)\n",
    ),
    "a route table as well": (
        ["--config", "corsproxy.yaml"],
        USAGE + "--upstream and --config exclude each other: one route, or a file\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("args", "expected"), REFUSED.values(), ids=REFUSED)
def test_the_quick_route_refuses(cli, args, expected):
    assert cli("run", *UPSTREAM, *args) == (2, "", expected)


def test_several_origins_with_commas_in_the_environment(cli):
    status, _, err = cli("run", *UPSTREAM, CORSPROXY_ALLOW_ORIGIN="http://a, http://b,")
    assert (status, "write --allow-origin http://a --allow-origin http://b (" in err) == (2, True)


def test_every_mistake_in_a_file_is_told_with_its_place(cli, folder):
    (folder / "corsproxy.yaml").write_text(WRONG, encoding="utf-8")
    expected = """\
corsproxy.yaml:1:9: listen: 80: an address has a host; write 127.0.0.1:80, or :80 for all interfaces
corsproxy.yaml:2:24: cors.allow_origins[0]: "localhost:3001": the scheme is missing; \
write http://localhost:3001
corsproxy.yaml:4:12: routes[0].path: "api": a path starts with a slash; write /api
corsproxy.yaml:4:17: routes[0].upstrem: unknown key; write upstream
"""
    assert cli("run") == (2, "", expected)
    assert cli("run", CORSPROXY_CONFIG="corsproxy.yaml") == (2, "", expected)


@pytest.mark.parametrize("name", ["nowhere.yaml", "corsproxy.yaml"])
def test_a_file_that_was_named_and_is_not_there(cli, name):
    expected = (
        f"{name}: the file can't be read: No such file or directory; `corsproxy init -o {name}` "
        "writes one; -c names another\n"
    )
    assert cli("run", "-c", name) == (2, "", expected)
    assert cli("explain", "/", "--origin", "http://a", "-c", name) == (2, "", expected)


def test_names_in_the_environment_that_nobody_knows_are_warned_of(cli, folder):
    names = {"CORSPROXY_TARGET": "http://localhost:8000", "CORSPROXY_API": "http://a:1"}
    status, _, err = cli("run", **names)
    assert (status, err.splitlines()[:2]) == (
        2,
        [
            "warning: CORSPROXY_API is not known; `corsproxy run --help` has those",
            "warning: CORSPROXY_TARGET is not known; did you mean CORSPROXY_UPSTREAM?",
        ],
    )
    (folder / "corsproxy.yaml").write_text('routes: [{upstream: "${CORSPROXY_API}"}]', "utf-8")
    assert [line for line in cli("run", **names)[2].splitlines() if "CORSPROXY_API" in line] == []


BESIDE_A_FILE = {
    "an origin": (
        ["--allow-origin", "http://localhost:3001"],
        USAGE + "--allow-origin: only with --upstream; a route table says this itself\n",
    ),
    "several options of the quick route": (
        ["--allow-method", "PUT", "--no-credentials", "--max-age", "1h"],
        USAGE + "--allow-method, --no-credentials, --max-age: only with --upstream; a route table "
        "says this itself\n",
    ),
    "an address that is none": (
        ["--listen", "nowhere"],
        SAYS + 'listen: "nowhere": the port is missing; write nowhere:8080\n',
    ),
    "more than one worker": (
        ["--workers", "2"],
        SAYS + 'workers: "2": more than one worker is not supported yet; write 1\n',
    ),
    "the file's admin address to serve on": (
        ["--listen", "127.0.0.1:9000"],
        SAYS + 'admin: "127.0.0.1:9000": requests are served on this address already; write '
        "another address, or admin: off\n",
    ),
}


@pytest.mark.parametrize(("args", "expected"), BESIDE_A_FILE.values(), ids=BESIDE_A_FILE)
def test_beside_a_file_it_refuses(cli, folder, args, expected):
    (folder / "corsproxy.yaml").write_text(GOOD + "admin: 127.0.0.1:9000\n", encoding="utf-8")
    assert cli("run", *args) == (2, "", expected)


COMMANDS = ["run", "check", "demo", "schema"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(cli, command, option):
    status, out, err = cli(command, option)
    assert (status, out.splitlines()[0].startswith(f"Usage: corsproxy {command} ["), err) == (
        0,
        True,
        "",
    )


def test_help_names_every_command(cli):
    status, out, _ = cli("--help")
    assert status == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in out] == []


OPTIONS = [
    *("--config", "--upstream", "--allow-origin", "--allow-method", "--allow-header"),
    *("--expose-header", "--no-credentials", "--max-age", "--listen", "--admin", "--workers"),
    *("--log-format", "--no-probe"),
]


def test_help_of_run_names_every_option(cli):
    _, out, _ = cli("run", "--help")
    assert [option for option in OPTIONS if option not in out] == []


def test_version(cli):
    status, out, _ = cli("--version")
    assert (status, out.split()[0], len(out.split()[1].split("."))) == (0, "corsproxy", 3)


def test_an_unknown_command(cli):
    status, out, err = cli("rnu")
    assert (status, out, "No such command 'rnu'" in err) == (2, "", True)


def test_what_serves_has_not_what_only_loading_takes():
    """Loaded in this process too, they would be a quarter of its memory."""
    code = "import sys, corsproxy.cli.run, corsproxy.cli.serving; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pydantic", "yaml", "rich", "publicsuffixlist"} & set(done.stdout.split())
