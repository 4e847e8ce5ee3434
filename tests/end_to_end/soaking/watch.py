"""The proxy's process: started, asked what is inside it, measured, and ended."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

from soaking.plans import LIMIT, PAGE, PATIENCE

_QUIET = 10.0  # seconds in which all must be over
_REFUSALS = "WARNING corsproxy.observe: cors refuses "
_START = 20.0

_TABLE = """
listen: 127.0.0.1:0
admin: off
log: {{access: off, level: warning}}
cors:
  allow_origins: ["{page}"]
  allow_methods: [PUT, DELETE]
  allow_headers: [Content-Type, X-Number]
  expose_headers: [X-Number]
  allow_credentials: true
  max_age: 600
timeouts:
  {{header: {patience}, connect: 5s, response: {patience}, idle: {patience}, tunnel: {patience}}}
limits: {{request_body: {limit}, keepalive: {patience}, upstream_keepalive: 1s}}
routes:
  - {{path: /soak, upstream: "http://127.0.0.1:{upstream}"}}
  - path: /patient
    upstream: "http://127.0.0.1:{upstream}"
    timeouts: {{response: 1m, idle: 1m}}
  - {{path: /gone, upstream: "http://127.0.0.1:{closed}"}}
"""

Counts = dict[str, int]
TO_END = ("exchanges", "client connections", "upstream connections")


class Watch:
    """A proxy process, and what is known of it."""

    def __init__(self, script: Path, upstream: int, closed: int) -> None:
        self._script = script
        self._folder = tempfile.TemporaryDirectory()
        table = _TABLE.format(
            page=PAGE, patience=PATIENCE, limit=LIMIT, upstream=upstream, closed=closed
        )
        self._file = Path(self._folder.name, "corsproxy.yaml")
        self._file.write_text(table)
        self._errors = Path(self._folder.name, "stderr")
        self._process: asyncio.subprocess.Process
        self.port = 0

    async def __aenter__(self) -> Self:
        errors = os.open(self._errors, os.O_WRONLY | os.O_CREAT)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "default", self._script, "run", "--no-probe"),
            *("-c", self._file),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={k: v for k, v in os.environ.items() if not k.startswith("CORSPROXY_")},
        )
        os.close(errors)
        async with asyncio.timeout(_START):
            while not self.port:
                line = (await self._out()).decode()
                if found := re.search(r"listening on \S+:(\d+)", line):
                    self.port = int(found[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._folder.cleanup()

    async def _out(self) -> bytes:
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the proxy has ended:\n{self.complaints()}")
        return line

    async def counts(self) -> Counts:
        """Ask how much of everything there is in the proxy."""
        assert self._process.stdin
        self._process.stdin.write(b"?")
        async with asyncio.timeout(_START):
            counts: Counts = json.loads(await self._out())
        return counts

    async def quiet(self) -> Counts:
        """Wait until nothing is under way and no connection is open; return what there is then."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _QUIET
        while True:
            counts = await self.counts()
            if not any(counts[name] for name in TO_END) or loop.time() > end:
                await asyncio.sleep(0.1)  # for what ends with a connection
                return await self.counts()
            await asyncio.sleep(0.1)

    @property
    def memory(self) -> int:
        """What the process has of the memory, in KiB."""
        status = Path(f"/proc/{self._process.pid}/status")
        if status.exists():
            return int(status.read_text().split("VmRSS:")[1].split()[0])
        ps = ["ps", "-o", "rss=", "-p", str(self._process.pid)]
        return int(subprocess.run(ps, capture_output=True, check=True).stdout)

    def complaints(self) -> str:
        """What the proxy wrote on standard error, but for what it refused as it should."""
        lines = self._errors.read_text(errors="replace").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(_REFUSALS))

    async def end(self) -> int:
        """Ask the process to end, and return its exit status."""
        self._process.terminate()
        async with asyncio.timeout(_START):
            return await self._process.wait()
