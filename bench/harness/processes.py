"""Servers that end with the script that started them, and what the kernel says of them."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROXY_CORE, LOAD_CORE = 0, 1  # of the cores this process may use
READY = 20.0  # seconds a server may take to listen
END = 15.0  # seconds a server may take to end once asked
_TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The bench can't go on; the message tells why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its process, the port it listens on, what it writes on standard error."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def pid(self) -> int:
        """The process that was started, parent of any others."""
        return self.process.pid

    def wait(self, seconds: float = READY) -> None:
        """Return once the port takes connections; raise `BenchError` if it never does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.002)
        said = self.log.read_text(errors="replace")[-2000:]
        raise BenchError(f"nothing listens on port {self.port}: {self.process.args!r}\n{said}")


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return int(bound.getsockname()[1])


def on_core(which: int | None, command: Sequence[str]) -> list[str]:
    """Return the command that runs `command` on one core; on any where none is named."""
    if which is None:
        return list(command)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchError("two cores are needed: one for the proxy, one for the load")
    return ["taskset", "-c", str(cores[which]), *command]


@contextlib.contextmanager
def running(
    which: int | None, command: Sequence[str], port: int, folder: Path, variables: Mapping[str, str]
) -> Iterator[Server]:
    """Run a server on its core for as long as the block lasts."""
    log = folder / f"stderr-{port}"
    with log.open("wb") as errors, Path(folder, f"stdout-{port}").open("wb") as output:
        process = subprocess.Popen(
            on_core(which, command),
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    try:
        yield Server(process, port, log)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process of ours to end, and after a while insist."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own
        process.wait(END)


@dataclass(frozen=True, slots=True)
class Times:
    """Processor seconds of a process and its descendants."""

    user: float
    kernel: float

    @property
    def both(self) -> float:
        """User and kernel together."""
        return self.user + self.kernel

    def __sub__(self, earlier: "Times") -> "Times":
        """Return what was used since `earlier`."""
        return Times(self.user - earlier.user, self.kernel - earlier.kernel)


def processor_times(pid: int) -> Times:
    """Add up /proc/PID/stat of a process and its descendants (proc(5): utime and stime)."""
    user = kernel = 0
    for member in tree(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        user += int(fields[11])
        kernel += int(fields[12])
    return Times(user / _TICK, kernel / _TICK)


def resident(pid: int) -> int:
    """Return the octets of memory that a process and its descendants hold."""
    total = 0
    for member in tree(pid):
        for line in Path(f"/proc/{member}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


def tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for member in found:
        for task in Path(f"/proc/{member}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found
