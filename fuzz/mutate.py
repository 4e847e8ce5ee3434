"""Inputs: what the test tables hold, and then mutations of it, the same for the same seed."""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 8192  # octets of an input

_CHANGES = (1, 1, 1, 2, 2, 3, 4, 6, 10)  # how many are made to one seed
_OCTETS = b"\0\t\n\v\f\r !\"#%&'*+,-./0159:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xff"


def literals(*patterns: str) -> list[bytes]:
    """Return the texts and octets that stand in the test files of some names, in their order."""
    found: dict[bytes, None] = {}
    for pattern in patterns:
        for path in sorted((ROOT / "tests").glob(pattern)):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                    value = node.value
                    octets = value if isinstance(value, bytes) else _octets(value)
                    if octets:
                        found[octets] = None
    return list(found)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class Mutator:
    """Makes inputs of seeds and of tokens, which are put in and spliced."""

    def __init__(self, random: Random, seeds: Sequence[bytes], tokens: Iterable[bytes]) -> None:
        self._random = random
        self._seeds = seeds
        self._tokens = [*tokens] or [b""]
        self._changes: Sequence[Callable[[bytearray], bytearray]] = (
            self._flip,
            self._replace,
            self._insert,
            self._insert_token,
            self._insert_token,
            self._delete,
            self._cut,
            self._double,
            self._multiply,
            self._swap,
            self._splice,
        )

    def inputs(self) -> Iterator[bytes]:
        """Yield every seed as it is, and then mutations without end."""
        yield from (seed[:LONGEST] for seed in self._seeds)
        while True:
            data = bytearray(self._random.choice(self._seeds))
            for _ in range(self._random.choice(_CHANGES)):
                data = self._random.choice(self._changes)(data)[:LONGEST]
            yield bytes(data)

    def _place(self, data: bytearray) -> int:
        return self._random.randrange(len(data) + 1)

    def _piece(self, data: bytearray, longest: int = 40) -> tuple[int, int]:
        start = self._place(data)
        return start, min(len(data), start + self._random.randint(1, longest))

    def _octet(self) -> int:
        return self._random.choice((self._random.choice(_OCTETS), self._random.randrange(256)))

    def _flip(self, data: bytearray) -> bytearray:
        if data:
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        return data

    def _replace(self, data: bytearray) -> bytearray:
        if data:
            data[self._random.randrange(len(data))] = self._octet()
        return data

    def _insert(self, data: bytearray) -> bytearray:
        data.insert(self._place(data), self._octet())
        return data

    def _insert_token(self, data: bytearray) -> bytearray:
        start = self._place(data)
        end = start if self._random.random() < 0.5 else self._piece(data, 12)[1]
        data[start : max(start, end)] = self._random.choice(self._tokens)
        return data

    def _delete(self, data: bytearray) -> bytearray:
        start, end = self._piece(data)
        del data[start:end]
        return data

    def _cut(self, data: bytearray) -> bytearray:
        return data[: self._place(data)]

    def _double(self, data: bytearray) -> bytearray:
        start, end = self._piece(data)
        data[end:end] = data[start:end]
        return data

    def _multiply(self, data: bytearray) -> bytearray:
        start, end = self._piece(data, 8)
        data[end:end] = data[start:end] * self._random.choice((2, 3, 8, 64, 300, 1000))
        return data

    def _swap(self, data: bytearray) -> bytearray:
        lines = data.splitlines(keepends=True)
        if len(lines) > 1:
            a, b = self._random.randrange(len(lines)), self._random.randrange(len(lines))
            lines[a], lines[b] = lines[b], lines[a]
        return bytearray().join(lines)

    def _splice(self, data: bytearray) -> bytearray:
        other = self._random.choice(self._seeds)
        start = self._random.randrange(len(other) + 1)
        return data[: self._place(data)] + other[start:]
