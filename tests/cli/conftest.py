"""Commands that only answer, called in the test's own process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from corsproxy.cli import main

Outcome = tuple[int, str, str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with nothing of corsproxy's in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("CORSPROXY_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def cli(folder: Path) -> Callable[..., Outcome]:
    """Call a command; return its exit status and what it wrote on both streams."""
    assert folder

    def call(*args: str, **env: str) -> Outcome:
        result = CliRunner().invoke(main, args, env=env, prog_name="corsproxy")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout, result.stderr

    return call


@pytest.fixture
def command(folder: Path) -> Callable[..., Outcome]:
    """The same in a process of its own, for what may come to serve."""
    assert folder

    def call(*args: str) -> Outcome:
        arguments = [sys.executable, "-m", "corsproxy", *args]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=20, check=False)
        return done.returncode, done.stdout, done.stderr

    return call
