"""All benches in turn, and the page of their results; or a quick look while tuning.

    .venv/bin/python bench/run.py [--rounds 5] [--seconds 4] [--only small_get,preflight]
    .venv/bin/python bench/run.py --quick

Writes bench/RESULTS.md and bench/results.svg. --quick and --only write nothing; --quick takes small
GETs, preflights and 10 KiB against nginx and Caddy, in under two minutes.
"""

import importlib
import subprocess
import sys
import time
from pathlib import Path

from harness import chart, machine, report
from harness.claims import Outcome
from harness.processes import BenchError
from harness.turns import Options, end_by_signal, parser, read_options, show

HERE = Path(__file__).parent
BENCHES = (
    "small_get",
    "varied_get",
    "preflight",
    "get_10k",
    "transfers",
    "latency",
    "tables",
    "access_log",
    "connections",
    "websocket",
    "start_up",
    "memory",
)
QUICK = ("small_get", "preflight", "get_10k")
QUICK_OPTIONS = Options(rounds=4, seconds=2, peers=("nginx", "caddy"))


def measure(names: tuple[str, ...], options: Options) -> tuple[Outcome, list[str]]:
    """Run benches one after another; return what they found, and which could not."""
    outcome, failed = Outcome(), []
    for name in names:
        begun = time.monotonic()
        print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
        try:
            outcome += importlib.import_module(name).measure(options)
            said = "done"
        except (BenchError, subprocess.TimeoutExpired) as error:
            failed.append(f"{name} could not be measured: {error}")
            said = str(error)
        print(f"{said} in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return outcome, failed


def write(outcome: Outcome, how: list[str]) -> None:
    """Write the page and its picture."""
    (HERE / "RESULTS.md").write_text(report.page(outcome, machine.facts(), how))
    title = "corsproxy: each figure as a share of its goal (right of the line is met)"
    (HERE / "results.svg").write_text(chart.chart(outcome.claims, title))


def main() -> int:
    """Run what is asked for; return 1 where a bench could not be run."""
    made = parser(__doc__)
    made.add_argument("--quick", action="store_true", help="a short look, which is not written")
    made.add_argument("--only", default="", help=f"only these: {','.join(BENCHES)}")
    options, given = read_options(made)
    names = tuple(filter(None, given.only.split(","))) or (QUICK if given.quick else BENCHES)
    if unknown := [name for name in names if name not in BENCHES]:
        made.error(f"no such bench: {', '.join(unknown)}")
    if given.quick:
        options = Options(
            min(options.rounds, QUICK_OPTIONS.rounds),
            min(options.seconds, QUICK_OPTIONS.seconds),
            options.peers or QUICK_OPTIONS.peers,
        )
    end_by_signal()
    taken, ticks = machine.stolen()
    outcome, failed = measure(names, options)
    taken, ticks = (now - then for now, then in zip(machine.stolen(), (taken, ticks), strict=True))
    outcome.notes.extend(failed)
    show(outcome)
    how = [
        f"{options.rounds} rounds of {options.seconds} seconds for each",
        f"{taken / max(ticks, 1):.1%} of the processor time went to other guests of the host",
    ]
    print(*how, sep="\n")
    if not (given.quick or given.only or options.peers):
        write(outcome, how)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
