"""A GET of 10 KiB over 32 connections.

.venv/bin/python bench/get_10k.py [--rounds 5] [--seconds 4] [--peers nginx,caddy]
"""

import sys

from harness.claims import Outcome
from harness.turns import Contest, Options, alone, contest
from harness.wrk import Work

CONTEST = Contest(
    "10 KiB GET",
    Work("/10k"),
    {"nginx": 0.50, "caddy": 1.7, "express": 5, "cors-anywhere": 8},
    ("haproxy",),
)


def measure(options: Options) -> Outcome:
    return contest(CONTEST, options)


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
