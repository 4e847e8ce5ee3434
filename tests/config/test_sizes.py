import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.config import sizes
from corsproxy.config.problems import WrongValueError

Parse = Callable[[object], float]
HOW = "30, 90s, 30m, 24h or 20d"


@pytest.mark.parametrize(
    ("parse", "value", "number"),
    [
        (sizes.duration, 5, 5.0),
        (sizes.duration, 0.5, 0.5),
        (sizes.duration, "90", 90.0),
        (sizes.duration, "1.5s", 1.5),
        (sizes.duration, "500ms", 0.5),
        (sizes.duration, "30m", 1800.0),
        (sizes.duration, "24h", 86400.0),
        (sizes.duration, "20d", 1728000.0),
        (sizes.duration, 0, 0.0),
        (sizes.timeout, "5s", 5.0),
        (sizes.max_age, 0, 0),
        (sizes.max_age, "20d", 1728000),
        (sizes.max_age, "600", 600),
        (sizes.size, 1024, 1024),
        (sizes.size, "512", 512),
        (sizes.size, "32KiB", 32768),
        (sizes.size, "10 MiB", 10485760),
        (sizes.size, "1GB", 1_000_000_000),
        (sizes.size, "7B", 7),
    ],
)
def test_a_figure_is_read(parse: Parse, value: object, number: float):
    assert parse(value) == number
    assert type(parse(value)) is type(number)


@pytest.mark.parametrize(
    ("parse", "value", "what", "write"),
    [
        (sizes.duration, True, "expected a duration, got the boolean true", HOW),
        (sizes.duration, [], "expected a duration, got a list", HOW),
        (sizes.duration, -1, "a duration is a number of seconds, not below 0", HOW),
        (sizes.duration, float("nan"), "a duration is a number of seconds, not below 0", HOW),
        (sizes.duration, float("inf"), "longer than ten years", None),
        (sizes.duration, "99999d", "longer than ten years", None),
        (sizes.duration, "5 minutes", "this is no duration", HOW),
        (sizes.duration, "-5s", "this is no duration", HOW),
        (sizes.timeout, "0s", "nothing is done in no time; `off` waits for ever", "off"),
        (sizes.max_age, True, "expected a duration, got the boolean true", HOW),
        (sizes.max_age, -600, "seconds are not below 0; 0 switches the browser's memory off", "0"),
        (sizes.max_age, 1.5, "browsers read whole seconds", "2"),
        (sizes.max_age, "500ms", "browsers read whole seconds", "1"),
        (sizes.max_age, 2**31, "longer than any browser can read", "86400"),
        (sizes.max_age, "forever", "this is no duration", HOW),
        (sizes.size, 1.5, "expected a size, got the number 1.5", "32KiB or 10MiB"),
        (sizes.size, "big", "this is no size", "32KiB or 10MiB"),
        (sizes.size, "10m", "'m' is no unit", "10MiB"),
        (sizes.size, "10x", "'x' is no unit", "32KiB or 10MiB"),
        (sizes.size, 0, "a size is at least 1; `off` is without limit", None),
        (sizes.size, "999999999999TiB", "larger than any file system can hold", None),
    ],
)
def test_a_figure_is_refused_with_what_to_write(
    parse: Parse, value: object, what: str, write: str | None
):
    with pytest.raises(WrongValueError) as caught:
        parse(value)
    assert (caught.value.what, caught.value.write) == (what, write)


def refusal(parse: Parse, text: str) -> str | None:
    try:
        parse(text)
    except WrongValueError as wrong:
        return wrong.what
    return None


@given(st.from_regex(re.compile(sizes.DURATION_PATTERN), fullmatch=True))
def test_what_the_schema_takes_for_a_duration_is_one_unless_too_long(text: str):
    assert refusal(sizes.duration, text) in {None, "longer than ten years"}


@given(st.from_regex(re.compile(sizes.SIZE_PATTERN), fullmatch=True))
def test_what_the_schema_takes_for_a_size_is_one_unless_out_of_bounds(text: str):
    bounds = {"a size is at least 1; `off` is without limit"}
    bounds.add("larger than any file system can hold")
    assert refusal(sizes.size, text) in {None, *bounds}
