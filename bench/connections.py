"""Small GETs over 256 and 1,024 connections, against 32.

.venv/bin/python bench/connections.py [--rounds 5] [--seconds 4]
"""

import sys

from harness.claims import Outcome
from harness.peers import CATALOGUE, OURS, check, standing
from harness.turns import Options, alone, faster, readings, take_turns
from harness.wrk import Work

GOAL = 0.80  # of the rate with 32 connections
FEW, MANY = 32, (256, 1024)
TITLE = "connections"


def measure(options: Options) -> Outcome:
    with standing([CATALOGUE[OURS]]) as stand:
        check(stand, OURS)
        works = {
            f"{count} connections": (OURS, Work("/small", connections=count))
            for count in (FEW, *MANY)
        }
        series = take_turns(stand, works, options)
    few = f"{FEW} connections"
    claims = [
        faster(f"{count} connections", series, (f"{count} connections", few), GOAL)
        for count in MANY
    ]
    return Outcome(readings(TITLE, series), claims)


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
