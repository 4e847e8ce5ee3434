"""What 1,000 routes and 10,000 origins cost, against one route and one origin.

    .venv/bin/python bench/tables.py [--rounds 5] [--seconds 4]

Asked for: one target again and again (the last route's), targets of all routes in turn, and a
preflight; the page's origin is the last one listed.
"""

import sys
import tempfile
from pathlib import Path

from harness.claims import Outcome
from harness.peers import CATALOGUE, OURS, Peer, standing
from harness.turns import Options, alone, faster, readings, take_turns
from harness.wrk import Work

GOAL = 0.95  # of the rate with one of each
ROUTES, ORIGINS = 1_000, 10_000
LAST = f"https://page{ORIGINS - 1}.example"
SMALL, LARGE = "one route, one origin", "1,000 routes, 10,000 origins"
WORKS = {
    "route table, one target": Work(f"/r{ROUTES - 1}", (f"origin={LAST}",)),
    "route table, all targets": Work("/r", (f"origin={LAST}", f"many={ROUTES}")),
    "route table, preflights": Work(f"/r{ROUTES - 1}", (f"origin={LAST}", "preflight")),
}
HEAD = """\
listen: 127.0.0.1:${PORT}
admin: off
log: {access: off}
cors:
  allow_methods: [GET, POST, PUT, DELETE]
  allow_headers: [Content-Type, Authorization]
  allow_credentials: true
  max_age: 10m
  allow_origins:
"""


def table(routes: list[str], origins: list[str]) -> str:
    """Write a route table with these paths and origins."""
    lines = [f'    - "{origin}"' for origin in origins]
    lines.append("routes:")
    lines += [f"  - {{path: {path}, upstream: 'http://${{UPSTREAM}}'}}" for path in routes]
    return HEAD + "\n".join(lines) + "\n"


def tables() -> dict[str, str]:
    """Return the small table and the large one."""
    paths = [f"/r{number}" for number in range(ROUTES)]
    origins = [f"https://page{number}.example" for number in range(ORIGINS)]
    return {SMALL: table(["/"], [LAST]), LARGE: table(paths, origins)}


def measure(options: Options) -> Outcome:
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as folder:
        peers = []
        for label, text in tables().items():
            path = Path(folder, f"{len(text)}.yaml")
            path.write_text(text)
            command = (*CATALOGUE[OURS].command[:-1], str(path))
            peers.append(Peer(label, command))
        with standing(peers) as stand:
            for title, work in WORKS.items():
                works = {label: (label, work) for label in (SMALL, LARGE)}
                series = take_turns(stand, works, options)
                claim = faster(title, series, (LARGE, SMALL), GOAL)
                outcome += Outcome(readings(title, series), [claim])
    return outcome


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
