"""Every validation of the design by its number: `validations.yaml` has a row for each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from corsproxy.cli.probes import probes, tell
from corsproxy.config import Config, ConfigError, Problem
from corsproxy.core.probing import Answer, Answers

FILE = Path(__file__, "../validations.yaml").resolve()
ROWS: list[dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
TAKEN = 0  # the number of what a strict validator must not refuse


def probed(config: Config, answers: list[str]) -> tuple[Problem, ...]:
    ((probe, routes),) = probes(config).items()
    fields = [line.encode().split(b": ", 1) for line in answers]
    answer = Answer(200, tuple((name, value) for name, value in fields))
    return tell(config, probe, routes, Answers(answer, answer, answer)).problems


def told(text: str, load: Callable[..., Config], answers: list[str] | None = None) -> list[str]:
    try:
        config = load(text)
        problems = (*config.warnings, *config.notes)
        if answers:
            problems += probed(config, answers)
    except ConfigError as error:
        problems = error.problems
    return [f"{one.level} {one}".replace("t.yaml:", "", 1) for one in problems]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['rule']}-{row['name']}")
def test_a_validation(row: dict[str, Any], load: Callable[..., Config]):
    table = row.get("table") or f"cors: {row['cors']}\nroutes: [{{upstream: 'http://a'}}]"
    assert told(table, load, row.get("answers")) == row["told"]


def test_no_validation_is_without_a_row():
    assert {row["rule"] for row in ROWS} == {TAKEN, *range(1, 63)}


def test_what_must_be_taken_is_told_nothing_of():
    assert [row["name"] for row in ROWS if row["rule"] == TAKEN and row["told"]] == []
