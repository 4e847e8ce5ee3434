"""Where the time of a request goes: processor time, the kernel's share, opcodes, functions.

    bench/profile [--seconds 4] [--work small_get|preflight|get_10k|upload] [--top 25]

Processor time is from /proc/PID/stat under wrk's load. Opcodes are counted by sys.settrace over
requests one after another: the same figure in each run of one Python. Functions are by py-spy's
samples where it is installed (pip install py-spy), else by cProfile, which slows what it measures.
"""

import argparse
import http.client
import json
import pstats
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path

from harness import opcodes
from harness.peers import CATALOGUE, ORIGIN, OURS, Stand, standing
from harness.processes import BenchError, end
from harness.turns import end_by_signal
from harness.wrk import Work, load

WORKS = {
    "small_get": Work("/small"),
    "preflight": Work("/small", ("preflight",)),
    "get_10k": Work("/10k"),
    "upload": Work("/upload", (f"upload={1024 * 1024}",)),
}
WARM, COUNTED = 50, 200  # requests
_PY_SPY = Path(sys.executable).parent / "py-spy"


def under_load(work: Work, seconds: int, top: int) -> None:
    """Print what a request costs under load, and what py-spy sees if it is there."""
    with standing([CATALOGUE[OURS]]) as stand:
        load(stand, OURS, work, 1)
        turn = load(stand, OURS, work, seconds)
        print(
            f"{turn.rate:,.0f} requests/s, {turn.cost:.1f} processor µs a request, "
            f"{turn.processor.kernel / turn.processor.both:.0%} of it in the kernel, "
            f"{turn.busy:.0%} of the core used"
        )
        if _PY_SPY.exists():
            sampled(stand, work, seconds, top)


def sampled(stand: Stand, work: Work, seconds: int, top: int) -> None:
    """Print the functions that py-spy finds running."""
    out = stand.folder / "samples"
    command = [str(_PY_SPY), "record", "--pid", str(stand.servers[OURS].pid)]
    command += ["--rate", "500", "--duration", str(seconds), "--format", "raw", "-o", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as spy:
        load(stand, OURS, work, seconds + 2)
        spy.wait(seconds + 30)
    itself: Counter[str] = Counter()
    for line in out.read_text().splitlines():
        stack, _, times = line.rpartition(" ")
        itself[stack.rpartition(";")[2]] += int(times)
    print("\nby py-spy's samples, a function with the C it calls:")
    for name, count in itself.most_common(top):
        print(f"  {count / itself.total():6.1%}  {name}")


def counted(work: Work, top: int) -> None:
    """Print the opcodes a request executes, by function."""
    few, many = (_opcodes(work, requests) for requests in (WARM, WARM + COUNTED))
    each = {name: (count - few[name]) / COUNTED for name, count in many.items()}
    print(f"\n{sum(each.values()):,.0f} opcodes a request (Python {sys.version.split()[0]}):")
    for name, count in sorted(each.items(), key=lambda pair: -pair[1])[:top]:
        print(f"  {count:8.1f}  {name}")


def _opcodes(work: Work, requests: int) -> Counter[str]:
    plain = CATALOGUE[OURS]
    config = plain.command[plain.command.index("run") :]
    command = (sys.executable, str(opcodes.__file__), "{folder}/opcodes.json", *config)
    with standing([replace(plain, command=command)]) as stand:
        ask(stand, work, requests)
        end(stand.servers[OURS].process)
        return Counter(json.loads((stand.folder / "opcodes.json").read_text()))


def ask(stand: Stand, work: Work, requests: int) -> None:
    """Send requests one after another on one connection."""
    preflight = "preflight" in work.words
    fields = {"Origin": ORIGIN, "Accept": "*/*", "Accept-Language": "en-GB,en;q=0.9"}
    fields |= {"Access-Control-Request-Method": "PUT"} if preflight else {"Cookie": "session=1"}
    method = "OPTIONS" if preflight else "POST" if work.path == "/upload" else "GET"
    body = b"x" * 1024 * 1024 if method == "POST" else None
    connection = http.client.HTTPConnection("127.0.0.1", stand.servers[OURS].port, timeout=20)
    for _ in range(requests):
        connection.request(method, work.path, body, fields)
        reply = connection.getresponse()
        reply.read()
        if reply.status not in {200, 204}:
            raise BenchError(f"{method} {work.path}: {reply.status}")
    connection.close()


def profiled(work: Work, seconds: int, top: int) -> None:
    """Print the functions by cProfile's own time."""
    plain = CATALOGUE[OURS]
    words = ("-m", "cProfile", "-o", "{folder}/profile", *plain.command[1:])
    with standing([replace(plain, command=(sys.executable, *words))]) as stand:
        load(stand, OURS, work, seconds)
        end(stand.servers[OURS].process)
        text = StringIO()
        stats = pstats.Stats(str(stand.folder / "profile"), stream=text)
        stats.sort_stats("tottime").print_stats(top)
    print("\nself time, by cProfile:", text.getvalue())


def main() -> int:
    """Print all of it."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--work", choices=WORKS, default="small_get")
    made.add_argument("--seconds", type=int, default=4)
    made.add_argument("--top", type=int, default=25, help="how many functions are shown")
    given = made.parse_args()
    end_by_signal()
    work = WORKS[given.work]
    try:
        under_load(work, given.seconds, given.top)
        counted(work, given.top)
        if not _PY_SPY.exists():
            profiled(work, given.seconds, given.top)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
