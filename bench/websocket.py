"""WebSocket messages of 64 octets through a tunnel and back, 32 connections, one under way on each.

    .venv/bin/python bench/websocket.py [--rounds 5] [--seconds 4] [--peers nginx,caddy]

The echoing upstream and the clients (bench/harness/echo.py) share the load's core; where a proxy
leaves some of its own core unused, they are what was measured, and its processor time a message
tells more.
"""

import json
import subprocess
import sys

from harness import echo
from harness.claims import Outcome
from harness.peers import CATALOGUE, OURS, Peer, Stand, standing
from harness.processes import LOAD_CORE, BenchError, on_core, processor_times
from harness.turns import Options, alone, chosen, faster, readings, rounds
from harness.wrk import Load

GOALS = {"nginx": 0.5}
OTHERS = ("haproxy", "caddy", "express")
CONNECTIONS = 32
TITLE = "WebSocket messages"
ECHO = Peer("echo", (sys.executable, str(echo.__file__), "serve", "{port}"))
_SLACK = 20.0  # seconds the clients may take beyond the time they were given


def talk(stand: Stand, name: str, seconds: int) -> Load:
    """Send messages through a proxy's tunnels for a time."""
    server = stand.servers[name]
    path = stand.peers[name].path("/socket", stand.upstream)
    words = ["ask", str(server.port), path, str(CONNECTIONS), str(seconds)]
    before = processor_times(server.pid)
    done = subprocess.run(
        on_core(LOAD_CORE, [sys.executable, str(echo.__file__), *words]),
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds + _SLACK,
    )
    used = processor_times(server.pid) - before
    if done.returncode:
        raise BenchError(f"{name} made no tunnel: {done.stderr[-500:]}")
    said = json.loads(done.stdout)
    if said["silent"]:
        raise BenchError(f"{said['silent']} tunnels through {name} fell silent")
    return Load(said["messages"], said["seconds"], used)


def measure(options: Options) -> Outcome:
    names = chosen([OURS, *GOALS, *OTHERS], options)
    with standing([CATALOGUE[name] for name in names], ECHO) as stand:
        series = rounds(names, lambda name, seconds: talk(stand, name, seconds), options)
    claims = [
        faster(TITLE, series, (OURS, name), goal) for name, goal in GOALS.items() if name in series
    ]
    return Outcome(readings(TITLE, series, "messages/s"), claims)


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
