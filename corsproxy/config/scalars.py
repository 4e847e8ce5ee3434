"""Scalars as people write them: text, booleans, counts, `off`, and one of a few words."""

import difflib
from collections.abc import Callable
from typing import TypeVar

from corsproxy.config.problems import WrongValueError, render

T = TypeVar("T")

_TRUE = frozenset({"true", "on", "yes"})
_FALSE = frozenset({"false", "off", "no"})
_LARGEST = 2**31 - 1


class Substituted(str):
    """Text with a value from the environment in it: it may stand for a number or a boolean."""

    __slots__ = ()


class NotTextError(WrongValueError):
    """A number or boolean where text is wanted: what stands in the file needs quotes."""


def kind_of(value: object) -> str:
    """Name a value by its YAML type, for a message."""
    if isinstance(value, bool):
        return f"the boolean {render(value)}"
    if isinstance(value, int | float):
        return f"the number {render(value)}"
    if isinstance(value, str):
        return "text"
    return "a mapping" if isinstance(value, dict) else "a list"


def text(value: object) -> str:
    """Take text as it is; raise `WrongValueError` for anything else, and for empty text."""
    if isinstance(value, bool | int | float):
        raise NotTextError(f"expected text, got {kind_of(value)}")
    if not isinstance(value, str):
        raise WrongValueError(f"expected text, got {kind_of(value)}")
    if not value:
        raise WrongValueError("the text is empty")
    return str(value)


def is_off(value: object) -> bool:
    """Tell whether a value is `off`: YAML 1.1's false, or the word."""
    if isinstance(value, Substituted):
        return value.lower() in _FALSE
    return value is False or value == "off"


def flag(value: object) -> bool:
    """Take a boolean; text only where it came from the environment."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Substituted) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        word = "true" if value.lower() in _TRUE else "false"
        raise WrongValueError("expected true or false, got text", f"{word}, without quotes")
    meant = {1: "true", 0: "false", "include": "true", "omit": "false"}
    near = meant.get(value) if isinstance(value, str | int) else None
    raise WrongValueError(f"expected true or false, got {kind_of(value)}", near)


def count(value: object) -> int:
    """Take a whole number of at least 1."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:  # noqa: PLR2004
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError(f"expected a whole number, got {kind_of(value)}")
    if not 1 <= value <= _LARGEST:
        raise WrongValueError(f"expected a whole number from 1 to {_LARGEST}")
    return value


def choice(*words: str) -> Callable[[object], str]:
    """Return a parser that takes one of `words`."""

    def parse(value: object) -> str:
        if isinstance(value, str) and value in words:
            return str(value)
        listed = ", ".join(words[:-1]) + " or " + words[-1]
        near = difflib.get_close_matches(str(value).lower(), words, n=1)
        raise WrongValueError(f"expected {listed}", near[0] if near else None)

    return parse


def off_or(parse: Callable[[object], T]) -> Callable[[object], T | None]:
    """Return a parser that takes what `parse` takes, or `off`, which is None."""
    return lambda value: None if is_off(value) else parse(value)
