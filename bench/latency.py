"""The 99th percentile of latency of a small GET, at half of each peer's own top rate.

    .venv/bin/python bench/latency.py [--rounds 5] [--seconds 4] [--peers nginx,caddy]

First the top rate of each, then turns at half of the peer's for the peer and for corsproxy. Where
that is more than 0.8 of corsproxy's own top rate, each is measured at half of its own.

The load is wrk with pauses: connections enough for about 10 ms between the requests of each, the
pauses exponential, so that requests come whether or not others are answered. What a stall keeps a
connection from sending, wrk puts into its figures (its correction of coordinated omission, by the
mean interval of a connection).
"""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from harness.claims import Claim, Outcome, Reading, at_most
from harness.peers import CATALOGUE, OURS, Stand, check, standing
from harness.turns import Options, alone, chosen, take_turns
from harness.wrk import Load, Work, load

GOALS = {
    "nginx": 2.0,
    "caddy": 1.0,
    "express": 0.5,
    "cors-anywhere": 0.3,
}
SUSTAINED = 0.8  # of the top rate: above it any proxy's queue is what is measured
_INTERVAL = 0.010  # seconds between the requests of one connection
_OFF = 0.1  # how far the rate may be from the one wanted


@dataclass(frozen=True, slots=True)
class Pace:
    """Requests to a proxy at a rate (requests a second)."""

    name: str
    rate: float

    @property
    def connections(self) -> int:
        return max(8, min(256, round(self.rate * _INTERVAL)))

    def work(self, lag: float = 0) -> Work:
        """Return the load that keeps the pace if an answer and its timers take `lag` seconds."""
        return Work("/small", (f"pauses={self.pause(lag) * 1000:.3f}",), self.connections)

    def pause(self, lag: float) -> float:
        """Return the mean pause of a connection, in seconds."""
        return max(0.0, self.connections / self.rate - lag)

    def tuned(self, stand: Stand) -> Work:
        """Try it twice, the second time with what the first told; return what keeps the pace."""
        lag = 0.0
        for _ in range(2):
            tried = load(stand, self.name, self.work(lag), 2)
            lag = self.connections / tried.rate - self.pause(lag)
        return self.work(lag)


def measure(options: Options) -> Outcome:
    names = chosen([OURS, *GOALS], options)
    outcome = Outcome()
    with standing([CATALOGUE[name] for name in names]) as stand:
        for name in names:
            check(stand, name)
        short = Options(min(options.rounds, 3), max(1, options.seconds // 2))
        series = take_turns(stand, {name: (name, Work("/small")) for name in names}, short)
        tops = {
            name: statistics.median(turn.rate for turn in loads) for name, loads in series.items()
        }
        for name in names:
            if name != OURS:
                outcome += against(stand, name, tops, options)
    return outcome


def paces(name: str, tops: dict[str, float]) -> tuple[Pace, Pace, str]:
    """Return our pace, the peer's, and what to call them."""
    half = tops[name] / 2
    if half <= SUSTAINED * tops[OURS]:
        return Pace(OURS, half), Pace(name, half), "at half its top rate"
    return Pace(OURS, tops[OURS] / 2), Pace(name, half), "each at half of its own"


def against(stand: Stand, name: str, tops: dict[str, float], options: Options) -> Outcome:
    ours, theirs, called = paces(name, tops)
    works = {pace.name: (pace.name, pace.tuned(stand)) for pace in (ours, theirs)}
    series = take_turns(stand, works, options)
    title = f"p99 latency, {called}"
    outcome = Outcome([], [_claim(title, name, series[OURS], series[name])], [])
    for pace in (ours, theirs):
        loads = series[pace.name]
        who = f"{pace.name} at {pace.rate:,.0f} requests/s"
        outcome.readings.append(
            Reading(
                title,
                who,
                "µs",
                tuple(turn.p99 for turn in loads),
                statistics.median(turn.cost for turn in loads),
                statistics.median(turn.busy for turn in loads),
            )
        )
        kept = statistics.median(turn.rate for turn in loads)
        if abs(kept / pace.rate - 1) > _OFF:
            outcome.notes.append(f"{who} (against {name}, {called}): the load came to {kept:,.0f}")
    return outcome


def _claim(title: str, name: str, ours: Sequence[Load], theirs: Sequence[Load]) -> Claim:
    pairs = [(a.p99, b.p99) for a, b in zip(ours, theirs, strict=True)]
    return at_most(title, name, pairs, GOALS[name])


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
