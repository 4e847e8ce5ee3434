"""A small GET through corsproxy and through the obvious aiohttp proxy, side by side in one run.

    .venv/bin/python bench/small_get.py [--rounds 5] [--seconds 4]

One core for the proxies, the other for wrk and an nginx upstream (50 octets of JSON); browser-like
fields, 32 connections; the peers take turns, and medians are shown, with the processor time that
one request costs. Needs Debian's nginx and wrk, and taskset.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ORIGIN = "http://localhost:3001"
FIELDS = {
    "Origin": ORIGIN,
    "Referer": ORIGIN + "/",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36",
    "Accept": "application/json, text/plain, */*",
    "Accept-Language": "en-GB,en;q=0.9",
    "Accept-Encoding": "gzip, deflate, br, zstd",
}
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000;
  server {{ listen 127.0.0.1:{port};
    location / {{ default_type application/json;
      return 200 '{{"id": 1, "name": "Ada", "mail": "ada@example.test"}} '; }} }} }}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]


@contextlib.contextmanager
def running(core, *command):
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *map(str, command)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def wait_for(port):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit(f"nothing listens on {port}")


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(core, port, seconds, connections=32):
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}"]
    for name, value in FIELDS.items():
        command += ["-H", f"{name}: {value}"]
    out = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/contacts/1"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(out)
    return int(out.split(" requests in")[0].split()[-1])


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=4)
    chosen = options.parse_args()
    for tool in ("nginx", "wrk", "taskset"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: apt-get install nginx wrk util-linux")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        upstream, ours, obvious, tuned = (free_port() for _ in range(4))
        Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, port=upstream))
        stack.enter_context(running(1, "nginx", "-p", folder, "-c", f"{folder}/nginx.conf"))
        url = f"http://127.0.0.1:{upstream}"
        table = Path(folder, "corsproxy.yaml")
        table.write_text(
            f"listen: 127.0.0.1:{ours}\nadmin: off\nlog: {{access: off}}\n"
            f"cors:\n  allow_origins: ['{ORIGIN}']\n  allow_methods: [GET, PUT, DELETE]\n"
            f"  allow_headers: [Content-Type]\n  allow_credentials: true\n"
            f"routes:\n  - upstream: {url}\n"
        )
        textbook = (sys.executable, HERE / "peers" / "textbook.py")
        peers = {
            "corsproxy": (ours, (sys.executable, "-m", "corsproxy", "run", "-c", table)),
            "web.Application + ClientSession": (obvious, (*textbook, obvious, url)),
            "the same on uvloop": (tuned, (*textbook, tuned, url, "uvloop")),
        }
        pids = {name: stack.enter_context(running(0, *c)) for name, (_, c) in peers.items()}
        for port, _ in peers.values():
            wait_for(port)
            load(1, port, 1)
        rates = {name: [] for name in peers}
        costs = {name: [] for name in peers}
        for _ in range(chosen.rounds):
            for name, (port, _) in peers.items():
                before = processor_seconds(pids[name])
                count = load(1, port, chosen.seconds)
                rates[name].append(count / chosen.seconds)
                costs[name].append((processor_seconds(pids[name]) - before) / count * 1e6)
    show(rates, costs)


def show(rates, costs):
    width = max(map(len, rates))
    print(f"{'':{width}}  requests/s (median, lowest to highest)   processor µs a request")
    for name, values in rates.items():
        middle = statistics.median(values)
        print(
            f"{name:{width}}  {middle:8,.0f}   ({min(values):,.0f} to {max(values):,.0f})"
            f"            {statistics.median(costs[name]):6.1f}"
        )
    first, *others = rates
    for name in others:
        turns = [ours / theirs for ours, theirs in zip(rates[first], rates[name], strict=True)]
        ratio = statistics.median(rates[first]) / statistics.median(rates[name])
        print(f"{ratio:.2f} times as fast as {name} ({min(turns):.2f} to {max(turns):.2f})")


main()
