"""On what was measured: the machine, the versions, the date; how much was taken from us."""

import json
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from harness.peers import PEERS

_PROGRAMS = {
    "nginx": ("nginx", "-v"),
    "Caddy": ("caddy", "version"),
    "HAProxy": ("haproxy", "-v"),
    "wrk": ("wrk", "-v"),
    "Node.js": ("node", "--version"),
}
_LIBRARIES = ("corsproxy", "aiohttp", "httptools", "uvloop")


def facts() -> dict[str, str]:
    """Return what a reader must know to judge the figures."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: version(name) for name in _LIBRARIES},
        **{name: said for name, command in _PROGRAMS.items() if (said := _first_line(command))},
        **_packages(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(command: tuple[str, ...]) -> str:
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].removeprefix("nginx version: ").partition(" Copyright")[0] if lines else ""


def _packages() -> dict[str, str]:
    asked = json.loads((PEERS / "package.json").read_text())["dependencies"]
    found = {}
    for name in asked:
        path = PEERS / "node_modules" / name / "package.json"
        if path.exists():
            found[name] = str(json.loads(path.read_text())["version"])
    return found


def stolen() -> tuple[int, int]:
    """Return the ticks that other guests took, and all ticks (proc(5): /proc/stat)."""
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return fields[7], sum(fields)
