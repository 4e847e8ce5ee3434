"""What was measured and what was promised of it: values with their spread, and a goal."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure with its spread, held against its goal."""

    work: str
    against: str  # whom the figure compares us to; empty for one that stands alone
    unit: str  # "x" for a ratio
    value: float
    low: float
    high: float
    goal: float
    at_most: bool = False
    by_cost: float | None = None  # the same ratio by processor time, where that is another question

    @property
    def met(self) -> bool:
        """Whether the median keeps the promise."""
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    @property
    def headroom(self) -> float:
        """How far beyond its goal the figure is, as a factor; under 1 it is missed."""
        return reach(self.value, self.goal, at_most=self.at_most)

    def __str__(self) -> str:
        """Write the claim as a line."""
        sign = "<=" if self.at_most else ">="
        against = f" against {self.against}" if self.against else ""
        spread = f"({number(self.low)} to {number(self.high)})"
        met = "met" if self.met else "MISSED"
        cost = "" if self.by_cost is None else f"; by processor time {number(self.by_cost)} x"
        return (
            f"{self.work}{against}: {number(self.value)} {self.unit} {spread}, "
            f"goal {sign} {number(self.goal)}: {met}{cost}"
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What one subject did in each turn, and what it cost."""

    work: str
    subject: str
    unit: str
    values: tuple[float, ...]
    cost: float | None = None  # processor microseconds a request, median
    busy: float | None = None  # share of its core, median


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything one bench found."""

    readings: list[Reading] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __add__(self, other: "Outcome") -> "Outcome":
        """Return both together."""
        return Outcome(
            self.readings + other.readings, self.claims + other.claims, self.notes + other.notes
        )


def reach(value: float, goal: float, *, at_most: bool) -> float:
    """Return how often a value holds its goal; a value of nothing holds any limit well."""
    if at_most:
        return goal / value if value > 0 else 100.0
    return value / goal


def at_least(work: str, against: str, pairs: Iterable[tuple[float, float]], goal: float) -> Claim:
    """Compare rates turn by turn (ours, theirs): what moves the machine moves both of a pair."""
    return _compared(work, against, pairs, goal, at_most=False)


def at_most(work: str, against: str, pairs: Iterable[tuple[float, float]], goal: float) -> Claim:
    """Compare times turn by turn (ours, theirs)."""
    return _compared(work, against, pairs, goal, at_most=True)


def _compared(
    work: str, against: str, pairs: Iterable[tuple[float, float]], goal: float, *, at_most: bool
) -> Claim:
    ratios = [ours / theirs for ours, theirs in pairs]
    middle = statistics.median(ratios)
    return Claim(work, against, "x", middle, min(ratios), max(ratios), goal, at_most)


def limit(work: str, unit: str, values: Sequence[float], goal: float) -> Claim:
    """Hold a figure of ours against the most it may be."""
    middle = statistics.median(values)
    return Claim(work, "", unit, middle, min(values), max(values), goal, at_most=True)


def number(value: float) -> str:
    """Write a number with three figures that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(readings: Sequence[Reading]) -> list[str]:
    """Write readings as a Markdown table, a row for each subject."""
    lines = [
        "| work | who | median | lowest to highest | processor µs a request | core used |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for reading in readings:
        middle = number(statistics.median(reading.values))
        spread = f"{number(min(reading.values))} to {number(max(reading.values))}"
        cost = "" if reading.cost is None else f"{reading.cost:.1f}"
        busy = "" if reading.busy is None else f"{reading.busy:.0%}"
        lines.append(
            f"| {reading.work} | {reading.subject} | {middle} {reading.unit} | {spread} "
            f"| {cost} | {busy} |"
        )
    return lines
