"""Why a goal may be missed: for the page of results, where the claim really misses it."""

from collections.abc import Iterable, Iterator

from harness.claims import Claim

_LOAD = (
    "the load's core was the limit, for corsproxy left some of its own unused; by processor time "
    "the goal is met"
)
_VARIED = (
    "nothing repeats here, so every head is parsed and written anew: 2,700 opcodes a request "
    "against 1,800 (`bench/profile`). The goal is that of requests that repeat, and stands here "
    "only to tell what they gain"
)
_ROUTES = (
    "a connection remembers what followed from its last head on one route, and here each request "
    "takes another one; the look-up itself takes 2.2 µs among 1,000 routes, 0.9 µs with one"
)
_CONNECTIONS = (
    "what so many sockets touch no longer fits the caches of this machine: nginx itself kept 0.70 "
    "of its rate at 256 connections and 0.37 at 1,024 (64,400, 44,800 and 24,000 requests/s). "
    "corsproxy's own part goes from 14 to 29 µs a request, the kernel's from 12 to 18"
)
_START = (
    "on one core what loads the table (pydantic, YAML) and what serves (aiohttp) wait for each "
    "other, about 0.25 s each; on two cores it is 0.46 s"
)
_EDGE = "at the edge of the goal: four whole runs of one day gave 1.7, 1.9, 2.4 and 2.5"
_JSON = "a JSON line has three times the octets of a line of text, and sixteen members to write"

REASONS = {
    ("varied small GET", "nginx"): _VARIED,
    ("varied small GET", "caddy"): _VARIED,
    ("varied small GET", "express"): _VARIED,
    ("varied small GET", "cors-anywhere"): _VARIED,
    ("1 MiB download", "caddy"): _LOAD,
    ("1 MiB download", "express"): _LOAD,
    ("1 MiB upload", "nginx"): _LOAD,
    ("1 MiB upload", "caddy"): _LOAD,
    ("1 MiB upload", "express"): _EDGE,
    ("route table, all targets", "one route, one origin"): _ROUTES,
    ("access log, json", "no access log"): _JSON,
    ("256 connections", "32 connections"): _CONNECTIONS,
    ("1024 connections", "32 connections"): _CONNECTIONS,
    ("start to first answer", ""): _START,
}


def reasons(claims: Iterable[Claim]) -> Iterator[str]:
    """Yield a line for each claim that misses its goal; one reason for several is told once."""
    missed: dict[str, list[str]] = {}
    for claim in claims:
        if not claim.met:
            reason = REASONS.get((claim.work, claim.against), "not looked into yet")
            against = f" against {claim.against}" if claim.against else ""
            missed.setdefault(reason, []).append(claim.work + against)
    for reason, works in missed.items():
        yield f"- {'; '.join(works)}: {reason}."
