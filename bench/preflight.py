"""A preflight, answered at the proxy, over 32 connections.

.venv/bin/python bench/preflight.py [--rounds 5] [--seconds 4] [--peers nginx,caddy]
"""

import sys

from harness.claims import Outcome
from harness.turns import Contest, Options, alone, contest
from harness.wrk import Work

CONTEST = Contest(
    "preflight",
    Work("/small", ("preflight",)),
    {"nginx": 0.40, "caddy": 1.2, "express": 3},
    ("haproxy",),
)


def measure(options: Options) -> Outcome:
    return contest(CONTEST, options)


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
