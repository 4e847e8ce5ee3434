"""A proxy process between plain sockets: an upstream in threads, and clients in the test's own."""

import socket
import socketserver
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Any, BinaryIO, Protocol

import pytest


class Exchange(socketserver.StreamRequestHandler):
    """One connection to the upstream, on which a script answers one request."""

    rbufsize = 1 << 20
    server: "Upstream"
    head: bytes

    def handle(self) -> None:
        try:
            self.head = read_head(self.rfile)
            if self.head:
                self.server.heads.append(self.head)
                self.server.script(self)
        except ConnectionError:
            pass

    def write(self, data: bytes) -> None:
        self.request.sendall(data)


class Upstream(socketserver.ThreadingTCPServer):
    """Plays a script on each connection, each in a thread of its own."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, script: Callable[[Exchange], None]) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.script = script
        self.heads: list[bytes] = []
        self.go_on = Event()  # what a script may wait for, with a timeout

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def read_head(stream: BinaryIO) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return b""
        head += line
    return head


class Process(Protocol):
    """What the fixture `corsproxy` of tests/conftest.py starts."""

    pid: int

    @property
    def address(self) -> str: ...
    @property
    def admin(self) -> str: ...
    @property
    def running(self) -> bool: ...
    def send(self, number: Any) -> None: ...  # noqa: ANN401 a signal
    def wait(self) -> int: ...


StartUpstream = Callable[[Callable[[Exchange], None]], Upstream]
StartProxy = Callable[..., Process]
RUN = ("run", "--no-probe", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--upstream")


@pytest.fixture
def upstream() -> Iterator[StartUpstream]:
    """Start an upstream that answers each connection's request by a script."""
    with ExitStack() as stack:

        def start(script: Callable[[Exchange], None]) -> Upstream:
            server = stack.enter_context(Upstream(script))
            thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return server

        yield start


@pytest.fixture
def proxy(
    upstream: StartUpstream, corsproxy: Callable[..., AbstractContextManager[Process]]
) -> Iterator[StartProxy]:
    """Start a proxy process before an upstream; it ends before its upstream does."""
    assert upstream
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(corsproxy(*RUN, url))


@pytest.fixture
def connect() -> Iterator[Callable[[Process], socket.socket]]:
    """Open connections to a proxy."""
    with ExitStack() as stack:

        def connection(process: Process) -> socket.socket:
            host, port = process.address.removeprefix("http://").split(":")
            sock = socket.create_connection((host, int(port)), 30)
            return stack.enter_context(sock)

        yield connection


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


@pytest.fixture
def memory() -> Callable[[Process, str], int]:
    """Return a process's memory in KiB: what it has (`VmRSS`), or had at most (`VmHWM`)."""

    def read(process: Process, name: str) -> int:
        if Path("/proc/self/status").exists():
            return _status(process.pid, name)
        ps = ["ps", "-o", "rss=", "-p", str(process.pid)]  # elsewhere: what it has
        return int(subprocess.run(ps, capture_output=True, check=True).stdout)

    return read
