"""Every validation of the design by its number: `validations.yaml` has a row for each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from corsproxy.config import Config, ConfigError

FILE = Path(__file__, "../validations.yaml").resolve()
ROWS: list[dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
TAKEN = 0  # the number of what a strict validator must not refuse


def told(text: str, load: Callable[..., Config]) -> list[str]:
    try:
        config = load(text)
        problems = (*config.warnings, *config.notes)
    except ConfigError as error:
        problems = error.problems
    return [f"{one.level} {one}".replace("t.yaml:", "", 1) for one in problems]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['rule']}-{row['name']}")
def test_a_validation(row: dict[str, Any], load: Callable[..., Config]):
    table = row.get("table") or f"cors: {row['cors']}\nroutes: [{{upstream: 'http://a'}}]"
    assert told(table, load) == row["told"]


def test_no_validation_is_without_a_row():
    assert {row["rule"] for row in ROWS} == {TAKEN, *range(1, 63)}


def test_what_must_be_taken_is_told_nothing_of():
    assert [row["name"] for row in ROWS if row["rule"] == TAKEN and row["told"]] == []
