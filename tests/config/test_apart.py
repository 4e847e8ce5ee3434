"""Loading in a process of its own comes to what loading here comes to."""

import os
from pathlib import Path

import pytest

from corsproxy.config import ConfigError, load_file
from corsproxy.config.apart import Loading

GOOD = """\
cors: {allow_origins: ["http://localhost:*", "https://*.example.com"], allow_credentials: true}
routes:
  - {path: /api, upstream: "http://legacy:8000", cookies: local}
  - {path_regex: "/v[0-9]+/.*", upstream: "https://new.example.com", cors: off}
"""

LOADER = "corsproxy.cli.loading"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_configuration_is_the_same(tmp_path: Path):
    path = written(tmp_path / "t.yaml", GOOD)
    assert Loading(LOADER, path, None, {}).result() == load_file(path, os.environ)


def test_the_problems_are_the_same(tmp_path: Path):
    path = written(tmp_path / "t.yaml", GOOD + "nope: 1\nlisten: 80\n")
    with pytest.raises(ConfigError) as here:
        load_file(path, os.environ)
    with pytest.raises(ConfigError) as apart:
        Loading(LOADER, path, None, {}).result()
    assert apart.value.problems == here.value.problems


def test_the_environment_and_the_folder_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written(tmp_path / "t.yaml", GOOD.replace("legacy", "${LEGACY}"))
    monkeypatch.setenv("LEGACY", "old.example")
    monkeypatch.chdir(tmp_path)
    config = Loading(LOADER, Path("t.yaml"), None, {}).result()
    assert str(config.table.routes[0].upstream) == "http://old.example:8000"


def test_a_large_configuration_arrives_whole(tmp_path: Path):
    origins = ", ".join(f"https://h{i}.example.com" for i in range(5000))
    path = written(tmp_path / "t.yaml", GOOD.replace('"http://localhost:*"', origins))
    assert Loading(LOADER, path, None, {}).result() == load_file(path, os.environ)


def test_a_loading_that_breaks_is_told(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(RuntimeError, match="loading ended with status 1"):
        Loading("corsproxy.no_such_module").result()
    assert "No module named 'corsproxy.no_such_module'" in capfd.readouterr().err
