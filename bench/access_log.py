"""What the access log costs, written to a file: text and JSON, against none.

.venv/bin/python bench/access_log.py [--rounds 5] [--seconds 4]
"""

import sys
from dataclasses import replace
from pathlib import Path

from harness.claims import Outcome
from harness.peers import CATALOGUE, OURS, Peer, check, standing
from harness.turns import Options, alone, faster, readings, take_turns
from harness.wrk import Work

GOAL = 0.85  # of the rate without a log
OFF, TEXT, JSON = "no access log", "text", "json"


def peers() -> list[Peer]:
    """Return corsproxy three times: without a log, with one of each kind."""
    plain = CATALOGUE[OURS]
    logging = {"ACCESS_LOG": "true"}
    return [
        replace(plain, name=OFF),
        replace(plain, name=TEXT, variables=logging),
        replace(
            plain, name=JSON, variables=logging, command=(*plain.command, "--log-format", "json")
        ),
    ]


def measure(options: Options) -> Outcome:
    with standing(peers()) as stand:
        for name in (OFF, TEXT, JSON):
            check(stand, name)
        works = {name: (name, Work("/small")) for name in (OFF, TEXT, JSON)}
        series = take_turns(stand, works, options)
        written = [Path(stand.folder, f"stdout-{stand.servers[n].port}") for n in (TEXT, JSON)]
        notes = [f"{p.stat().st_size / 1e6:,.0f} MB of {n} log" for p, n in
                 zip(written, (TEXT, JSON), strict=True)]  # fmt: skip
    claims = [faster(f"access log, {name}", series, (name, OFF), GOAL) for name in (TEXT, JSON)]
    return Outcome(readings("access log", series), claims, notes)


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
