"""`corsproxy check`: every mistake with its place; 0 good, 1 warnings with --strict, 2 errors."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import json
import os
import subprocess
import sys

import pytest

GOOD = 'cors: {allow_origins: ["http://localhost:3001"]}\nroutes: [{upstream: "http://a:1"}]\n'
WARNED = """\
cors: {allow_origins: ["http://localhost:3001"], allow_headers: ["*"]}
routes: [{upstream: "http://a:1"}]
"""
WRONG = 'cors: {allow_origins: ["*"], max_age: x}\nroutes: [{path: a}]\n'
WARNING = """\
warning: corsproxy.yaml:1:50: cors.allow_headers: '*' does not cover Authorization \
(Fetch §2.2.2); write ["*", Authorization] where pages send it
  1 | cors: {allow_origins: ["http://localhost:3001"], allow_headers: ["*"]}
    |                                                  ^^^^^^^^^^^^^
"""
ERRORS = """\
corsproxy.yaml:1:39: cors.max_age: "x": this is no duration; write 30, 90s, 30m, 24h or 20d
  1 | cors: {allow_origins: ["*"], max_age: x}
    |                                       ^
corsproxy.yaml:2:10: routes[0]: the route has no upstream; write upstream: http://localhost:8000
  2 | routes: [{path: a}]
    |          ^
corsproxy.yaml:2:17: routes[0].path: "a": a path starts with a slash; write /a
  2 | routes: [{path: a}]
    |                 ^
corsproxy.yaml: 3 errors
"""
TESTED = (
    GOOD
    + """\
tests:
- {path: /, origin: "http://localhost:3001", expect: allow}
- {path: /, origin: "https://evil.example", expect: EXPECTED}
"""
)
PASSED = """\
passed tests[0]: GET / from http://localhost:3001: allowed
WORD tests[1]: GET / from https://evil.example: refused: origin_not_allowed https://evil.example
"""
FAILED = """\
corsproxy.yaml:5:3: tests[1]: GET / from https://evil.example: refused: origin_not_allowed \
https://evil.example; expected: allow; write ADVICE
  5 | - {path: /, origin: "https://evil.example", expect: allow}
    |   ^
corsproxy.yaml: 1 of 2 tests failed
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
    "a file with tests": (
        TESTED.replace("EXPECTED", "refuse"),
        [],
        0,
        PASSED.replace("WORD", "passed") + "corsproxy.yaml: good, 1 route, 2 tests passed\n",
    ),
    "a file with a test that fails": (
        TESTED.replace("EXPECTED", "allow"),
        [],
        2,
        PASSED.replace("WORD", "FAILED")
        + FAILED.replace(
            "ADVICE", 'cors.allow_origins: ["http://localhost:3001", "https://evil.example"]'
        ),
    ),
    "something worth knowing, strictly": (
        GOOD.replace("]}", "], max_age: 24h}", 1),
        ["--strict"],
        0,
        (
            'info: corsproxy.yaml:1:59: cors.max_age: "24h": Chromium stops at 7200 s, '
            "Safari at 600\n"
            '  1 | cors: {allow_origins: ["http://localhost:3001"], max_age: 24h}\n'
            "    | " + " " * 58 + "^^^\ncorsproxy.yaml: good, 1 route\n"
        ),
    ),
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
    expected = (
        "x.yaml: the file can't be read: No such file or directory; `corsproxy init -o x.yaml` "
        "writes one; `corsproxy check FILE` checks another\nx.yaml: 1 error\n"
    )
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
                "what": "'*' does not cover Authorization (Fetch §2.2.2)",
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


def test_a_failed_test_as_json(cli, folder):
    (folder / "corsproxy.yaml").write_text(TESTED.replace("EXPECTED", "allow"), encoding="utf-8")
    status, out, _ = cli("check", "--format", "json")
    (found,) = json.loads(out)
    assert (status, found["path"], found["line"], found["level"]) == (2, "tests[1]", 5, "error")


def test_wide_characters_are_underlined_where_they_stand(cli, folder):
    text = (
        'cors: {allow_origins: ["https://例え.jp"], max_age: x}\nroutes: [{upstream: "http://a"}]'
    )
    (folder / "corsproxy.yaml").write_text(text, encoding="utf-8")
    _, out, _ = cli("check")
    lines = out.splitlines()
    assert [line for line in lines if "^" in line] == [
        "    |                        ^^^^^^^^^^^^^^^^^",
        "    |                                                     ^",
    ]


COLOURS = {
    "on a terminal": ({"TERM": "xterm-256color"}, True),
    "where colours are not wanted": ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
    "on a dumb terminal": ({"TERM": "dumb"}, False),
}


@pytest.mark.parametrize(("env", "coloured"), COLOURS.values(), ids=COLOURS)
def test_colours(folder, env, coloured):
    (folder / "corsproxy.yaml").write_text(WRONG, encoding="utf-8")
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "corsproxy", "check"]
    kept = {name: value for name, value in os.environ.items() if name not in _COLOUR_VARIABLES}
    done = subprocess.run(command, stdout=theirs, env=kept | env, timeout=20, check=False)
    os.close(theirs)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert (done.returncode, "\x1b[31m" in said or "\x1b[1;31m" in said) == (2, coloured)
    assert "this is no duration" in said


_COLOUR_VARIABLES = {"NO_COLOR", "FORCE_COLOR", "TERM", "COLORTERM", "TTY_COMPATIBLE"}


def test_it_takes_values_from_the_environment(cli, folder):
    (folder / "corsproxy.yaml").write_text(GOOD.replace("http://a:1", "${API}"), encoding="utf-8")
    assert cli("check", API="http://legacy:8000") == (0, "corsproxy.yaml: good, 1 route\n", "")
    status, out, _ = cli("check")
    assert (status, "API is not in the environment" in out) == (2, True)
