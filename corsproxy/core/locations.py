"""Addresses of upstreams in responses, turned into addresses of the proxy.

A redirect that leaves the proxy makes the browser send `Origin: null` from then on (Fetch §3.1,
redirect-taint), so a login that hops between upstreams must stay here.
"""

import re

from corsproxy.core.fields import OWS
from corsproxy.core.origins import DEFAULT_PORTS
from corsproxy.core.routes import Route, RouteTable

# No two neighbours match the same octets, so that no value takes quadratic time.
_URL = re.compile(rb"(https?)://([^/?#\\\s]*)((?:[/?#\\]\S*)?)", re.IGNORECASE)
_REFRESH = re.compile(rb"([0-9.]+\s*[;,]\s*url\s*=\s*[\"']?)(\S*?)([\"']?\s*)", re.IGNORECASE)


def rewrite(url: bytes, table: RouteTable, current: Route, public: bytes) -> bytes:
    """Return `url` as an address of the proxy if it points at a route's upstream, else as it is.

    `public` is the scheme and authority by which the client knows the proxy.
    """
    match = _URL.fullmatch(url.strip(OWS))
    if match is None:
        return url
    address = _address(match[1], match[2])
    routes = [r for r in table.routes if str(r.upstream.address) == address]
    if _own_name(current) == address:
        routes.insert(0, current)
    path = match[3] if match[3].startswith(b"/") else b"/" + match[3]
    candidates = [seen for route in routes if (seen := _seen_from_outside(route, path))]
    if not candidates:
        return url
    matching = (seen for route, seen in candidates if route.matches_path(_path(seen)))
    return public + next(matching, candidates[0][1])


def rewrite_refresh(value: bytes, table: RouteTable, current: Route, public: bytes) -> bytes:
    """Rewrite the address in a Refresh field, `5; url=...`."""
    match = _REFRESH.fullmatch(value)
    if match is None:
        return value
    return match[1] + rewrite(match[2], table, current, public) + match[3]


def _address(scheme: bytes, authority: bytes) -> str:
    text = scheme.decode().lower()
    host = authority.decode("latin-1").lower().rpartition("@")[2]
    return f"{text}://{host.removesuffix(f':{DEFAULT_PORTS[text]}')}"


def _own_name(route: Route) -> str:
    """Return the upstream's address as it knows it itself: on a unix socket only its Host."""
    address = route.upstream.address
    return f"{address.scheme}://{address.authority}"


def _path(target: bytes) -> bytes:
    return re.split(rb"[?#]", target, maxsplit=1)[0]


def _seen_from_outside(route: Route, path: bytes) -> tuple[Route, bytes] | None:
    """Undo what forwarding did to the path: the upstream's own off, the stripped prefix on."""
    base = route.upstream.path.rstrip(b"/")
    if not (path.startswith(base) and path[len(base) : len(base) + 1] in (b"", b"/", b"?", b"#")):
        return None
    rest = path[len(base) :]
    if route.strip_prefix and route.path is not None:
        return route, (route.path.rstrip(b"/") + rest)
    return route, rest if rest.startswith(b"/") else b"/" + rest
