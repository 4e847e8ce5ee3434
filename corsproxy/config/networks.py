"""Networks of trusted proxies: `10.0.0.0/8`, `192.0.2.1`, `fd00::/8`, or `unix`."""

import re
from ipaddress import IPv6Address, ip_interface

from corsproxy.config.problems import WrongValueError
from corsproxy.config.scalars import text
from corsproxy.core.trust import Network

NETWORK_PATTERN = r"^(unix|[0-9A-Fa-f.:]+(/[0-9]{1,3})?)$"

_NO_ADDRESS = re.compile(r"[^0-9a-fA-F.:/]")
_ZONE = re.compile(r"%[^/]*")
_MAPPED = 96  # bits before an IPv4 address in IPv6 (RFC 4291 §2.5.5.2)


def proxy_network(value: object) -> Network | None:
    """Read a network or an address, None for `unix`; raise `WrongValueError` for what is none."""
    written = text(value)
    if written == "unix":
        return None
    _refuse_other_forms(written)
    try:
        interface = ip_interface(written)
    except ValueError as error:
        raise WrongValueError(f"{written!r} is no network") from error
    network = interface.network
    bits = written.partition("/")[2]
    if not bits.isdigit() and bits:
        raise WrongValueError("a network's size is a number of bits", str(network))
    if interface.ip != network.network_address:
        raise WrongValueError("the address has bits beyond its network's", str(network))
    if isinstance(interface.ip, IPv6Address) and network.prefixlen >= _MAPPED:
        mapped = interface.ip.ipv4_mapped
        if mapped is not None:
            raise WrongValueError("IPv4 stands as IPv4", f"{mapped}/{network.prefixlen - _MAPPED}")
    return network


def _refuse_other_forms(written: str) -> None:
    if written.startswith("unix:"):
        raise WrongValueError("a socket is trusted with all others", "unix")
    if written.startswith("["):
        bare = written[1:].replace("]", "", 1)
        raise WrongValueError("a network stands without brackets", bare)
    if "%" in written:
        raise WrongValueError("a network has no zone", _ZONE.sub("", written))
    if _NO_ADDRESS.search(written):
        raise WrongValueError("a proxy is trusted by its address, not by its name", "10.0.0.0/8")
