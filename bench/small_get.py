"""A small GET: 50 octets of JSON, a browser's fields, 32 connections.

    .venv/bin/python bench/small_get.py [--rounds 5] [--seconds 4] [--peers nginx,caddy]

`textbook` is the obvious aiohttp proxy (bench/peers/textbook.py), on asyncio's loop and on uvloop.
"""

import sys

from harness.claims import Outcome
from harness.turns import Contest, Options, alone, contest
from harness.wrk import Work

CONTEST = Contest(
    "small GET",
    Work("/small"),
    {"nginx": 0.45, "caddy": 1.7, "express": 5, "cors-anywhere": 8},
    ("haproxy", "cors-anywhere-kept", "textbook", "textbook-uvloop"),
)


def measure(options: Options) -> Outcome:
    return contest(CONTEST, options)


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
