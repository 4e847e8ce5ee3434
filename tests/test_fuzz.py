"""A short run of every fuzzing harness; `make fuzz` runs them for longer."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corsproxy.config import problems
from corsproxy.core import heads, origins
from corsproxy.gateway import parser

ROOT = Path(__file__).parent.parent
NAMES = ["origins", "fields", "config", "requests", "responses"]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_comes_is_accepted_or_refused(name: str):
    command = [sys.executable, "fuzz/run.py", "--seconds", "2", "--seed", "1", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    tally = rf"{name}: \d{{3,}} inputs tried, \d+ accepted, \d+ refused, \d+\.\d seconds\n"
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert re.fullmatch(tally, done.stdout)


@pytest.mark.parametrize(
    ("name", "broken", "put"),
    [
        pytest.param(
            "origins",
            (origins.OriginPattern, "matches"),
            lambda pattern, origin: origin.host.endswith(pattern.host),
            id="a wildcard that takes evilexample.com",
        ),
        pytest.param(
            "fields",
            (heads, "_merge_vary"),
            lambda _lines, _varies, _wanted: None,
            id="an answer that does not say what it depends on",
        ),
        pytest.param(
            "config",
            (problems.Problem, "__str__"),
            lambda problem: f"{problem.file}: {problem.value}",
            id="a problem that is shown as it came",
        ),
        pytest.param(
            "requests",
            (heads, "_connection"),
            lambda _head, *, upgrade: [],  # noqa: ARG005 the name is that of the call
            id="chunks that are not announced",
        ),
        pytest.param(
            "responses",
            (parser, "has_control"),
            lambda _value: False,
            id="a control character that passes",
        ),
    ],
)
def test_a_broken_law_is_found(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    broken: tuple[object, str],
    put: Callable[..., object],
):
    monkeypatch.syspath_prepend(str(ROOT))
    driver = importlib.import_module("fuzz.run")
    monkeypatch.setattr(driver, "FINDINGS", tmp_path)
    monkeypatch.setattr(*broken, put)

    status = driver.main(["--seconds", "30", "--seed", "1", name])

    told = capsys.readouterr().out.splitlines()
    stored = [path.read_bytes() for path in tmp_path.iterdir()]
    assert (status, [ast.literal_eval(told[-1])]) == (1, stored)
    assert driver.main(["--seconds", "5", "--replay", str(*tmp_path.iterdir()), name]) == 1
