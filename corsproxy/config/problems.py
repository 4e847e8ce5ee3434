"""What is wrong in a route table: where, what, and what to write instead."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "info"]
Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]

_LEVELS: tuple[Level, ...] = ("error", "warning", "info")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_\-]+")
_LONGEST_SHOWN = 120


class WrongValueError(ValueError):
    """A value that can't stand where it stands. `write` says what to write instead, if known."""

    def __init__(self, what: str, write: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.write = write


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: `file` and 1-based `line` and `column` where known, and the key's path.

    `value` is the scalar that stands there (None where there is none), `write` what follows the
    word "write". An `error` keeps the table from loading; a `warning` should be mended; an `info`
    is worth knowing.
    """

    file: str
    what: str
    path: str = ""
    value: Scalar = None
    write: str | None = None
    line: int | None = None
    column: int | None = None
    level: Level = "error"

    def __str__(self) -> str:
        """Write `file:line:column: key.path: "value": what is wrong; write …` in one line."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        value = "" if self.value is None else render(self.value)
        head = "".join(f"{part}: " for part in (place, self.path, value) if part)
        line = head + self.what + (f"; write {self.write}" if self.write else "")
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


class ConfigError(Exception):
    """A route table that can't be used, with every problem found: errors first, then by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n".join(map(str, self.problems)))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort problems by level, then by place; what was found twice is told once."""

    def key(problem: Problem) -> tuple[int, int, int]:
        return _LEVELS.index(problem.level), problem.line or 0, problem.column or 0

    return tuple(sorted(dict.fromkeys(problems), key=key))


def render(value: Scalar) -> str:
    """Write a scalar for people: text in double quotes, nothing unprintable, not too long."""
    text = _quoted(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def path_text(path: Path) -> str:
    """Write a path as `routes[0].cors.allow_origins[1]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{render(part)}]"
    return text


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())
