"""Loads by wrk on the other core, and what they came to."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from harness.peers import PATHS, Stand
from harness.processes import LOAD_CORE, BenchError, Times, on_core, processor_times

SCRIPT = Path(__file__).parent.parent / "load.lua"
_SLACK = 20.0  # seconds wrk may take beyond the time it was given


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked of a proxy, again and again, over connections that stay."""

    path: str
    words: tuple[str, ...] = ()  # load.lua's arguments
    connections: int = 32

    @property
    def least(self) -> int:
        """The octets that an answer has at least: its content."""
        if any(word.startswith(("preflight", "upload")) for word in self.words):
            return 0
        return PATHS.get(self.path, PATHS["/small"])


@dataclass(frozen=True, slots=True)
class Load:
    """What one turn of a load came to; latencies in microseconds."""

    requests: int
    seconds: float
    processor: Times = field(default_factory=lambda: Times(0, 0))
    p50: float = 0
    p99: float = 0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def cost(self) -> float:
        """Processor microseconds a request, of the proxy and its children."""
        return self.processor.both / self.requests * 1e6

    @property
    def busy(self) -> float:
        """How much of its core the proxy used, 0 to 1."""
        return self.processor.both / self.seconds


def load(stand: Stand, name: str, work: Work, seconds: int) -> Load:
    """Load a proxy for a time; raise `BenchError` if any answer is not the one wanted."""
    command = ["wrk", "-t1", f"-c{work.connections}", f"-d{seconds}s", "--timeout", "10s"]
    command += ["-s", str(SCRIPT), stand.url(name, work.path), "--", *work.words]
    pid = stand.servers[name].pid
    before = processor_times(pid)
    done = subprocess.run(
        on_core(LOAD_CORE, command),
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds + _SLACK,
    )
    used = processor_times(pid) - before
    if done.returncode:
        raise BenchError(f"wrk failed on {name}: {done.stdout}{done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])
    if said["failed"] or not said["requests"]:
        raise BenchError(f"{name} failed {said['failed']} of {said['requests']} requests: {work}")
    if said["bytes"] < said["requests"] * work.least:
        raise BenchError(
            f"{name} gave {said['bytes']} octets in {said['requests']} answers: {work}"
        )
    return Load(said["requests"], said["microseconds"] / 1e6, used, said["p50"], said["p99"])
