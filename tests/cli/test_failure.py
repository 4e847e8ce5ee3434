import pytest

from corsproxy.cli.failure import fail


def test_it_says_why_and_exits(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        fail(["one", "two"], 2)
    assert (ended.value.code, *capsys.readouterr()) == (2, "", "one\ntwo\n")
