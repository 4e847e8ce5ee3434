"""Mixed traffic with faults injected, for minutes: nothing is lost, altered or left behind.

    .venv/bin/python tests/end_to_end/soak.py [--seconds 300] [--seed N] [--connections 24]

An upstream that often fails, many clients that often do, and the proxy between them in a process
of its own. Every answer is compared octet by octet with what the upstream sent, every head field
by field; every fault must show as the documented problem or as a visible cut. At the end nothing
may be left in the proxy that was not there after the warm-up. Exits 1 otherwise.
"""

# ruff: noqa: T201 it is a command
import argparse
import asyncio
import random
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop
from soaking.client import Client
from soaking.mix import PATIENT, QUICK, Kind, patiently, quickly
from soaking.plans import Book, Lost
from soaking.upstream import Upstream
from soaking.watch import TO_END, Counts, Watch
from soaking.wire import Cut

PROXY = Path(__file__).parent / "soaking" / "proxy.py"
GROWTH = 10 * 1024  # KiB of memory that the proxy may grow by, once a fifth of the time is over
LONG = 30.0  # seconds in which any exchange has its end
SHOWN = 6  # findings


class Soak:
    """One soak: its parts, and what is found."""

    def __init__(self, seed: int, connections: int, proxy: Path) -> None:
        self.book = Book(seed)
        self.upstream = Upstream(self.book)
        self.connections = connections
        self.proxy = proxy
        self.findings: list[str] = []
        self.memory: dict[str, int] = {}
        self.before: Counts = {}
        self.after: Counts = {}
        self.took = 0.0

    async def run(self, seconds: float) -> None:
        with socket.socket() as closed:  # bound, and never listened on
            closed.bind(("127.0.0.1", 0))
            port = await self.upstream.start()
            async with Watch(self.proxy, port, closed.getsockname()[1]) as proxy:
                self.upstream.authority = f"127.0.0.1:{proxy.port}"
                await self._soak(proxy, seconds)
                complaints = proxy.complaints()
                if complaints:
                    self.findings.append(f"the proxy wrote on standard error:\n{complaints}")
            self.upstream.stop()

    async def _soak(self, proxy: Watch, seconds: float) -> None:
        """Warm up, note what there is, soak, and compare."""
        start = time.monotonic()
        await self._traffic(proxy, seconds / 10)
        self.before = await self._quiet(proxy)
        self.memory["after the warm-up"] = proxy.memory
        if not self.findings:
            await self._traffic(proxy, seconds / 5)
            self.memory["after a fifth"] = proxy.memory
            await self._traffic(proxy, seconds * 4 / 5)
            self.memory["at the end"] = proxy.memory
        self.took = time.monotonic() - start
        self.findings += [*self.book.altered, *self.book.lost]
        if self.findings:
            return
        self.after = await self._quiet(proxy)
        self.memory["when all is over"] = proxy.memory
        self._compare()
        status = await proxy.end()
        if status != 0:
            self.findings.append(f"asked to end, the proxy exits with {status}")

    async def _quiet(self, proxy: Watch) -> Counts:
        """Let all that is under way end, and find what doesn't."""
        if self.book.offended:
            return {}
        counts = await proxy.quiet()
        left = {name: counts[name] for name in TO_END}
        if not any(left.values()):
            await self.upstream.quiet()
        left["connections at the upstream"] = len(self.upstream.open)
        self.findings += [f"leaked: {count} {name}" for name, count in left.items() if count]
        return counts

    async def _traffic(self, proxy: Watch, seconds: float) -> None:
        """Let all clients go on for a while, or until the first offence."""
        end = time.monotonic() + seconds
        patient = max(1, self.connections // 6)
        going = []
        for i in range(self.connections):
            chance = random.Random(f"{self.book.seed} {i} {self.book.last}")
            kinds = patiently(i + self.book.last) if i < patient else quickly(chance)
            client = Client(self.book, proxy.port, chance)
            going.append(asyncio.ensure_future(self._go_on(client, kinds, end)))
        pending = set(going)
        while pending:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if self.book.offended:
                for task in pending:
                    task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def _go_on(self, client: Client, kinds: Iterator[Kind], end: float) -> None:
        book = self.book
        while time.monotonic() < end and not book.offended:
            kind, client.plan = next(kinds), None
            try:
                async with asyncio.timeout(LONG):
                    await kind.run(client)
                book.exchanges[kind.name] += 1
            except (Lost, Cut) as lost:
                book.lost.append(f"Lost in {kind.name!r}: {lost}; {client.plan}")
            except TimeoutError:
                book.lost.append(f"Lost in {kind.name!r}: no end in {LONG} s; {client.plan}")
            except Exception as error:  # noqa: BLE001 whatever it is, it is told
                what = f"{type(error).__name__} in {kind.name!r}"
                book.altered.append(f"{what}: {error}; {client.plan}")
        client.part()

    def _compare(self) -> None:
        for name, count in self.before.items():
            if self.after[name] != count:
                self.findings.append(f"leaked: {count} {name} before, {self.after[name]} after")
        growth = self.memory["when all is over"] - self.memory["after a fifth"]
        if growth > GROWTH:
            self.findings.append(f"leaked: memory grew by {growth} KiB")


def show(soak: Soak) -> None:
    """Print all of it in one table."""
    book, kinds = soak.book, QUICK + PATIENT
    total = sum(book.exchanges.values())
    faults = sum(book.exchanges[kind.name] for kind in kinds if kind.fault)
    leaked = sum(finding.startswith("leaked") for finding in soak.findings)
    rows: list[tuple[str, object]] = [
        (k.name, book.exchanges[k.name]) for k in kinds if not k.fault
    ]
    rows += [("", "")] + [(f"fault: {k.name}", book.exchanges[k.name]) for k in kinds if k.fault]
    rows += [("", ""), ("exchanges", total), ("exchanges a second", int(total / soak.took))]
    rows += [("faults injected", faults), ("connections to the upstream", soak.upstream.accepted)]
    rows += [("kept connections that died under a request", book.excused)]
    rows += [("MiB of content sent", book.up >> 20), ("MiB of content received", book.down >> 20)]
    rows += [("", "")] + [(f"MiB of memory {w}", f"{m / 1024:.1f}") for w, m in soak.memory.items()]
    rows += [(f"{n}, before and after", f"{c} {soak.after.get(n)}") for n, c in soak.before.items()]
    rows += [("", ""), ("lost", len(book.lost)), ("altered", len(book.altered)), ("leaked", leaked)]
    for name, value in rows:
        print(f"{name:45} {value:>12,}" if isinstance(value, int) else f"{name:45} {value!s:>12}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=300)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options.add_argument("--connections", type=int, default=24)
    options.add_argument("--proxy", type=Path, default=PROXY, help="what runs the proxy")
    chosen = options.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    soak = Soak(chosen.seed, chosen.connections, chosen.proxy)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(soak.run(chosen.seconds))
    show(soak)
    if soak.findings:
        first = "\n".join(soak.findings[:SHOWN])
        sys.exit(f"{len(soak.findings)} findings, of which the first:\n{first}")


if __name__ == "__main__":
    main()
