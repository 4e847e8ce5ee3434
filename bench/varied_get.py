"""Small GETs of which none is like the one before it, nor its answer: what repeats is most helped.

    .venv/bin/python bench/varied_get.py [--rounds 5] [--seconds 4] [--peers nginx,caddy]

A thousand targets in turn, and a new field value in each answer. corsproxy remembers the last head
of each connection and the heads of answers; here it never finds one again.
"""

import sys

from harness.claims import Outcome
from harness.turns import Contest, Options, alone, contest
from harness.wrk import Work

CONTEST = Contest(
    "varied small GET",
    Work("/varied?n=", ("many=1000",)),
    {"nginx": 0.45, "caddy": 1.7, "express": 5, "cors-anywhere": 8},
    ("haproxy",),
)


def measure(options: Options) -> Outcome:
    return contest(CONTEST, options)


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
