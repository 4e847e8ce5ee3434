from pathlib import Path

import pytest

from corsproxy.cli.failure import fail, with_way_out
from corsproxy.config.problems import Problem


def test_it_says_why_and_exits(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        fail(["one", "two"], 2)
    assert (ended.value.code, *capsys.readouterr()) == (2, "", "one\ntwo\n")


MISSING = "the file can't be read: No such file or directory"


@pytest.mark.parametrize(
    ("problem", "end"),
    [
        (Problem("a b.yaml", MISSING), "; `corsproxy init -o 'a b.yaml'` writes one; or else"),
        (Problem("a b.yaml", MISSING, "tls.cert", line=2), ""),
        (Problem("a b.yaml", "the file can't be read: Is a directory"), ""),
    ],
    ids=["no table", "a file that it names", "no file at all"],
)
def test_where_there_is_no_table(problem: Problem, end: str):
    [told] = with_way_out([problem], Path("a b.yaml"), "or else")
    assert told.what == problem.what + end
