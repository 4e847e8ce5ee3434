"""Run the fuzzing harnesses: `python fuzz/run.py [--seconds 60] [--seed N] [NAME...]`."""

import argparse
import asyncio
import importlib
import sys
import time
import traceback
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
FINDINGS = ROOT / "fuzz" / "findings"
NAMES = ("origins", "fields", "config", "requests", "responses")


@dataclass
class Tally:
    """What came of the inputs of one harness."""

    name: str
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    finding: bytes | None = None
    reason: list[str] = field(default_factory=list)

    def count(self, *, accepted: bool) -> None:
        """Count one input that kept the law."""
        if accepted:
            self.accepted += 1
        else:
            self.refused += 1

    def find(self, data: bytes, error: BaseException) -> None:
        """Take down the first input that broke the law."""
        if self.finding is None:
            self.finding = data
            self.reason = traceback.format_exception(error)

    def __str__(self) -> str:
        """Write the line of the harness."""
        tried = self.accepted + self.refused + (self.finding is not None)
        return (
            f"{self.name}: {tried} inputs tried, {self.accepted} accepted, "
            f"{self.refused} refused, {self.seconds:.1f} seconds"
        )


def run(harness: ModuleType, inputs: Iterator[bytes], seconds: float) -> Tally:
    """Try inputs for a time, or until one breaks the law."""
    tally = Tally(harness.__name__.rpartition(".")[2])
    start = time.monotonic()
    if hasattr(harness, "serve"):
        asyncio.run(_run_served(harness, inputs, start + seconds, tally))
    else:
        _run_called(harness.check, inputs, start + seconds, tally)
    tally.seconds = time.monotonic() - start
    return tally


def _run_called(
    check: Callable[[bytes], bool], inputs: Iterator[bytes], end: float, tally: Tally
) -> None:
    for data in inputs:
        try:
            tally.count(accepted=check(data))
        except Exception as error:  # noqa: BLE001 whatever is raised is a finding
            tally.find(data, error)
        if tally.finding is not None or time.monotonic() >= end:
            return


async def _run_served(
    harness: ModuleType, inputs: Iterator[bytes], end: float, tally: Tally
) -> None:
    async def work(check: Callable[[bytes], Awaitable[bool]]) -> None:
        for data in inputs:
            try:
                tally.count(accepted=await check(data))
            except Exception as error:  # noqa: BLE001 whatever is raised is a finding
                tally.find(data, error)
            if tally.finding is not None or time.monotonic() >= end:
                return

    async with harness.serve() as checks:
        await asyncio.gather(*map(work, checks))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the harnesses named, one after another; return 1 on a finding."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    parser = argparse.ArgumentParser(description="Fuzz corsproxy.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=float, default=60.0, help="for each harness (60)")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other inputs (0)")
    parser.add_argument("--replay", type=Path, help="a stored finding to try again")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in NAMES]:
        parser.error(f"no such harness: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    mutate = importlib.import_module("fuzz.mutate")
    for name in given.names or NAMES:
        harness = importlib.import_module(f"fuzz.{name}")
        random = Random(f"{name} {given.seed}")
        inputs = mutate.Mutator(random, harness.seeds(), harness.TOKENS).inputs()
        if given.replay:
            inputs = iter([given.replay.read_bytes()])
        tally = run(harness, inputs, given.seconds)
        print(tally, flush=True)
        if tally.finding is not None:
            _tell(tally)
            return 1
    return 0


def _tell(tally: Tally) -> None:
    data = tally.finding or b""
    FINDINGS.mkdir(parents=True, exist_ok=True)
    path = FINDINGS / f"{tally.name}-{zlib.crc32(data):08x}"
    path.write_bytes(data)
    print("".join(tally.reason[-8:]), f"finding ({path}):", repr(data), sep="\n")


if __name__ == "__main__":
    # the folder of the script comes first in the path, and has modules of common names
    sys.path[0] = str(ROOT)
    sys.exit(main())
