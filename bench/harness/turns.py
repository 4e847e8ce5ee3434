"""Several turns with the subjects in between each other, so that the machine's moods hit all."""

import argparse
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.claims import Claim, Outcome, Reading, at_least, table
from harness.peers import CATALOGUE, OURS, Stand, check, standing
from harness.processes import BenchError
from harness.wrk import Load, Work, load

WARM = 4  # seconds; Node's compiler needs them to come to its top rate


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how often is measured, and against whom."""

    rounds: int = 5
    seconds: int = 4
    peers: tuple[str, ...] = ()  # empty: all that the bench has


Measure = Callable[[Options], Outcome]
Series = Mapping[str, Sequence[Load]]


def take_turns(stand: Stand, works: Mapping[str, tuple[str, Work]], options: Options) -> Series:
    """Load each subject (a name and what to ask of it) in each round."""

    def turn(label: str, seconds: int) -> Load:
        name, work = works[label]
        return load(stand, name, work, seconds)

    return rounds(list(works), turn, options)


def rounds(
    labels: Sequence[str], turn: Callable[[str, int], Load], options: Options
) -> dict[str, list[Load]]:
    """Give each its turn in each round, another one first each time, once all are warm."""
    series: dict[str, list[Load]] = {label: [] for label in labels}
    for label in labels:
        turn(label, min(options.seconds, WARM))
    for number in range(options.rounds):
        first = number % len(labels)
        for label in (*labels[first:], *labels[:first]):
            series[label].append(turn(label, options.seconds))
    return series


def readings(
    title: str, series: Series, unit: str = "requests/s", scale: float = 1
) -> list[Reading]:
    """Return what each subject did, with what a request cost it."""
    return [
        Reading(
            title,
            label,
            unit,
            tuple(turn.rate * scale for turn in loads),
            statistics.median(turn.cost for turn in loads),
            statistics.median(turn.busy for turn in loads),
        )
        for label, loads in series.items()
    ]


@dataclass(frozen=True, slots=True)
class Contest:
    """One kind of work that every proxy gets, and how much faster we promise to be than each."""

    title: str
    work: Work
    goals: Mapping[str, float]
    others: tuple[str, ...] = ()  # measured too, with no goal
    unit: str = "requests/s"
    scale: float = 1


def contest(given: Contest, options: Options) -> Outcome:
    """Measure all in turns and hold each ratio against its goal."""
    names = chosen([OURS, *given.goals, *given.others], options)
    with standing([CATALOGUE[name] for name in names]) as stand:
        for name in names:
            check(stand, name)
        series = take_turns(stand, {name: (name, given.work) for name in names}, options)
    claims = [
        faster(given.title, series, (OURS, name), goal)
        for name, goal in given.goals.items()
        if name in series
    ]
    return Outcome(readings(given.title, series, given.unit, given.scale), claims)


def faster(title: str, series: Series, who: tuple[str, str], goal: float, named: str = "") -> Claim:
    """Hold the rate of one subject, as a share of another's, against a goal."""
    ours, theirs = (series[label] for label in who)
    rates = [(a.rate, b.rate) for a, b in zip(ours, theirs, strict=True)]
    costs = [b.cost / a.cost for a, b in zip(ours, theirs, strict=True)]
    claim = at_least(title, named or who[1], rates, goal)
    return replace(claim, by_cost=statistics.median(costs))


def chosen(names: Sequence[str], options: Options) -> list[str]:
    """Return the subjects that the options leave in; ours is always one."""
    return [n for n in names if not options.peers or n == OURS or n in options.peers]


def parser(text: str | None) -> argparse.ArgumentParser:
    """Return the options that every bench takes."""
    made = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--rounds", type=_positive, default=5, help="turns for each subject (5)")
    made.add_argument("--seconds", type=_positive, default=4, help="of load in each turn (4)")
    made.add_argument("--peers", default="", help=f"only these: {','.join(CATALOGUE)}")
    return made


def read_options(made: argparse.ArgumentParser) -> tuple[Options, argparse.Namespace]:
    """Read the command line."""
    given = made.parse_args()
    peers = tuple(filter(None, given.peers.split(",")))
    if unknown := [name for name in peers if name not in CATALOGUE]:
        made.error(f"no such peer: {', '.join(unknown)}; there are {', '.join(CATALOGUE)}")
    return Options(given.rounds, given.seconds, peers), given


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def alone(measure: Measure, text: str | None) -> int:
    """Run one bench as a command: show what it found, and return 1 if it could not."""
    options, _ = read_options(parser(text))
    end_by_signal()
    try:
        outcome = measure(options)
    except (BenchError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return 1
    show(outcome)
    return 0


def show(outcome: Outcome) -> None:
    """Print readings, claims and notes."""
    print("\n".join([*table(outcome.readings), "", *map(str, outcome.claims), *outcome.notes]))


def end_by_signal() -> None:
    """Let SIGTERM end the servers too, as an interrupt does."""

    def leave(*_: object) -> None:
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, leave)
