"""Commands that only answer, called in the test's own process; and upstreams in threads."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner

from corsproxy.cli import main

Outcome = tuple[int, str, str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with nothing of corsproxy's in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("CORSPROXY_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def cli(folder: Path) -> Callable[..., Outcome]:
    """Call a command; return its exit status and what it wrote on both streams."""
    assert folder

    def call(*args: str, **env: str) -> Outcome:
        result = CliRunner().invoke(main, args, env=env, prog_name="corsproxy")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout, result.stderr

    return call


@pytest.fixture
def command(folder: Path) -> Callable[..., Outcome]:
    """The same in a process of its own, for what may come to serve."""
    assert folder

    def call(*args: str) -> Outcome:
        arguments = [sys.executable, "-m", "corsproxy", *args]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=20, check=False)
        return done.returncode, done.stdout, done.stderr

    return call


class Upstream(ThreadingHTTPServer):
    """Answers 200 with the fields of `page` to what has an Origin, else with none.

    `statuses` are by method, `FOREIGN` for what has an Origin; a HEAD waits for `go_on` if asked.
    """

    daemon_threads = True

    def __init__(self, port: int, page: Mapping[str, str], statuses: Mapping[str, int]) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.page = page
        self.statuses = statuses
        self.methods: list[str] = []
        self.asked = Event()
        self.go_on = Event()
        self.go_on.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Upstream

    def answer(self) -> None:
        server, foreign = self.server, "Origin" in self.headers
        server.methods.append(self.command)
        server.asked.set()
        if self.command == "HEAD":
            server.go_on.wait(20)
        status = server.statuses.get(self.command, 200)
        self.send_response(server.statuses.get("FOREIGN", status) if foreign else status)
        for name, value in server.page.items() if foreign else ():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_OPTIONS = answer  # noqa: N815 the library's own names

    def log_message(self, *said: object) -> None:
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[Callable[..., Upstream]]:
    """Start upstreams: the fields that a page is answered with, and statuses by method."""
    with ExitStack() as stack:

        def start(
            page: Mapping[str, str] | None = None, port: int = 0, **statuses: int
        ) -> Upstream:
            server = stack.enter_context(Upstream(port, page or {}, statuses))
            thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            stack.callback(server.go_on.set)
            return server

        yield start
