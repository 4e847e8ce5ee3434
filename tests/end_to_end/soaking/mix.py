"""How often each kind of exchange is made, and by whom."""

import random
from collections.abc import Iterator
from itertools import cycle
from typing import NamedTuple

from soaking import bad_clients, flows, kinds
from soaking.kinds import Run, failing


class Kind(NamedTuple):
    """A kind of exchange; `fault` says whether something fails in it on purpose."""

    name: str
    run: Run
    weight: int = 1
    fault: bool = False


LENGTH, CHUNKED, SIZED, ANY = "length", "chunked", "length chunked", "length chunked close"

QUICK = [
    Kind("GET, POST, DELETE", kinds.get, 40),
    Kind("HEAD", kinds.head, 5),
    Kind("HTTP/1.0", kinds.http_1_0, 3),
    Kind("content sent", kinds.upload, 15),
    Kind("preflight", kinds.preflight, 8),
    Kind("103 Early Hints", kinds.interim, 2),
    Kind("events in step", kinds.events, 2),
    Kind("echo in step", flows.echo, 3),
    Kind("pipelined requests", flows.pipeline, 6),
    Kind("tunnel", flows.tunnel, 4),
    Kind("tunnel of a stranger", flows.stranger),
    Kind("no upstream, no route", kinds.unanswerable, 3, fault=True),
    Kind("answer before the content", kinds.early, 2, fault=True),
    Kind("content over the limit", kinds.too_large, fault=True),
    Kind("client leaves", bad_clients.leaver, 4, fault=True),
    Kind("malformed request", bad_clients.bad_request, 2, fault=True),
    Kind("malformed content sent", bad_clients.bad_upload, fault=True),
    Kind("answer cut", failing("cut", SIZED), 2, fault=True),
    Kind("answer reset", failing("reset", ANY), 2, fault=True),
    Kind("answer in bad chunks", failing("bad_chunk", CHUNKED), fault=True),
    Kind("closed without an answer", failing("close_first", SIZED), 2, fault=True),
    Kind("reset without an answer", failing("reset_first", SIZED), 2, fault=True),
    Kind("malformed answer", failing("garbage", LENGTH), 2, fault=True),
    Kind("answer's head too large", failing("large_head", LENGTH), fault=True),
    Kind("octets behind the answer", failing("extra", SIZED), fault=True),
]

_NO_READER = failing("stall_reading", LENGTH, method="POST", upload=4 << 20, minor=1)

PATIENT = [
    Kind("upstream does not answer", failing("stall_head", LENGTH), fault=True),
    Kind("slow reader", flows.slow_reader),
    Kind("upstream stops answering", failing("stall_body", ANY), fault=True),
    Kind("slow writer", flows.slow_writer),
    Kind("head not finished", bad_clients.slow_head, fault=True),
    Kind("upstream does not read", _NO_READER, fault=True),
    Kind("silent tunnel", flows.silent_tunnel, fault=True),
    Kind("idle connection", flows.idle),
    Kind("client does not read", bad_clients.stalled_reader, fault=True),
]


def patiently(start: int) -> Iterator[Kind]:
    """Take turns, from the `start`-th on: these take seconds."""
    start %= len(PATIENT)
    return cycle(PATIENT[start:] + PATIENT[:start])


def quickly(chance: random.Random) -> Iterator[Kind]:
    """Take each once, and then by their weights."""
    yield from chance.sample(QUICK, len(QUICK))
    while True:
        yield from chance.choices(QUICK, [kind.weight for kind in QUICK], k=1000)
