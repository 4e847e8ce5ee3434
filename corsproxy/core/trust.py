"""Proxies in front of this one that are trusted, and what they say of who asks (RFC 7239).

A field may hold the words of several: each proxy puts what it saw behind what it was told. Read
from its end, it is true as far back as those who wrote it are trusted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from corsproxy.core import targets
from corsproxy.core.fields import OWS, members

Network = IPv4Network | IPv6Network

_X_FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
_PARAMETERS = (b"for", b"proto", b"host")

# some proxies name what a WebSocket handshake asks for
_SCHEMES = {b"http": "http", b"https": "https", b"ws": "http", b"wss": "https"}

# A quote takes all up to the next, or to the end, so that no value takes quadratic time.
_ELEMENT = re.compile(rb'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_PAIR = re.compile(rb'(?:[^;"]|"(?:[^"\\]|\\.)*"?)+')
_QUOTED_PAIR = re.compile(rb"\\(.)")


class Told(NamedTuple):
    """What trusted proxies say of the client and of what it asked for; None where they don't."""

    address: str | None = None
    scheme: str | None = None
    host: bytes | None = None


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Whose word is taken: peers in one of the networks, and with `unix` those on unix sockets."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    def trust(self, address: str | None) -> bool:
        """Tell whether a peer is trusted; its address is None on a unix socket."""
        if address is None:
            return self.unix
        parsed = _read_node(address) if self.networks else None
        return parsed is not None and self._hold(parsed)

    def told(self, named: Mapping[bytes, Sequence[bytes]]) -> Told:
        """Read the fields of a trusted peer, by their names in lower case.

        The client is the last address that isn't a trusted proxy's. `Forwarded` is read where
        there is no X-Forwarded-*: a proxy that writes one of them may pass on the other.
        """
        nodes, schemes, hosts = _x_forwarded(named) or _forwarded(named)
        address = None
        trusted = 0
        for node in reversed(nodes):
            parsed = _read_node(node.decode("latin-1"))
            if parsed is None:
                break
            address = str(parsed)
            if not self._hold(parsed):
                break
            trusted += 1
        host = _said_behind(hosts, trusted)
        scheme = _SCHEMES.get(_said_behind(schemes, trusted).lower())
        return Told(address, scheme, host if targets.is_host(host) else None)

    def _hold(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self.networks)


def _x_forwarded(named: Mapping[bytes, Sequence[bytes]]) -> Sequence[list[bytes]]:
    said = [list(members(named.get(name, ()))) for name in _X_FORWARDED]
    return said if any(said) else ()


def _forwarded(named: Mapping[bytes, Sequence[bytes]]) -> Sequence[list[bytes]]:
    elements = list(_elements(b",".join(named.get(b"forwarded", ()))))
    return [[element.get(name, b"") for element in elements] for name in _PARAMETERS]


def _elements(value: bytes) -> Iterator[dict[bytes, bytes]]:
    """Yield the parameters of each element, by their names in lower case (RFC 7239 §4)."""
    for element in _ELEMENT.findall(value):
        if not element.strip(OWS):
            continue
        pairs = (pair.partition(b"=") for pair in _PAIR.findall(element))
        yield {name.strip(OWS).lower(): _unquoted(text.strip(OWS)) for name, _, text in pairs}


def _unquoted(text: bytes) -> bytes:
    if not text.startswith(b'"'):
        return text
    return _QUOTED_PAIR.sub(rb"\1", text[1:].removesuffix(b'"'))


def _said_behind(words: Sequence[bytes], trusted: int) -> bytes:
    """Return what the outermost proxy to be believed said; one that is alone speaks for all."""
    return words[max(len(words) - 1 - trusted, 0)] if words else b""


def _read_node(node: str) -> IPv4Address | IPv6Address | None:
    """Read an address, which may have a port, brackets and a zone (RFC 7239 §6)."""
    if node.startswith("["):
        node = node[1:].partition("]")[0]
    elif node.count(":") == 1:
        node = node.partition(":")[0]
    try:
        address = ip_address(node.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
