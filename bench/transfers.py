"""Downloads and uploads of 1 MiB over 32 connections, in MiB a second.

    .venv/bin/python bench/transfers.py [--rounds 5] [--seconds 4] [--peers nginx,caddy]

The upstream answers an upload once it has read the whole of it.
"""

import sys

from harness.claims import Outcome
from harness.turns import Contest, Options, alone, contest
from harness.wrk import Work

GOALS = {
    "nginx": 0.75,
    "caddy": 0.75,
    "express": 2.0,
    "cors-anywhere": 2.0,
}
DOWN = Contest("1 MiB download", Work("/1m"), GOALS, ("haproxy",), "MiB/s")
UP = Contest(
    "1 MiB upload", Work("/upload", (f"upload={1024 * 1024}",)), GOALS, ("haproxy",), "MiB/s"
)


def measure(options: Options) -> Outcome:
    return contest(DOWN, options) + contest(UP, options)


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
