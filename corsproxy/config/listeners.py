"""Addresses to listen on: `host:port`, `:port`, `[::1]:port`, `unix:/path`."""

from ipaddress import AddressValueError, IPv6Address

from corsproxy.config.problems import WrongValueError
from corsproxy.config.scalars import kind_of
from corsproxy.core import hosts
from corsproxy.core.hosts import HostSyntaxError
from corsproxy.core.limits import Listener

EVERY_INTERFACE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 names, nothing is bound
_LONGEST_SOCKET_PATH = 107  # sockaddr_un's 108 octets, less the closing zero
_MAX_PORT = 65535


def listener(value: object) -> Listener:
    """Read an address to listen on; raise `WrongValueError` for what is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise WrongValueError(
            "an address has a host", f"127.0.0.1:{value}, or :{value} for all interfaces"
        )
    if not isinstance(value, str):
        raise WrongValueError(f"expected an address, got {kind_of(value)}", "127.0.0.1:8080")
    if value.startswith("unix:"):
        return Listener(socket=socket_path(value))
    if "://" in value:
        rest = value.partition("://")[2].rstrip("/")
        raise WrongValueError("an address has no scheme", rest or None)
    host, port = _split(value)
    if host == "*":
        raise WrongValueError("all interfaces are an empty host", f":{port}")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= _MAX_PORT):  # noqa: PLR2004
        raise WrongValueError("the port is a number from 0 to 65535")
    return Listener(_host(host), int(port))


def socket_path(value: str) -> str:
    """Return the path of `unix:/path`; raise `WrongValueError` where it is none."""
    path = value.removeprefix("unix:")
    if path.startswith("//"):
        raise WrongValueError("a socket is a path, not a URL", f"unix:/{path.lstrip('/')}")
    if not path.startswith("/") or path == "/":
        raise WrongValueError("a socket's path starts at the root", "unix:/run/corsproxy.sock")
    if not path.isprintable():
        raise WrongValueError("a socket's path has no control characters")
    if len(path.encode()) > _LONGEST_SOCKET_PATH:
        raise WrongValueError(f"a socket's path has at most {_LONGEST_SOCKET_PATH} octets")
    return path


def overlap(one: Listener, other: Listener) -> bool:
    """Tell whether two listeners can't both be bound; port 0 is a free one each time."""
    if one.socket or other.socket:
        return one.socket == other.socket
    if one.port != other.port or one.port == 0:
        return False
    names = {_name(one.host), _name(other.host)}
    return len(names) == 1 or bool(names & EVERY_INTERFACE)


def _name(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else host


def _split(value: str) -> tuple[str, str]:
    if value.startswith("["):
        host, bracket, rest = value.partition("]")
        if not bracket or not rest.startswith(":"):
            raise WrongValueError("an IPv6 address stands in brackets, with a port", "[::1]:8080")
        return host[1:], rest[1:]
    host, colon, port = value.rpartition(":")
    if not colon and port.isdigit():
        raise WrongValueError(
            "an address has a host", f"127.0.0.1:{port}, or :{port} for all interfaces"
        )
    if not colon:
        raise WrongValueError("the port is missing", f"{value}:8080" if value else "127.0.0.1:8080")
    if ":" in host:
        raise WrongValueError("an IPv6 address stands in brackets", f"[{host}]:{port}")
    return host, port


def _host(host: str) -> str:
    if not host:
        return ""
    try:
        if ":" in host:
            return str(IPv6Address(host))
        hosts.check(host.lower())
    except AddressValueError as error:
        raise WrongValueError(f"{host!r} is no IPv6 address") from error
    except HostSyntaxError as error:
        raise WrongValueError(f"{host!r} is no host to listen on") from error
    return host.lower()
