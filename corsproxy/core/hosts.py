"""Host names and addresses as browsers write them (URL §3.5, host serialising)."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

_LABEL = re.compile(r"[a-z0-9_\-]{1,63}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LIKELY_PORT = re.compile(r"[1-9][0-9]{1,4}")
_MAX_PORT = 65535
_MAX_HOST = 253
_MAX_OCTET = 255


class HostSyntaxError(ValueError):
    """A text that no browser writes as a host. `write` is the host to write instead, if known."""

    def __init__(self, what: str, write: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.write = write


def check(host: str) -> None:
    """Raise `HostSyntaxError` unless `host` is one as browsers serialise it.

    Underscores, single labels and a root dot are found in the wild, and pass.
    """
    if host.startswith("["):
        _check_ipv6(host)
        return
    if not host or host.startswith("."):
        name = host.lstrip(".")
        write = f"*.{name}" if name and _passes(name) else None
        raise HostSyntaxError("the host has an empty label", write)
    if "*" in host:
        raise HostSyntaxError("'*' may only lead the host ('*.example.com') or be the port")
    labels = host.removesuffix(".").split(".")
    if len(host) > _MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise HostSyntaxError(f"{host!r} is no host name")
    if _NUMBER.fullmatch(labels[-1]) and not is_ipv4(host):
        raise HostSyntaxError(
            "browsers send an IPv4 address as four decimal numbers", _read_ipv4(host)
        )


def _passes(host: str) -> bool:
    try:
        check(host)
    except HostSyntaxError:
        return False
    return True


def _read_ipv4(host: str) -> str | None:
    """Read an address as browsers do: up to four numbers, also hexadecimal and octal (URL §3.5)."""
    try:
        *first, last = [_read_number(part) for part in host.removesuffix(".").split(".")]
    except ValueError:
        return None
    width = 4 - len(first)
    if width < 1 or any(number > _MAX_OCTET for number in first) or last >= 256**width:
        return None
    return str(IPv4Address(bytes(first) + last.to_bytes(width)))


def _read_number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


def _check_ipv6(host: str) -> None:
    try:
        canonical = f"[{serialise_ipv6(IPv6Address(host[1:-1]))}]"
    except AddressValueError as error:
        raise HostSyntaxError(f"{host!r} is no IPv6 address") from error
    if canonical != host:
        raise HostSyntaxError("browsers send an IPv6 address compressed, in hex", canonical)


def serialise_ipv6(address: IPv6Address) -> str:
    """Write an IPv6 address as browsers do: compressed, all in hexadecimal."""
    packed = address.packed
    pieces = [packed[i] << 8 | packed[i + 1] for i in range(0, 16, 2)]
    start, length = _longest_zero_run(pieces)
    if length < 2:  # noqa: PLR2004 one zero alone is not compressed
        return ":".join(f"{piece:x}" for piece in pieces)
    left = ":".join(f"{piece:x}" for piece in pieces[:start])
    right = ":".join(f"{piece:x}" for piece in pieces[start + length :])
    return f"{left}::{right}"


def _longest_zero_run(pieces: list[int]) -> tuple[int, int]:
    best, best_length, run = 0, 0, 0
    for i, piece in enumerate(pieces):
        run = run + 1 if piece == 0 else 0
        if run > best_length:
            best, best_length = i - run + 1, run
    return best, best_length


def bracketed(text: str) -> str | None:
    """Put an IPv6 address in brackets, and a last group that looks like a port behind them."""
    address, _, port = text.rpartition(":")
    if _LIKELY_PORT.fullmatch(port) and int(port) <= _MAX_PORT and _is_ipv6(address):
        return f"[{address}]:{port}"
    return f"[{text}]" if _is_ipv6(text) else None


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def is_ipv4(host: str) -> bool:
    """Tell whether `host` is an IPv4 address in its usual form."""
    try:
        return str(IPv4Address(host)) == host
    except AddressValueError:
        return False


def is_address(host: str) -> bool:
    """Tell whether `host` is an IP address rather than a name."""
    return host.startswith("[") or is_ipv4(host)


def is_loopback(host: str) -> bool:
    """Tell whether `host` (without brackets or with) never leaves the machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    bare = host.strip("[]")
    try:
        return (IPv6Address(bare) if ":" in bare else IPv4Address(bare)).is_loopback
    except AddressValueError:
        return False
