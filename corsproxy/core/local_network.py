"""What a browser stops before CORS has a say: mixed content, and access to a nearer network.

Sources: Mixed Content §4.4 and Secure Contexts §3.1 (W3C), Local Network Access (WICG), and for
what browsers do the tables of MDN and Mozilla's own help pages.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from corsproxy.core import hosts
from corsproxy.core.browser import Failure, Finding

MIXED = "Mixed Content §4.4, should fetching be blocked"
SECTION = "Local Network Access (WICG), since Chrome 142"

_LOCAL = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
            *("fc00::/7", "fe80::/10"),
        ),
    )
)


class Space(IntEnum):
    """How near an address is: the higher, the fewer can reach it."""

    PUBLIC = 0
    LOCAL = 1
    LOOPBACK = 2

    def __str__(self) -> str:
        """Write it as browsers do."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Crossing:
    """A page of one address space that asks a server of a nearer one."""

    page: Space
    server: Space
    url: str
    secure: bool

    @property
    def permission(self) -> str:
        """The permission that a browser asks its user for."""
        return f"{self.server}-network"


def space_of(addresses: Iterable[str]) -> Space:
    """Return the nearest address space of some addresses, public where there is none."""
    return max(map(_space, addresses), default=Space.PUBLIC)


def named_space(host: str) -> Space | None:
    """Return the address space that a host shows by itself, None for one to look up."""
    if hosts.is_loopback(host):
        return Space.LOOPBACK
    if hosts.is_address(host) or ":" in host:
        return _space(host.strip("[]"))
    return Space.LOCAL if host.endswith(".local") else None


def _space(text: str) -> Space:
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    address = mapped or address
    if address.is_loopback:
        return Space.LOOPBACK
    near = any(address in network for network in _LOCAL if network.version == address.version)
    return Space.LOCAL if near else Space.PUBLIC


def crossing(origin: bytes, page: Space, url: str, server: Space) -> Crossing | None:
    """Return what a browser with Local Network Access asks its user about, if it does.

    It counts what the address is, not what headers say; and it asks for pages that came in a
    secure context alone, and refuses the others.
    """
    return Crossing(page, server, url, trustworthy(origin.decode())) if server > page else None


def trustworthy(origin: str) -> bool:
    """Tell whether an origin is potentially trustworthy (Secure Contexts §3.1)."""
    parts = urlsplit(origin)
    return parts.scheme != "http" or hosts.is_loopback(parts.hostname or "")


def mixed_content(origin: bytes, url: str) -> Finding | None:
    """Return why a browser doesn't send a page's request at all, None where it does."""
    parts = urlsplit(url)
    if not origin.startswith(b"https:") or trustworthy(url):
        return None
    what = f"a page that came over https may not ask {parts.scheme}://{parts.netloc}"
    return Finding(what, MIXED, Failure.MIXED_CONTENT)
