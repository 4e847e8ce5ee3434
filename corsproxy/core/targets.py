"""Request targets (RFC 9112 §3.2): split, compared and shortened without changing an octet."""

import re
from functools import lru_cache
from typing import NamedTuple

from corsproxy.core import hosts
from corsproxy.core.hosts import HostSyntaxError

_UNRESERVED = re.compile(rb"%(2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")
_SEPARATORS = re.compile(rb"/|\\|%2[fF]|%5[cC]")
_DOTS = re.compile(rb"(?:\.|%2[eE]){1,2}")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(rb"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~!$&'()+,;=%\-]+)(:[0-9]{0,5})?")
_LONGEST_HOST = 300  # octets: a name of 253, and a port
_MAX_PORT = 65535


class Target(NamedTuple):
    """A request target: the path as it came, and the query (None where there is no `?`).

    `authority` is set where the target was in absolute form, and then replaces Host.
    """

    path: bytes
    query: bytes | None = None
    authority: bytes | None = None


def parse(target: bytes) -> Target | None:
    """Split a target in origin, absolute or asterisk form; None for any other text.

    A fragment is no part of a request and is dropped (RFC 9110 §7.1).
    """
    authority = None
    if not target.startswith(b"/"):
        if target == b"*":
            return Target(b"*")
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            return None
        authority, target = absolute[1], absolute[2]
        if not target.startswith(b"/"):
            target = b"/" + target
    if b"#" in target:
        target = target.partition(b"#")[0]
    path, mark, query = target.partition(b"?")
    return Target(path, query if mark else None, authority)


def is_host(value: bytes) -> bool:
    """Tell whether `value` is a Host field's value: one host, perhaps with a port (§7.2)."""
    return len(value) <= _LONGEST_HOST and _is_host(value)


@lru_cache(1024)  # the same few hosts are asked for again and again
def _is_host(value: bytes) -> bool:
    match = _HOST.fullmatch(value)
    return match is not None and int((match[2] or b":")[1:] or b"0") <= _MAX_PORT


def host_name(value: bytes) -> str:
    """Return the host of a Host field in lower case, without its port."""
    match = _HOST.fullmatch(value)
    return match[1].decode("ascii").lower() if match else ""


def comparable(path: bytes) -> bytes:
    """Return the path with its needlessly encoded octets decoded, for comparing (RFC 3986 §6.2.2).

    Reserved octets stay encoded, so the segments are those of the path that is forwarded.
    """
    if b"%" not in path:
        return path
    return _UNRESERVED.sub(lambda m: bytes([int(m[1], 16)]), path)


def depth_below(path: bytes) -> int | None:
    r"""Return the lowest level that the dot segments of a path climb to, None if it has none.

    What an upstream may take for a separator or a dot counts as one: `%2e`, `%2f`, `%5c`, `\`.
    """
    if b"." not in path and b"%2" not in path:
        return None
    level, lowest, dotted = 0, 0, False
    for name in _segments(path):
        if _DOTS.fullmatch(name):
            level -= _climbs(name)
            lowest = min(level, lowest) if dotted else level
            dotted = True
        elif name:
            level += 1
    return lowest if dotted else None


def resolved(path: bytes) -> bytes:
    """Return a path with its dot segments followed, if it has any, as `depth_below` reads it."""
    if depth_below(path) is None:
        return path
    kept: list[bytes] = []
    last = b""
    for last in _segments(path):
        if not _DOTS.fullmatch(last):
            kept.extend([last] if last else [])
        elif _climbs(last):
            kept = kept[:-1]
    slash = b"/" if kept and (not last or _DOTS.fullmatch(last)) else b""
    return b"/" + b"/".join(kept) + slash


def _segments(path: bytes) -> list[bytes]:
    # a path parameter does not hide a dot segment from servers that cut it off
    return [segment.partition(b";")[0] for segment in _SEPARATORS.split(path)[1:]]


def _climbs(dots: bytes) -> bool:
    return dots.lower().replace(b"%2e", b".") == b".."


def check_host_pattern(pattern: str) -> None:
    """Raise `HostSyntaxError` unless `pattern` is a host name or `*.` and a host name."""
    if ":" in pattern and not pattern.startswith("["):
        raise HostSyntaxError("a route's host has no port", pattern.partition(":")[0])
    hosts.check(pattern.removeprefix("*."))
