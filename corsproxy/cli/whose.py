"""Whose an address is by a route table: a listener's, an upstream's, or nobody's that it knows."""

from urllib.parse import SplitResult, urlsplit

from corsproxy.config.listeners import EVERY_INTERFACE
from corsproxy.config.settings import Config
from corsproxy.core import hosts, targets
from corsproxy.core.origins import DEFAULT_PORTS
from corsproxy.core.routes import Route


def path_for(config: Config, url: str) -> str | None:
    """Return what to ask the proxy for instead of an upstream's own URL; None if it is none's."""
    parts = urlsplit(url)
    routes = [route for route in config.table.routes if _leads_to(route, parts)]
    if not routes or known(config, url):
        return None
    path = (parts.path or "/").encode()
    found = (asked for route in routes if (asked := _way_there(route, path)) is not None)
    query = f"?{parts.query}" if parts.query else ""
    return next(found, path).decode() + query


def known(config: Config, url: str) -> bool:
    """Tell whether a URL may be the proxy's, as far as its listeners and routes tell."""
    parts = urlsplit(url)
    host = targets.host_name((parts.hostname or "").encode())
    named = any(route.host and route.matches_host(host) for route in config.table.routes)
    return named or _listened_to(config, parts)


def _leads_to(route: Route, parts: SplitResult) -> bool:
    address = route.upstream.address
    return not address.socket and address.port == _port(parts) and _same(address.host, parts)


def _listened_to(config: Config, parts: SplitResult) -> bool:
    """Tell whether a listener may be meant; one with port 0, or a unix socket, may be anywhere."""
    return any(
        bool(listener.socket)
        or not listener.port
        or (
            listener.port == _port(parts)
            and (listener.host in EVERY_INTERFACE or _same(listener.host, parts))
        )
        for listener in config.listen
    )


def _same(host: str, parts: SplitResult) -> bool:
    asked = parts.hostname or ""
    loopback = hosts.is_loopback(host) and hosts.is_loopback(asked)
    return loopback or host.strip("[]") == asked


def _port(parts: SplitResult) -> int | None:
    return parts.port or DEFAULT_PORTS.get(parts.scheme)


def _way_there(route: Route, path: bytes) -> bytes | None:
    """Return the path by which a route asks its upstream for another."""
    rest = b"/" + path.removeprefix(route.upstream.path.rstrip(b"/")).lstrip(b"/")
    for asked in (rest, (route.path or b"").rstrip(b"/") + rest):
        serves = route.matches_path(targets.comparable(asked))
        if serves and route.upstream.target(route.forwarded_path(asked), None) == path:
            return asked
    return None
