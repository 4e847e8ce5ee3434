"""The proxy as a process of its own, as users run it; and servers that answer as they like."""

import os
import re
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Condition, Event, Thread
from typing import TextIO

import pytest

_PATIENCE = 20.0  # seconds for a start or an end on a busy machine


class Output:
    """What a process writes on one stream, line by line, as it comes."""

    def __init__(self, stream: TextIO) -> None:
        self.lines: list[str] = []
        self._changed = Condition()
        self._ended = False
        self._thread = Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: TextIO) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, pattern: str, start: int = 0) -> re.Match[str]:
        """Return the first match in a line from the `start`-th on; fail where there is none."""
        regex, seen = re.compile(pattern), start

        def found() -> re.Match[str] | bool:
            nonlocal seen
            while seen < len(self.lines):
                seen += 1
                if match := regex.search(self.lines[seen - 1]):
                    return match
            return self._ended

        with self._changed:
            match = self._changed.wait_for(found, _PATIENCE)
        assert isinstance(match, re.Match), f"no line matches {pattern!r}: {self.lines}"
        return match

    def whole(self) -> list[str]:
        """Return all lines, once the stream has ended."""
        self._thread.join(_PATIENCE)
        return self.lines


class Running:
    """A corsproxy process, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        assert process.stderr
        self._process = process
        self.pid = process.pid
        self.out = Output(process.stdout)
        self.err = Output(process.stderr)

    @property
    def address(self) -> str:
        """The proxy's own address, as its start-up lines tell it."""
        return self.out.wait_for(r"(?:listening on|through the proxy) (\S+)")[1]

    @property
    def admin(self) -> str:
        """The address of its admin listener."""
        return self.out.wait_for(r"\badmin (http://[^\s)]+)")[1]

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait for the end, and return the exit status."""
        return self._process.wait(_PATIENCE)

    def end(self) -> None:
        """Ask the process to end, unless it has; it must end well."""
        try:
            if self.running:
                self.send(signal.SIGTERM)
            status = self.wait()
        finally:
            self._process.kill()
            self._process.wait()
            lines = self.out.whole() + self.err.whole()
        assert status == 0, lines


Start = Callable[..., AbstractContextManager[Running]]


@contextmanager
def running(
    *args: str, env: Mapping[str, str] | None = None, cwd: os.PathLike[str] | None = None
) -> Iterator[Running]:
    command: Sequence[str] = (sys.executable, "-m", "corsproxy", *args)
    inherited = {key: text for key, text in os.environ.items() if not key.startswith("CORSPROXY_")}
    process = subprocess.Popen(
        command,
        env={**inherited, **(env or {})},
        cwd=cwd,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    proxy = Running(process)
    try:
        yield proxy
    except BaseException:
        process.kill()
        process.wait()
        raise
    proxy.end()


@pytest.fixture(scope="session")
def corsproxy() -> Start:
    """Run `corsproxy` as a process of its own; asked to end, it must exit with status 0."""
    return running


Answer = Callable[["Asked"], bytes | None]


@dataclass
class Asked:
    """A request that came: its head's parts, names in lower case."""

    method: str
    path: str
    fields: dict[str, str]
    head: bytes

    @property
    def origin(self) -> str:
        return self.fields.get("origin", "")

    @property
    def preflight(self) -> bool:
        return "access-control-request-method" in self.fields


class Serving(socketserver.ThreadingTCPServer):
    """Answers with the octets it is told to: with b"" never at all, with None by a reset."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.answer = answer
        self.tls = tls
        self.asked: list[Asked] = []
        self.ended = Event()

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Say nothing of clients that part, in a handshake too; of all else, all."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_address[1]}"

    @property
    def seen(self) -> list[str]:
        """Return the methods and paths that were asked for, in order."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]


class Exchange(socketserver.StreamRequestHandler):
    server: Serving

    def setup(self) -> None:
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        while (asked := self._read()) is not None:
            self.server.asked.append(asked)
            said = self.server.answer(asked)
            if said == b"":
                self.server.ended.wait()
                return
            if said is None:
                linger = struct.pack("ii", 1, 0)
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return
            self.wfile.write(said)

    def _read(self) -> Asked | None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            try:
                line = self.rfile.readline()
            except OSError:
                return None
            if not line:
                return None
            head += line
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        fields = {name.lower(): value for name, _, value in (li.partition(": ") for li in lines)}
        self.rfile.read(int(fields.get("content-length", 0)))
        method, path, _ = first.split(" ")
        return Asked(method, path, fields, head)

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.request.close()  # TLS's own socket, which socketserver knows nothing of


def reply(status: int = 200, *fields: str, content: bytes = b"") -> bytes:
    """Write an answer, with Content-Length, of fields as `Name: value`."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *fields]
    head = "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""])
    return head.encode() + content


@dataclass
class Servers:
    """Starts servers that misbehave, and ends them with the test."""

    stack: ExitStack
    reply: Callable[..., bytes] = field(default=reply)

    def __call__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> Serving:
        server = self.stack.enter_context(Serving(answer, tls))
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.stack.callback(server.shutdown)
        self.stack.callback(server.ended.set)
        return server


@pytest.fixture
def serves() -> Iterator[Servers]:
    """Run real servers in threads, which answer what a function of the request returns."""
    with ExitStack() as stack:
        yield Servers(stack)
