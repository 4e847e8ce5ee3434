"""Durations (`90s`, `30m`, `24h`, `20d`) and sizes (`32KiB`, `10MiB`)."""

import math
import re

from corsproxy.config.problems import WrongValueError
from corsproxy.config.scalars import kind_of

DURATION_PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,6})?(ms|s|m|h|d)?$"
WHOLE_DURATION_PATTERN = r"^[0-9]{1,12}[smhd]?$"
SIZE_PATTERN = r"^[0-9]{1,12}(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)?$"

LONGEST = 10 * 365 * 86400  # ten years: what is longer is a slip, and `off` is for ever
LARGEST_MAX_AGE = 2**31 - 1  # RFC 9111 §1.2.2, delta-seconds

_SECONDS: dict[str | None, float] = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, None: 1}
_OCTETS: dict[str | None, int] = {
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGT", 1)},
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("KMGT", 1)},
    "B": 1,
    None: 1,
}
_HOW = "30, 90s, 30m, 24h or 20d"


def duration(value: object) -> float:
    """Read a duration in seconds; raise `WrongValueError` for what is none."""
    seconds = _seconds(value)
    if seconds > LONGEST:
        raise WrongValueError("longer than ten years")
    return float(seconds)


def timeout(value: object) -> float:
    """Read a duration that some work is given, so more than none."""
    seconds = duration(value)
    if seconds == 0:
        raise WrongValueError("nothing is done in no time; `off` waits for ever", "off")
    return seconds


def max_age(value: object) -> int:
    """Read Access-Control-Max-Age: whole seconds (Fetch §3.3.3)."""
    if isinstance(value, int | float) and value < 0:
        raise WrongValueError("seconds are not below 0; 0 switches the browser's memory off", "0")
    seconds = _seconds(value)
    if seconds > LARGEST_MAX_AGE:
        raise WrongValueError("longer than any browser can read", "86400")
    if isinstance(value, float) or seconds != int(seconds):
        raise WrongValueError("browsers read whole seconds", str(math.ceil(seconds)))
    return int(seconds)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongValueError(f"expected a duration, got {kind_of(value)}", _HOW)
    if not isinstance(value, str):
        if value < 0 or value != value:  # noqa: PLR0124 NaN differs from itself
            raise WrongValueError("a duration is a number of seconds, not below 0", _HOW)
        return value
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)?", value.strip())
    if not match:
        raise WrongValueError("this is no duration", _HOW)
    return float(match[1]) * _SECONDS[match[2]]


def size(value: object) -> int:
    """Read a size in octets, at least 1; raise `WrongValueError` for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise WrongValueError(f"expected a size, got {kind_of(value)}", "32KiB or 10MiB")
    octets = _octets(value) if isinstance(value, str) else value
    if octets < 1:
        raise WrongValueError("a size is at least 1; `off` is without limit")
    if octets >= 2**63:
        raise WrongValueError("larger than any file system can hold")
    return octets


def _octets(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,12})[ ]?([A-Za-z]*)", text.strip())
    if not match:
        raise WrongValueError("this is no size", "32KiB or 10MiB")
    number, unit = match[1], match[2] or None
    if unit not in _OCTETS:
        prefix = (unit or "")[0].upper()
        raise WrongValueError(
            f"{unit!r} is no unit", f"{number}{prefix}iB" if prefix in "KMGT" else "32KiB or 10MiB"
        )
    return int(number) * _OCTETS[unit]
