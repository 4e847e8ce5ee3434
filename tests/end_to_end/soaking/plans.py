"""What an exchange is to be, known to the client that asks and to the upstream that answers."""

import asyncio
import hashlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field

PAGE = "http://localhost:3001"
STRANGER = "https://stranger.example"
LARGEST = 4 << 20  # octets of a body
LIMIT = LARGEST + 1  # octets that the proxy takes of one
PATIENCE = 2.0  # seconds that the proxy waits: for a head, an answer, an octet
_LATE = 10.0  # seconds
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})

_BLOCK = random.Random(0).randbytes(LARGEST + (5 << 20))


def octets(number: int, size: int) -> memoryview:
    """Return the body of an exchange: no two have the same."""
    start = number * 104729 % (len(_BLOCK) - LARGEST - (1 << 20))
    return memoryview(_BLOCK)[start : start + size]


@dataclass(slots=True)
class Sighting:
    """What the upstream saw of an exchange: `whole` once all of the content has come."""

    reused: bool
    whole: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    since: float = field(default_factory=time.monotonic)
    line: object = None

    def __str__(self) -> str:
        ago = time.monotonic() - self.since
        return f"{ago:.3f} s ago (reused={self.reused}, whole={self.whole}) on {self.line}"


@dataclass(slots=True, kw_only=True)
class Plan:
    """One exchange."""

    number: int
    kind: str
    act: str = "answer"  # what the upstream does
    method: str = "GET"
    place: str = "/soak"
    origin: str | None = PAGE
    minor: int = 1
    upload: int | None = None  # octets
    upload_chunked: bool = False
    expects: bool = False
    partial: bool = False  # the client does not send all of it, or not all is to be taken
    hop: bool = False  # sends, and is sent, fields for the next hop only
    left: bool = False  # by its client, perhaps before the proxy could see who that was
    upgrade: str = ""
    status: int = 200
    size: int = 0
    framing: str = "length"  # or chunked, or close
    cut_at: int = 0
    garbage: bytes = b""
    parting: bool = False  # the upstream closes right after its answer
    slow: bool = False
    step: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    seen: list[Sighting] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    @property
    def target(self) -> str:
        return f"{self.place}/{self.number}?{self.act}={self.size}&%7e=%2F"

    @property
    def digest(self) -> str:
        return hashlib.sha256(octets(self.number, self.upload or 0)).hexdigest()

    @property
    def repeatable(self) -> bool:
        """Whether the proxy may send it twice: nothing may have been done by the first."""
        return self.method in IDEMPOTENT

    def __str__(self) -> str:
        parts = [f"exchange {self.number} ({self.kind}): {self.method} {self.target}"]
        parts += [f"HTTP/1.{self.minor}", f"Origin {self.origin}", f"the upstream: {self.act}"]
        if self.upload is not None:
            framing = "chunked" if self.upload_chunked else "length"
            parts.append(f"{self.upload} octets up ({framing}, expects={self.expects})")
        parts.append(f"{self.size} octets down ({self.framing}), status {self.status}")
        parts.append(f"cut_at={self.cut_at} slow={self.slow} parting={self.parting}")
        now = time.monotonic()
        parts.append(f"made {now - self.since:.3f} s ago")
        parts += [f"seen upstream {sighting}" for sighting in self.seen]
        return ", ".join(parts)


class Lost(Exception):  # noqa: N818 a finding
    """An answer, or a part of it, that did not come."""


class Altered(Exception):  # noqa: N818 a finding
    """Octets that are not those that were sent; also what was cut short and looks whole."""


@dataclass
class Book:
    """All that is under way, and what it came to."""

    seed: int
    plans: dict[int, Plan] = field(default_factory=dict)
    exchanges: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    excused: int = 0  # a kept connection that died under what may not be repeated
    up: int = 0
    down: int = 0
    last: int = 0

    @property
    def offended(self) -> bool:
        return bool(self.lost or self.altered)

    def number(self) -> int:
        self.last += 1
        return self.last

    def open(self, plan: Plan) -> Plan:
        self.plans[plan.number] = plan
        return plan

    def close(self, plan: Plan, *, late: bool = False) -> None:
        """Forget a plan; where the client did not wait, the upstream may still hear of it."""
        if late:
            asyncio.get_running_loop().call_later(_LATE, self.plans.pop, plan.number, None)
        else:
            self.plans.pop(plan.number, None)
