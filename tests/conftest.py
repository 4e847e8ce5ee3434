"""The proxy as a process of its own, as users run it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import Condition, Thread
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
