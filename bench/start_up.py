"""From the start of the process to the first answer.

    .venv/bin/python bench/start_up.py [--rounds 5] [--peers nginx,caddy]

Each round starts each proxy twice; the first start of all, with files not yet in memory, is left
out.
"""

import contextlib
import http.client
import sys
import time

from harness.claims import Outcome, Reading, limit
from harness.peers import CATALOGUE, ORIGIN, OURS, Peer, Stand, standing, start
from harness.processes import BenchError
from harness.turns import Options, alone, chosen

GOAL = 0.6  # seconds
OTHERS = ("nginx", "caddy", "haproxy", "express", "cors-anywhere")
TITLE = "start to first answer"
_END = 20.0  # seconds a start may take


def measure(options: Options) -> Outcome:
    names = chosen([OURS, *OTHERS], options)
    times: dict[str, list[float]] = {name: [] for name in names}
    with standing([]) as stand:
        for name in names:
            until_answered(stand, CATALOGUE[name])
        for _ in range(options.rounds * 2):
            for name in names:
                times[name].append(until_answered(stand, CATALOGUE[name]))
    found = [Reading(TITLE, name, "s", tuple(taken)) for name, taken in times.items()]
    return Outcome(found, [limit(TITLE, "s", times[OURS], GOAL)])


def until_answered(stand: Stand, peer: Peer) -> float:
    """Start a proxy, ask until it answers, end it; return the seconds it took."""
    begun = time.monotonic()
    with start(peer, stand.upstream, stand.folder) as server:
        while time.monotonic() < begun + _END:
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
                with contextlib.closing(connection):
                    path = peer.path("/small", stand.upstream)
                    connection.request("GET", path, headers={"Origin": ORIGIN})
                    if connection.getresponse().status == 200:
                        return time.monotonic() - begun
            time.sleep(0.001)
    raise BenchError(f"{peer.name} gave no answer in {_END} seconds")


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
