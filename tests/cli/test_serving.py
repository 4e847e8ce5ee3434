"""`corsproxy run` where it serves: what it says at its start, its log, and its health."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import json
import re
import socket
import urllib.error
import urllib.request

import pytest

LOCAL = "origins: http://localhost:* http://127.0.0.1:*"
UPSTREAM = ("--upstream", "http://localhost:8000")
LISTEN = ("--listen", "127.0.0.1:0", "--admin", "off")
TABLE = """\
listen: [127.0.0.1:0, "localhost:0"]
admin: 127.0.0.1:0
cors: {allow_origins: ["http://localhost:3001", "https://*.example.com"]}
routes:
  - {path: /api, methods: [GET, PUT], upstream: "http://legacy:8000/v1"}
  - {path: /files, host: files.example.com, upstream: "unix:/run/files.sock", cors: off}
  - {path: /new, upstream: "http://new:8000", cors: {mode: report}}
  - {path_regex: "/v[0-9]+/.*", upstream: "https://new.example.com", cors: {allow_origins: ["*"]}}
"""


def said(process):
    """Return the start-up lines, with ports that differ each time as PORT."""
    process.out.wait_for("listening on")
    return [re.sub(r"(//[a-z0-9.\[\]:]+):\d{5}\b", r"\1:PORT", line) for line in process.out.lines]


STARTS = {
    "an upstream alone": (
        [*UPSTREAM, *LISTEN],
        {},
        ["  /  →  http://localhost:8000   " + LOCAL, "  listening on http://127.0.0.1:PORT"],
    ),
    "an origin": (
        [*UPSTREAM, *LISTEN, "--allow-origin", "http://localhost:3001"],
        {},
        [
            "  /  →  http://localhost:8000   origins: http://localhost:3001",
            "  listening on http://127.0.0.1:PORT",
        ],
    ),
    "an admin listener": (
        [*UPSTREAM, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
        {},
        [
            "  /  →  http://localhost:8000   " + LOCAL,
            "  listening on http://127.0.0.1:PORT   admin http://127.0.0.1:PORT",
        ],
    ),
    "everything from the environment": (
        [],
        {
            "CORSPROXY_UPSTREAM": "http://localhost:8000",
            "CORSPROXY_ALLOW_ORIGIN": "http://localhost:3001 https://app.example.com",
            "CORSPROXY_LISTEN": "127.0.0.1:0",
            "CORSPROXY_ADMIN": "127.0.0.1:0",
            "CORSPROXY_WORKERS": "1",
        },
        [
            (
                "  /  →  http://localhost:8000   origins: http://localhost:3001 "
                "https://app.example.com"
            ),
            "  listening on http://127.0.0.1:PORT   admin http://127.0.0.1:PORT",
        ],
    ),
    "all interfaces with an origin": (
        [
            *(*UPSTREAM, "--listen", "0.0.0.0:0", "--admin", "off"),
            *("--allow-origin", "https://app.example.com"),
        ],
        {},
        [
            "  /  →  http://localhost:8000   origins: https://app.example.com",
            "  listening on http://localhost:PORT",
        ],
    ),
}


@pytest.mark.parametrize(("args", "env", "expected"), STARTS.values(), ids=STARTS)
def test_the_start_up_lines_of(corsproxy, tmp_path, args, env, expected):
    with corsproxy("run", *args, env=env, cwd=tmp_path) as process:
        first, *rest = said(process)
        assert (first.split()[0], rest) == ("corsproxy", expected)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "corsproxy.yaml"
    path.write_text(TABLE, encoding="utf-8")
    return path


ROUTES = [
    (
        "  /api (GET, PUT)          →  http://legacy:8000/v1   origins: http://localhost:3001 "
        "https://*.example.com"
    ),
    "  files.example.com/files  →  unix:/run/files.sock   CORS is the upstream's own",
    (
        "  /new                     →  http://new:8000   origins: http://localhost:3001 "
        "https://*.example.com   mode: report, nothing is refused"
    ),
    "  ~/v[0-9]+/.*             →  https://new.example.com   origins: *",
]


def test_the_start_up_lines_of_a_file_name_every_route(corsproxy, table):
    with corsproxy("run", cwd=table.parent) as process:
        assert said(process)[1:] == [
            *ROUTES,
            (
                "  listening on http://127.0.0.1:PORT http://localhost:PORT   "
                "admin http://127.0.0.1:PORT"
            ),
        ]


@pytest.mark.parametrize(
    ("args", "env"),
    [
        pytest.param(["--listen", "127.0.0.1:0", "--admin", "off"], {}, id="by options"),
        pytest.param(
            [], {"CORSPROXY_LISTEN": "127.0.0.1:0", "CORSPROXY_ADMIN": "off"}, id="by environment"
        ),
    ],
)
def test_the_addresses_of_a_file_can_be_overridden(corsproxy, table, tmp_path, args, env):
    env = {**env, "CORSPROXY_CONFIG": str(table)}
    with corsproxy("run", *args, env=env, cwd=tmp_path) as process:
        assert said(process)[1:] == [*ROUTES, "  listening on http://127.0.0.1:PORT"]


def test_a_file_without_admin_listener_may_serve_on_its_usual_address(corsproxy, table):
    table.write_text(TABLE.replace("admin: 127.0.0.1:0", "admin: off"), encoding="utf-8")
    with corsproxy("run", "-c", table, "--listen", "127.0.0.2:8081") as process:
        assert said(process)[-1] == "  listening on http://127.0.0.2:8081"


def get(url, **headers: str):
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize("source", ["a file", "an upstream"])
def test_the_log_as_json(corsproxy, table, source):
    args = ["-c", table, "--listen", "127.0.0.1:0"] if source == "a file" else [*UPSTREAM, *LISTEN]
    with corsproxy("run", *args, "--log-format", "json", env={"NO_PROXY": "*"}) as process:
        get(f"{process.address}/nowhere", Origin="http://localhost:3001", Expect="nothing")
        exchange = json.loads(process.out.wait_for(r"^\{.*\}$")[0])
    assert (exchange["method"], exchange["target"], exchange["status"]) == ("GET", "/nowhere", 417)
    assert exchange["cors"] == "allowed"


def test_the_admin_listener(corsproxy):
    args = (*UPSTREAM, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
    with corsproxy("run", *args) as process:
        assert get(f"{process.admin}/healthz") == (200, b"ok\n")
        assert get(f"{process.admin}/readyz") == (200, b"ready\n")


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


TAKEN = {
    "--listen": "(another address with --listen)",
    "--admin": "(the admin listener: --admin off, or another address with --admin)",
}


@pytest.mark.parametrize(("option", "hint"), TAKEN.items(), ids=TAKEN)
def test_an_address_that_is_taken(command, taken, option, hint):
    addresses = {"--listen": "127.0.0.1:0", "--admin": "127.0.0.1:0", option: taken}
    args = [part for pair in addresses.items() for part in pair]
    status, out, err = command("run", *UPSTREAM, *args)
    assert (status, out) == (1, "")
    expected = rf"can't listen on {taken}: .*address already in use.* {re.escape(hint)}\n"
    assert re.fullmatch(expected, err, re.IGNORECASE)


def test_a_certificate_that_is_not_there(cli, folder):
    (folder / "corsproxy.yaml").write_text(
        'listen: 127.0.0.1:0\nadmin: off\ncors: {allow_origins: ["*"]}\n'
        'routes: [{upstream: {url: "https://a", tls: {ca: nowhere.pem}}}]\n',
        encoding="utf-8",
    )
    status, _, err = cli("run")
    assert (status, "nowhere.pem" in err) == (2, True)
