"""Upstreams that are valid and yet nowhere to send a page's requests to."""

from collections.abc import Sequence

from corsproxy.config.listeners import EVERY_INTERFACE
from corsproxy.config.report import Report
from corsproxy.config.tree import Node, Place
from corsproxy.core import hosts
from corsproxy.core.limits import Listener
from corsproxy.core.routes import Route
from corsproxy.core.upstreams import Address

# what clouds give a machine's own credentials out at
_METADATA = frozenset(
    {"169.254.169.254", "fd00:ec2::254", "100.100.100.200", "metadata.google.internal"}
)
_LOCALHOST = ("127.0.0.1", "::1")


def upstreams(
    routes: Sequence[tuple[Route, Node]],
    listen: Sequence[Listener],
    admin: Listener | None,
    report: Report,
) -> None:
    """Warn of routes that lead back to the proxy, or to what no page should see."""
    for route, node in routes:
        address, at = route.upstream.address, _named(node)
        if at is None or address.proxy is not None:
            continue
        if any(_is_at(address, listener) for listener in listen):
            what = "the proxy itself listens here: a request would come back to it (508)"
            report.add(at, what, "the address of the API", level="warning")
        elif admin is not None and _is_at(address, admin):
            what = "this is the admin listener, which is not for pages"
            report.add(at, what, "the address of the API", level="warning")
        elif address.host.rstrip(".") in _METADATA:
            what = "clouds give the machine's own credentials out here, to every allowed page"
            report.add(at, what, "the address of the API", level="warning")


def place(node: Node) -> Place | None:
    """Return where a route names its upstream."""
    at = _named(node)
    return at.place if at else None


def _named(node: Node) -> Node | None:
    return node.get("upstream", "url") or node.get("upstream")


def _is_at(address: Address, listener: Listener) -> bool:
    if address.socket or listener.socket:
        return address.socket == listener.socket
    if address.port != listener.port:
        return False
    if listener.host in EVERY_INTERFACE:
        return hosts.is_loopback(address.host) or address.host in EVERY_INTERFACE
    return bool(_names(address.host) & _names(listener.host))


def _names(host: str) -> set[str]:
    return set(_LOCALHOST) if host == "localhost" else {host}
