"""Memory: at rest, for each idle connection held, and under load.

    .venv/bin/python bench/memory.py [--rounds 5] [--seconds 4] [--peers nginx,caddy]

At rest: after a first answer. Held: 1,000 clients that each had an answer and keep the connection.
Under load: after turns of small GETs and of downloads, once one of each has warmed it; the last
two against the first two.
"""

import contextlib
import resource
import socket
import sys
import time

from harness.claims import Claim, Outcome, Reading, limit
from harness.peers import CATALOGUE, ORIGIN, OURS, Stand, check, standing
from harness.processes import BenchError, resident
from harness.turns import Options, alone, chosen
from harness.wrk import Work, load

OTHERS = ("nginx", "caddy", "haproxy", "express")
AT_REST, HELD, GROWTH = 45.0, 25.0, 1.05  # MiB, KiB, last against first
CLIENTS = 1_000
LOADS = (Work("/small"), Work("/1m"))
_SETTLE = 0.5  # seconds, for what is answered to be put away


def measure(options: Options) -> Outcome:
    names = chosen([OURS, *OTHERS], options)
    outcome = Outcome()
    for name in names:  # each alone: a fresh process for each figure
        with standing([CATALOGUE[name]]) as stand:
            outcome += _still(stand, name)
    with standing([CATALOGUE[OURS]]) as stand:
        outcome += _under_load(stand, options)
    return outcome


def _still(stand: Stand, name: str) -> Outcome:
    pid = stand.servers[name].pid
    with contextlib.closing(_client(stand, name)):
        time.sleep(_SETTLE)
        rest = resident(pid)
    with contextlib.ExitStack() as held:
        for _ in range(CLIENTS):
            held.enter_context(contextlib.closing(_client(stand, name)))
        time.sleep(_SETTLE)
        each = (resident(pid) - rest) / CLIENTS / 1024
    at_rest = rest / 1024**2
    found = [
        Reading("memory at rest", name, "MiB", (at_rest,)),
        Reading("memory of an idle connection", name, "KiB", (each,)),
    ]
    if name != OURS:
        return Outcome(found)
    return Outcome(
        found,
        [
            limit("memory at rest", "MiB", [at_rest], AT_REST),
            limit("memory of an idle connection", "KiB", [each], HELD),
        ],
    )


def _client(stand: Stand, name: str) -> socket.socket:
    """Connect, ask, read the answer, and keep the connection."""
    _allow_files(CLIENTS + 200)
    connection = socket.create_connection(("127.0.0.1", stand.servers[name].port), 10)
    path = stand.peers[name].path("/small", stand.upstream)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {ORIGIN}\r\n\r\n"
    connection.sendall(head.encode())
    got = b""
    while not got.rstrip(b"\r\n0").endswith(b'"}'):  # the end of the JSON, and of any chunks
        piece = connection.recv(65536)
        if not piece:
            raise BenchError(f"{name} closed a connection: {got!r}")
        got += piece
    return connection


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def _under_load(stand: Stand, options: Options) -> Outcome:
    check(stand, OURS)
    pid = stand.servers[OURS].pid
    sizes = []
    for _ in range(1 + options.rounds + 1):  # one to warm it, one more for there to be two
        for work in LOADS:
            load(stand, OURS, work, options.seconds)
            sizes.append(resident(pid) / 1024**2)
    sizes = sizes[len(LOADS) :]
    title = "memory under load, last round against first"
    growth = max(sizes[-len(LOADS) :]) / max(sizes[: len(LOADS)])
    claim = Claim(title, "", "x", growth, growth, growth, GROWTH, at_most=True)
    return Outcome([Reading("memory under load", OURS, "MiB", tuple(sizes))], [claim])


if __name__ == "__main__":
    sys.exit(alone(measure, __doc__))
