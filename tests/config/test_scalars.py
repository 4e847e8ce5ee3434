from collections.abc import Callable

import pytest

from corsproxy.config.problems import WrongValueError
from corsproxy.config.scalars import (
    Substituted,
    choice,
    count,
    flag,
    is_off,
    kind_of,
    off_or,
    text,
)

Parse = Callable[[object], object]


@pytest.mark.parametrize(
    ("parse", "value", "taken"),
    [
        (text, "a", "a"),
        (text, Substituted("from outside"), "from outside"),
        (flag, True, True),
        (flag, Substituted("Off"), False),
        (flag, Substituted("yes"), True),
        (count, 8, 8),
        (count, "9", 9),
        (choice("a", "b"), "b", "b"),
        (off_or(count), False, None),
        (off_or(count), "off", None),
        (off_or(count), Substituted("no"), None),
        (off_or(count), 8, 8),
    ],
)
def test_a_scalar_is_taken(parse: Parse, value: object, taken: object):
    assert parse(value) == taken
    assert type(parse(value)) is type(taken)


@pytest.mark.parametrize(
    ("parse", "value", "what", "write"),
    [
        (text, 5, "expected text, got the number 5", None),
        (text, [], "expected text, got a list", None),
        (text, "", "the text is empty", None),
        (flag, "false", "expected true or false, got text", "false, without quotes"),
        (flag, "on", "expected true or false, got text", "true, without quotes"),
        (flag, 0, "expected true or false, got the number 0", "false"),
        (flag, 1, "expected true or false, got the number 1", "true"),
        (flag, 1.5, "expected true or false, got the number 1.5", None),
        (flag, "include", "expected true or false, got text", "true"),
        (flag, "maybe", "expected true or false, got text", None),
        (flag, Substituted("1"), "expected true or false, got text", None),
        (count, True, "expected a whole number, got the boolean true", None),
        (count, 1.5, "expected a whole number, got the number 1.5", None),
        (count, "9" * 20, "expected a whole number, got text", None),
        (count, 0, "expected a whole number from 1 to 2147483647", None),
        (choice("forward", "block"), "BLOCK", "expected forward or block", "block"),
        (choice("a", "b", "c"), 7, "expected a, b or c", None),
        (off_or(count), "of", "expected a whole number, got text", None),
    ],
)
def test_a_scalar_is_refused_with_what_to_write(
    parse: Parse, value: object, what: str, write: str | None
):
    with pytest.raises(WrongValueError) as caught:
        parse(value)
    assert (caught.value.what, caught.value.write) == (what, write)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(False, True), ("off", True), (Substituted("false"), True), ("no", False), (None, False)],
)
def test_off_in_its_forms(value: object, expected: bool):
    assert is_off(value) is expected


@pytest.mark.parametrize(
    ("value", "name"),
    [(False, "the boolean false"), (1.5, "the number 1.5"), ("", "text"), ({}, "a mapping")],
)
def test_a_value_is_named_by_its_yaml_type(value: object, name: str):
    assert kind_of(value) == name
