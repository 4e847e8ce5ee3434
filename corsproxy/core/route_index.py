"""Which routes of a long table can serve a path and a host at all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar


class Matching(Protocol):
    """What of a route says which paths and hosts it may serve."""

    @property
    def prefix(self) -> bytes | None:
        """The path prefix, without a slash at its end; None where it isn't known."""

    @property
    def host(self) -> str | None:
        """The host, or `*.` and the host above it; None for any."""


R = TypeVar("R", bound=Matching)


class RouteIndex:
    """Finds the candidates among routes by the prefixes of a path, and not one by one.

    A thousand routes then cost what a few do. `tests/core/test_route_index.py` holds it against the
    plain walk.
    """

    def __init__(self, routes: Sequence[Matching]) -> None:
        places: dict[tuple[str | None, bytes], list[int]] = defaultdict(list)
        self._anywhere = []
        for i, route in enumerate(routes):
            if route.prefix is None:
                self._anywhere.append(i)
            else:
                places[route.host, route.prefix].append(i)
        self._places = dict(places)
        self._hosts = {host for host, _ in places}
        self._deepest = max((prefix.count(b"/") for _, prefix in places), default=0)

    def candidates(self, routes: Sequence[R], path: bytes, host: str) -> Iterable[R]:
        """Yield, in their order, all routes that serve a path and a host, and perhaps others."""
        hosts = [name for name in _names(host) if name in self._hosts]
        found = list(self._anywhere)
        for prefix in self._prefixes(path):
            for name in hosts:
                found += self._places.get((name, prefix), ())
        return map(routes.__getitem__, sorted(found))

    def _prefixes(self, path: bytes) -> Iterator[bytes]:
        yield b""
        end = 0
        for _ in range(self._deepest):
            end = path.find(b"/", end + 1)
            if end < 0:
                yield path
                return
            yield path[:end]


def _names(host: str) -> Iterator[str | None]:
    """Yield what a route may have written for a host."""
    yield None
    yield host
    rest = host
    while rest:
        _, _, rest = rest.partition(".")
        yield f"*.{rest}"
