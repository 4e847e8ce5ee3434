"""URLs of upstreams and of forward proxies, with the octets of their path kept."""

import base64
import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote, unquote_to_bytes

from corsproxy.config import slips
from corsproxy.config.listeners import socket_path
from corsproxy.config.problems import WrongValueError
from corsproxy.config.scalars import kind_of, text
from corsproxy.core import hosts
from corsproxy.core.hosts import HostSyntaxError
from corsproxy.core.origins import DEFAULT_PORTS
from corsproxy.core.upstreams import ForwardProxy

URL_PATTERN = r"^([hH][tT][tT][pP][sS]?://|unix:/)[^\s#]+$"

_BLANK = re.compile(r"[\x00-\x20\x7f]")
_SAFE = "/%:@!$&'()*+,;=?-._~[]"
_MAX_PORT = 65535
_WEB = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Url:
    """An upstream's URL taken apart: the host in lower case, an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int
    path: bytes = b""
    query: bytes = b""
    socket: str | None = None


def upstream_url(value: object) -> Url:
    """Read `http://…`, `https://…` or `unix:/path.sock`; raise `WrongValueError` for all else."""
    if isinstance(value, list):
        first = value[0] if value and isinstance(value[0], str) else "http://localhost:8000"
        raise WrongValueError("one address is expected, not a list", first)
    if isinstance(value, int) and not isinstance(value, bool):
        write = f"http://localhost:{value}" if 1 <= value <= _MAX_PORT else None
        raise WrongValueError(f"expected a URL, got {kind_of(value)}", write)
    url = _clean(value)
    if url.startswith("unix:"):
        return Url("http", "localhost", 80, socket=socket_path(url))
    scheme, rest = _scheme(url)
    if "#" in rest:
        raise WrongValueError("a fragment is never sent", url.partition("#")[0])
    end = re.search(r"[/?]|$", rest)
    authority, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    if "@" in authority:
        write = "the Authorization in request_headers: {set: {}}"
        raise WrongValueError(
            "a user and a password have no place in the URL of an upstream", write
        )
    host, port = _host_and_port(authority, scheme)
    path, _, query = tail.partition("?")
    return Url(scheme, host, port, b"" if path == "/" else path.encode(), query.encode())


def forward_proxy(value: object) -> ForwardProxy:
    """Read `http[s]://[user:password@]host[:port]`; raise `WrongValueError` for what is none."""
    url = _clean(value)
    scheme, rest = _scheme(url)
    authority, _, tail = rest.partition("/")
    if tail or "?" in rest or "#" in rest:
        raise WrongValueError("the URL of a forward proxy ends with its port")
    userinfo, _, address = authority.rpartition("@")
    host, port = _host_and_port(address, scheme)
    credentials = base64.b64encode(unquote_to_bytes(userinfo)) if userinfo else None
    authorization = b"Basic " + credentials if credentials else None
    return ForwardProxy(host, port, scheme == "https", authorization)


def _clean(value: object) -> str:
    url = text(value)
    if _BLANK.search(url):
        # a blank in the path can be encoded, one in the host can't
        tail = re.fullmatch(r"(\S+://[^\s/]+)(/.*)?", url.strip())
        near = tail and tail[1] + quote(tail[2] or "", _SAFE)
        raise WrongValueError("a URL has no blanks and no control characters", near)
    if not url.isascii():
        return _refuse_non_ascii(url)
    return url


def _refuse_non_ascii(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    try:
        host = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        raise WrongValueError("a URL is written in ASCII") from None
    raise WrongValueError(
        "a URL is written in ASCII", scheme + mark + host + slash + quote(path, _SAFE)
    )


def _scheme(url: str) -> tuple[str, str]:
    if wrong := slips.refuse_variable(url):
        raise wrong
    if mended := slips.with_mark(url):
        raise slips.no_mark(mended)
    scheme, mark, rest = url.partition("://")
    if not mark:
        near = hosts.bracketed(url) or url.removeprefix("//")
        if port := re.fullmatch(r":?([0-9]+)", near):
            near = f"localhost:{port[1]}"
        raise WrongValueError(
            "the scheme is missing", None if near.startswith("/") else f"http://{near}"
        )
    scheme = scheme.lower()
    if scheme in _WEB:
        what = "a WebSocket begins as an HTTP request"
        raise WrongValueError(what, f"{_WEB[scheme]}://{rest}")
    if scheme not in DEFAULT_PORTS:
        raise WrongValueError(f"the scheme {scheme!r} is not spoken here", f"http://{rest}")
    return scheme, rest


def _host_and_port(authority: str, scheme: str) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([^:]*))?", authority)
    if not match:
        near = hosts.bracketed(authority)
        write = near and f"{scheme}://{near}"
        raise WrongValueError("an IPv6 address stands in brackets", write)
    host, port = match[1].lower(), match[2]
    if not host:
        raise WrongValueError("the host is missing", f"{scheme}://localhost{authority}")
    number = _port(port) if port else DEFAULT_PORTS[scheme]
    try:
        if host.startswith("["):
            return str(IPv6Address(host[1:-1])), number
        hosts.check(host)
    except AddressValueError as error:
        raise WrongValueError(f"{host!r} is no IPv6 address") from error
    except HostSyntaxError as error:
        near = f"{scheme}://{error.write}" + (f":{port}" if port else "")
        raise WrongValueError(f"{host!r} is no host", near if error.write else None) from error
    return host, number


def _port(port: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= _MAX_PORT:
        raise WrongValueError(f"{port!r} is no port: 1 to 65535")
    return int(port)
