import pytest

from corsproxy.config.problems import ConfigError, Problem, in_order, path_text, render


@pytest.mark.parametrize(
    ("problem", "written"),
    [
        pytest.param(
            Problem("f.yaml", "is wrong", "a[0].b", "x", "y", 3, 7),
            'f.yaml:3:7: a[0].b: "x": is wrong; write y',
            id="everything is known",
        ),
        pytest.param(Problem("--upstream", "is wrong"), "--upstream: is wrong", id="an option"),
        pytest.param(
            Problem("f.yaml", "is wrong", "a", False), "f.yaml: a: false: is wrong", id="no place"
        ),
        pytest.param(
            Problem("f.yaml", "is wrong", line=1, column=1), "f.yaml:1:1: is wrong", id="no path"
        ),
        pytest.param(Problem("f", "a\nb", write="é\x00"), "f: a\\nb; write é\\x00", id="controls"),
    ],
)
def test_a_problem_is_written_in_one_line(problem: Problem, written: str):
    assert str(problem) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", '""'),
        ("é", '"é"'),
        ("a\nb\x9b", '"a\\nb\\u009b"'),
        ("\u202eevil", '"\\u202eevil"'),
        (True, "true"),
        (1.5, "1.5"),
        ("x" * 200, '"' + "x" * 118 + "…"),
    ],
)
def test_a_value_is_shown_without_what_moves_the_cursor(value: str, written: str):
    assert render(value) == written


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ((), ""),
        (("routes", 0, "cors", "allow_origins", 12), "routes[0].cors.allow_origins[12]"),
        (("set", "X-A"), "set.X-A"),
        (("set", "A B\n"), 'set["A B\\n"]'),
    ],
)
def test_a_path_is_written_as_in_the_field(path: tuple[str | int, ...], written: str):
    assert path_text(path) == written


def test_errors_come_first_then_places_and_nothing_twice():
    late = Problem("f", "late error", line=9, column=1)
    early = Problem("f", "early error", line=2, column=5)
    warning = Problem("f", "warning", line=1, column=1, level="warning")
    note = Problem("f", "note", line=1, column=1, level="info")
    nowhere = Problem("f", "no place")
    problems = [note, warning, late, early, late, nowhere]
    assert in_order(problems) == (nowhere, early, late, warning, note)
    error = ConfigError(problems)
    assert error.problems == (nowhere, early, late, warning, note)
    assert str(error).splitlines() == [str(problem) for problem in error.problems]
