"""Install what is measured against: Debian's nginx, HAProxy, Caddy and wrk; the Node peers.

    .venv/bin/python bench/set_up.py [--check] [--quick]

Debian's packages only where root and apt-get are there and something is missing; the Node peers by
npm into bench/peers/node_modules, in the versions of bench/peers/package.json.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence

from harness.peers import PEERS

PROGRAMS = {
    "nginx": "nginx",
    "haproxy": "haproxy",
    "caddy": "caddy",
    "wrk": "wrk",
    "taskset": "util-linux",
    "node": "nodejs",
    "npm": "npm",
}
QUICK = ("nginx", "caddy", "wrk", "taskset")
_APT, _NPM = 600, 300  # seconds


def missing(programs: Iterable[str]) -> list[str]:
    """Return the Debian packages of programs that are not there."""
    return [PROGRAMS[program] for program in programs if not shutil.which(program)]


def stale() -> list[str]:
    """Return the Node packages that are not there in their version."""
    wanted = json.loads((PEERS / "package.json").read_text())["dependencies"]
    found = {}
    for name in wanted:
        path = PEERS / "node_modules" / name / "package.json"
        found[name] = json.loads(path.read_text())["version"] if path.exists() else None
    return [f"{name}@{version}" for name, version in wanted.items() if found[name] != version]


def install_programs(packages: Sequence[str]) -> None:
    """Install Debian's packages, where this user may; none of their services is started."""
    if not packages or not shutil.which("apt-get") or os.geteuid() != 0:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (
        ["update", "-qq"],
        ["install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        subprocess.run(
            ["apt-get", *words], env=environment, stdout=sys.stderr, check=False, timeout=_APT
        )


def install_node_peers() -> None:
    """Install the Node peers; none of their scripts are run, no lock file is written."""
    words = ["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(["npm", *words], cwd=PEERS, stdout=sys.stderr, check=False, timeout=_NPM)


def main() -> int:
    """Install, and say what is still missing."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--check", action="store_true", help="only say what is missing")
    made.add_argument("--quick", action="store_true", help="only what a quick look needs")
    given = made.parse_args()
    programs = QUICK if given.quick else tuple(PROGRAMS)
    if not given.check:
        install_programs(missing(programs))
        if not given.quick and stale() and shutil.which("npm"):
            install_node_peers()
    wanting = [f"apt-get install {package}" for package in missing(programs)]
    if not given.quick:
        wanting += [f"{package} (npm install in bench/peers)" for package in stale()]
    for what in wanting:
        print(f"missing: {what}", file=sys.stderr)
    return 1 if wanting else 0


if __name__ == "__main__":
    sys.exit(main())
