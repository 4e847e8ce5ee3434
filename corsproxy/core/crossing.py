"""What becomes of a field as it crosses the gateway, by its name alone (RFC 9110 §7.6).

A name is looked at once: what it means is remembered, for a bounded number of short names, since
the same few come with every message.
"""

from collections.abc import Callable
from enum import Enum, auto

from corsproxy.core.fields import HOP_BY_HOP
from corsproxy.core.forwarding import is_forwarding

_MOST_REMEMBERED = 4096
_LONGEST_REMEMBERED = 64

_PINNED = frozenset({b"strict-transport-security", b"alt-svc"})


class Crossing(Enum):
    """What a field's name asks for."""

    __hash__ = object.__hash__  # Enum's own is a Python function, and these are looked up often

    PASS = auto()
    DROP = auto()
    # towards the upstream
    HOST = auto()
    MAX_FORWARDS = auto()
    EXPECT = auto()
    # towards the client
    CORS = auto()
    VARY = auto()
    DATE = auto()
    LENGTH = auto()
    SET_COOKIE = auto()
    LOCATION = auto()
    REFRESH = auto()
    UPGRADE = auto()
    TRAILER = auto()
    CONNECTION = auto()
    PINNED = auto()


Known = tuple[Crossing, bytes]  # and the name in lower case

_UP = {
    b"host": Crossing.HOST,
    b"max-forwards": Crossing.MAX_FORWARDS,
    b"expect": Crossing.EXPECT,
}
_DOWN = {
    b"vary": Crossing.VARY,
    b"date": Crossing.DATE,
    b"content-length": Crossing.LENGTH,
    b"set-cookie": Crossing.SET_COOKIE,
    b"location": Crossing.LOCATION,
    b"content-location": Crossing.LOCATION,
    b"refresh": Crossing.REFRESH,
    b"upgrade": Crossing.UPGRADE,
    b"trailer": Crossing.TRAILER,
    b"connection": Crossing.CONNECTION,
} | dict.fromkeys(_PINNED, Crossing.PINNED)


def _to_upstream(key: bytes) -> Crossing:
    if key in HOP_BY_HOP or is_forwarding(key):
        return Crossing.DROP
    return _UP.get(key, Crossing.PASS)


def _to_client(key: bytes) -> Crossing:
    if key.startswith(b"access-control-"):
        return Crossing.CORS
    if key in HOP_BY_HOP and key not in _DOWN:
        return Crossing.DROP
    return _DOWN.get(key, Crossing.PASS)


class Names(dict[bytes, Known]):
    """Names as they come, letter case and all, and what each means; looked up like a dict."""

    def __init__(self, meaning: Callable[[bytes], Crossing]) -> None:
        """Remember what `meaning` says of a name in lower case."""
        super().__init__()
        self._meaning = meaning

    def __missing__(self, name: bytes) -> Known:
        key = name.lower()
        known = (self._meaning(key), key)
        if len(self) < _MOST_REMEMBERED and len(name) <= _LONGEST_REMEMBERED:
            self[name] = known
        return known


TO_UPSTREAM = Names(_to_upstream)
TO_CLIENT = Names(_to_client)
