"""The file of `--learn`: refused before it begins where it would not do, and written whole."""

from pathlib import Path

import pytest

from corsproxy.config import load_file, load_text
from corsproxy.config.command_line import quick_table
from corsproxy.config.learnt import MARK
from corsproxy.config.learnt_file import LearnError, LearntFile
from corsproxy.core.learning import Learnt, Usage

TABLE = """\
cors: {allow_origins: ["http://localhost:3001"]}
routes: [{path: /, upstream: "${API}"}]
"""
USED = Learnt({"routes[0]": Usage(origins=("https://app.example",), methods=("PUT",))})


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API", "http://secret.internal")


def of_table(path: Path, text: str = TABLE) -> LearntFile:
    table = path.with_name("table.yaml")
    table.write_text(text, "utf-8")
    file = LearntFile.of_table(path, table)
    file.check(load_text(text, "table.yaml", {"API": "http://a"}, path.parent))
    return file


def test_it_is_written_whole_and_again(tmp_path: Path):
    path = tmp_path / "learnt.yaml"
    file = of_table(path)
    assert file.told() == f"{path}: not written, for no page used the proxy"
    assert list(tmp_path.iterdir()) == [tmp_path / "table.yaml"]
    file.write(USED)
    first = path.read_text("utf-8")
    assert first.startswith(MARK + "\n")
    assert "${API}" in first
    assert "secret" not in first
    file.write(Learnt({"routes[0]": Usage(origins=("null",))}))
    assert '"null"' in path.read_text("utf-8")
    assert sorted(tmp_path.iterdir()) == [path, tmp_path / "table.yaml"]
    assert file.told() == f"{path}: written; look through it, and corsproxy check {path}"


def test_it_is_for_its_owner_alone_unless_it_was_for_others(tmp_path: Path):
    path = tmp_path / "learnt.yaml"
    file = of_table(path)
    file.write(USED)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    file.write(USED)
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_could_not_be_written_is_not_said_to_be(tmp_path: Path):
    (folder := tmp_path / "there").mkdir()
    file = of_table(folder / "learnt.yaml")
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()
    with pytest.raises(OSError, match="No such file"):
        file.write(USED)
    assert file.told() == f"{folder / 'learnt.yaml'}: not written; the log says why"


def test_a_name_that_is_too_long(tmp_path: Path):
    with pytest.raises(LearnError, match="File name too long"):
        of_table(tmp_path / ("a" * 300))
    with pytest.raises(LearnError, match=r"^it can't be written: File name too long$"):
        LearntFile(tmp_path / ("a" * 300), TABLE, {}).check(
            load_text(TABLE, "t", {"API": "http://a"})
        )


def test_what_was_learnt_before_is_learnt_anew(tmp_path: Path):
    path = tmp_path / "learnt.yaml"
    path.write_text(f"{MARK}\ncors: {{allow_origins: ['https://old.example']}}\n", "utf-8")
    of_table(path).write(USED)
    assert "old.example" not in path.read_text("utf-8")


def test_a_test_that_fails_is_told_and_stays(tmp_path: Path):
    path = tmp_path / "learnt.yaml"
    tests = 'tests: [{path: /, origin: "https://b.example", expect: allow}]\n'
    of_table(path, TABLE + tests).write(USED)
    text = path.read_text("utf-8")
    assert (
        "# learnt: decide: GET / from https://b.example: refused: origin_not_allowed "
        "https://b.example; expected: allow\n" in text.replace(", 'www", "; 'www")
    )
    assert text.endswith(tests)


def test_the_command_line_is_written_out(tmp_path: Path):
    options = {"listen": "127.0.0.1:0", "admin": "off", "log_format": "json"}
    table = quick_table("http://a/${b}", options)
    assert table == (
        'listen: "127.0.0.1:0"\nadmin: "off"\nlog: {"format": "json"}\n'
        'routes:\n  - path: /\n    upstream: "http://a/$${b}"\n'
    )
    path = tmp_path / "learnt.yaml"
    file = LearntFile(path, quick_table("http://a", {}), {})
    file.write(USED)
    config = load_file(path, {})
    assert [str(route.upstream) for route in config.table.routes] == ["http://a"]


MINE = "cors: {allow_origins: ['https://mine.example']}\n"
BAD = {
    "a file that is not its own": (
        "learnt.yaml", TABLE, "it is there, and was not written by --learn: name another file"
    ),
    "a folder that is not there": (
        "no/learnt.yaml", TABLE, "it can't be written: No such file or directory"
    ),
    "routes that are merged into the table": (
        "new.yaml",
        "cors: {allow_origins: ['*']}\n<<: {routes: [{upstream: 'http://a'}]}\n",
        "the policies of the table can't be rewritten: write each out, without aliases",
    ),
    "an anchor that something else needs": (
        "new.yaml",
        ("cors: {allow_origins: &o ['*'], max_age: 5}\n"
        "routes: [{path: /, upstream: 'http://a', cors: {timing_allow_origin: *o}}]\n"),
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "table", "said"), BAD.values(), ids=BAD)
def test_what_is_refused_before_it_begins(tmp_path: Path, name: str, table: str, said: str | None):
    (tmp_path / "learnt.yaml").write_text(MINE, "utf-8")
    source = tmp_path / "table.yaml"
    source.write_text(table, "utf-8")
    file = LearntFile.of_table(tmp_path / name, source)
    config = load_text(table, "t", {"API": "http://a"})
    if said is None:
        file.check(config)  # aliases of values are resolved
        return
    with pytest.raises(LearnError) as error:
        file.check(config)
    assert str(error.value) == said
    assert (tmp_path / "learnt.yaml").read_text("utf-8") == MINE


def test_the_table_that_is_served_is_not_written_over(tmp_path: Path):
    path = tmp_path / "table.yaml"
    path.write_text(TABLE, "utf-8")
    with pytest.raises(LearnError, match=r"^this table is being served: name another file$"):
        LearntFile.of_table(path, path)


def test_a_table_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(LearnError, match="can't be read"):
        LearntFile.of_table(tmp_path / "new.yaml", tmp_path / "none.yaml")


def test_files_that_a_table_names_have_to_be_found_from_its_new_place(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("x")
    table = (
        "routes: [{upstream: {url: 'https://a', tls: {ca: ca.pem}}, cors: {allow_origins: ['*']}}]"
    )
    source = tmp_path / "table.yaml"
    source.write_text(table)
    (tmp_path / "sub").mkdir()
    file = LearntFile.of_table(tmp_path / "sub" / "new.yaml", source)
    with pytest.raises(LearnError) as error:
        file.check(load_text(table, "t", {}, tmp_path))
    assert str(error.value).startswith("what would be written can't be served:\n")
    assert str(error.value).endswith("the file can't be read: No such file or directory")


def test_a_folder_in_the_files_place(tmp_path: Path):
    (tmp_path / "new.yaml").mkdir()
    with pytest.raises(LearnError, match=r"^it can't be read: Is a directory$"):
        of_table(tmp_path / "new.yaml")
