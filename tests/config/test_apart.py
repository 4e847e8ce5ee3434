"""Loading in a process of its own comes to what loading here comes to."""

import os
from pathlib import Path

import pytest

from corsproxy.config import ConfigError, load_file, load_mapping
from corsproxy.config.apart import Loading

GOOD = """\
cors: {allow_origins: ["http://localhost:*", "https://*.example.com"], allow_credentials: true}
routes:
  - {path: /api, upstream: "http://legacy:8000", cookies: local}
  - {path_regex: "/v[0-9]+/.*", upstream: "https://new.example.com", cors: off}
"""

LOADER = "corsproxy.config.command_line"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_configuration_is_the_same(tmp_path: Path):
    path = written(tmp_path / "t.yaml", GOOD)
    assert Loading(LOADER, path, None, {}).result() == load_file(path, os.environ)


def test_connections_made_before_a_reload_are_found_after_it(tmp_path: Path):
    path = written(tmp_path / "t.yaml", GOOD)
    here, apart = load_file(path, os.environ), Loading(LOADER, path, None, {}).result()
    addresses = {route.upstream.address for route in here.table.routes}
    assert addresses == addresses | {route.upstream.address for route in apart.table.routes}


def test_where_upstreams_are_named_arrives(tmp_path: Path):
    path = written(tmp_path / "t.yaml", GOOD)
    config = Loading(LOADER, path, None, {}).result()
    assert (config.file, config.upstream_places) == (str(path), ((3, 28), (4, 43)))


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


def test_where_the_other_process_finds_nothing_this_one_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    module = tmp_path / "only_here.py"
    module.write_text("from corsproxy.config import load_mapping as load")
    monkeypatch.syspath_prepend(tmp_path)
    document = {"cors": {"allow_origins": ["*"]}, "routes": [{"upstream": "http://a"}]}
    assert Loading("only_here", document, "t").result() == load_mapping(document, "t")


def test_what_breaks_in_both_is_raised():
    with pytest.raises(ModuleNotFoundError):
        Loading("corsproxy.no_such_module").result()
