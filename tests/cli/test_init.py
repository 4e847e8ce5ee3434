"""`corsproxy init` writes a route table that `check` has nothing to say of."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import pytest
import yaml
from jsonschema import Draft202012Validator

from corsproxy.config.schema import schema

GOOD = "corsproxy.yaml: good, 1 route, 2 tests passed\n"
UPSTREAMS = {
    "the default": ([], "http://localhost:8000"),
    "another": (["--upstream", "https://api.example.com/v2"], "https://api.example.com/v2"),
    "one with signs of YAML": (
        ["--upstream", "http://a/x?y=[1], {z}&# '\""],
        None,
    ),
    "a socket": (["--upstream", "unix:/run/api.sock"], "unix:/run/api.sock"),
    "one from the environment": (["--upstream", "${API:-http://a:1}"], "${API:-http://a:1}"),
}


@pytest.mark.parametrize(("args", "upstream"), UPSTREAMS.values(), ids=UPSTREAMS)
def test_what_it_writes_passes_check(cli, folder, args, upstream):
    status, text, err = cli("init", *args)
    if upstream is None:
        assert (status, text) == (2, "")
        assert "a URL has no blanks" in err
        return
    assert (status, err) == (0, "")
    table = yaml.safe_load(text)
    assert table["routes"][0]["upstream"] == upstream
    assert list(Draft202012Validator(schema()).iter_errors(table)) == []
    (folder / "corsproxy.yaml").write_text(text, encoding="utf-8")
    status, out, err = cli("check", "--strict")
    assert (status, out.splitlines(keepends=True)[-1], err) == (0, GOOD, "")
    assert [line for line in out.splitlines() if "warning" in line or "info" in line] == []


def test_it_writes_a_new_file(cli, folder):
    said = "new.yaml: written; corsproxy run -c new.yaml\n"
    assert cli("init", "-o", "new.yaml") == (0, said, "")
    assert (folder / "new.yaml").read_text("utf-8") == cli("init")[1]


def test_it_overwrites_nothing(cli, folder):
    (folder / "mine.yaml").write_text("mine", encoding="utf-8")
    status, out, err = cli("init", "-o", "mine.yaml")
    assert (status, out) == (2, "")
    assert "mine.yaml is there already, and stays as it is" in err
    assert (folder / "mine.yaml").read_text("utf-8") == "mine"


def test_a_place_where_nothing_can_be_written(cli, folder):
    assert folder.exists()
    status, out, err = cli("init", "-o", "no/folder.yaml")
    assert (status, out) == (1, "")
    assert err == "Error: no/folder.yaml can't be written: No such file or directory\n"


def test_a_wrong_upstream_is_told_with_what_to_write(cli):
    status, out, err = cli("init", "--upstream", "api.example.com")
    assert (status, out) == (2, "")
    assert "api.example.com: the scheme is missing; write http://api.example.com" in err
