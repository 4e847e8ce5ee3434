"""`corsproxy check`: every mistake with its place; 0 good, 1 warnings with --strict, 2 errors."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import json

import pytest

GOOD = 'cors: {allow_origins: ["http://localhost:3001"]}\nroutes: [{upstream: "http://a:1"}]\n'
WARNED = """\
cors: {allow_origins: ["http://localhost:3001"], allow_headers: ["*"]}
routes: [{upstream: "http://a:1"}]
"""
WRONG = 'cors: {allow_origins: ["*"], max_age: x}\nroutes: [{path: a}]\n'
WARNING = (
    "warning: corsproxy.yaml:1:50: cors.allow_headers: '*' does not cover Authorization "
    '(Fetch §3.3.4); write ["*", Authorization] where pages send it\n'
)
ERRORS = """\
corsproxy.yaml:1:39: cors.max_age: "x": this is no duration; write 30, 90s, 30m, 24h or 20d
corsproxy.yaml:2:10: routes[0]: the route has no upstream; write upstream: http://localhost:8000
corsproxy.yaml:2:17: routes[0].path: "a": a path starts with a slash; write /a
corsproxy.yaml: 3 errors
"""
SAID = {
    "a good file": (GOOD, [], 0, "corsproxy.yaml: good, 1 route\n"),
    "a good file, strictly": (GOOD, ["--strict"], 0, "corsproxy.yaml: good, 1 route\n"),
    "a file with a warning": (WARNED, [], 0, WARNING + "corsproxy.yaml: good, 1 route\n"),
    "a file with a warning, strictly": (
        WARNED,
        ["--strict"],
        1,
        WARNING + "corsproxy.yaml: good, 1 route\n",
    ),
    "a wrong file": (WRONG, [], 2, ERRORS),
    "a wrong file, strictly": (WRONG, ["--strict"], 2, ERRORS),
    "an empty file": (
        "",
        [],
        2,
        (
            "corsproxy.yaml: the file is empty; write a route under `routes`\n"
            "corsproxy.yaml: 1 error\n"
        ),
    ),
}


@pytest.mark.parametrize(("text", "args", "status", "expected"), SAID.values(), ids=SAID)
def test_in_words(cli, folder, text, args, status, expected):
    (folder / "corsproxy.yaml").write_text(text, encoding="utf-8")
    assert cli("check", *args) == (status, expected, "")


def test_of_a_file_by_name(cli, folder):
    (folder / "other.yaml").write_text(GOOD, encoding="utf-8")
    assert cli("check", "other.yaml") == (0, "other.yaml: good, 1 route\n", "")


def test_of_a_file_that_is_not_there(cli):
    expected = "x.yaml: the file can't be read: No such file or directory\nx.yaml: 1 error\n"
    assert cli("check", "x.yaml") == (2, expected, "")


FOUND = {
    "a good file": (GOOD, [], 0, []),
    "a file with a warning, strictly": (
        WARNED,
        ["--strict"],
        1,
        [
            {
                "file": "corsproxy.yaml",
                "line": 1,
                "column": 50,
                "level": "warning",
                "path": "cors.allow_headers",
                "value": None,
                "what": "'*' does not cover Authorization (Fetch §3.3.4)",
                "write": '["*", Authorization] where pages send it',
            }
        ],
    ),
    "a wrong file": (
        "cors: {allow_origins: [localhost]}\nroutes: [{upstream: 'http://a:1'}]",
        [],
        2,
        [
            {
                "file": "corsproxy.yaml",
                "line": 1,
                "column": 24,
                "level": "error",
                "path": "cors.allow_origins[0]",
                "value": "localhost",
                "what": "the scheme is missing",
                "write": "http://localhost",
            }
        ],
    ),
}


@pytest.mark.parametrize(("text", "args", "status", "expected"), FOUND.values(), ids=FOUND)
def test_as_json(cli, folder, text, args, status, expected):
    (folder / "corsproxy.yaml").write_text(text, encoding="utf-8")
    got, out, err = cli("check", "--format", "json", *args)
    assert (got, json.loads(out), err) == (status, expected, "")


def test_it_takes_values_from_the_environment(cli, folder):
    (folder / "corsproxy.yaml").write_text(GOOD.replace("http://a:1", "${API}"), encoding="utf-8")
    assert cli("check", API="http://legacy:8000") == (0, "corsproxy.yaml: good, 1 route\n", "")
    status, out, _ = cli("check")
    assert (status, "API is not in the environment" in out) == (2, True)
