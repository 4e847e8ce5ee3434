"""What is valid and still wrong: hidden routes, redundancies, and what surprises in a browser."""

from collections.abc import Mapping, Sequence

from corsproxy.config.model_cors import Cors
from corsproxy.config.patterns import Origin
from corsproxy.config.report import Report
from corsproxy.config.tree import Node
from corsproxy.core.origins import Origin as ExactOrigin
from corsproxy.core.origins import OriginPattern
from corsproxy.core.route_index import RouteIndex
from corsproxy.core.routes import Route
from corsproxy.core.trust import Network

# Access-Control-Max-Age, as far as each engine honours it, in seconds
CHROMIUM_MAX_AGE = 7200
FIREFOX_MAX_AGE = 86400
SAFARI_MAX_AGE = 600

_WITHOUT_CONTENT = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})  # RFC 9110 §9.3


def policy(cors: Cors, sources: Mapping[str, Node], report: Report) -> None:
    """Warn of what is redundant in a policy, or will not do in a browser what it says."""
    _origins(cors.allow_origins, sources.get("allow_origins"), report)
    if cors.timing_allow_origin:
        _origins(cors.timing_allow_origin, sources.get("timing_allow_origin"), report)
    _max_age(cors.max_age, sources.get("max_age"), report)
    _headers(cors, sources, report)


def _origins(entries: Sequence[Origin], source: Node | None, report: Report) -> None:
    if source is None:
        return
    # of the others, each covers none but itself
    wide = [(i, entry) for i, entry in enumerate(entries) if _is_wide(entry)]
    first: dict[Origin, int] = {}
    for i, (node, entry) in enumerate(zip(source.children.values(), entries, strict=True)):
        before = first.setdefault(entry, i)
        others = [(j, other) for j, other in wide if j < i or other != entry]
        if before < i:
            others = sorted([*others, (before, entry)], key=lambda other: other[0])
        for _, other in others:
            if _covers(other, entry):
                what = f"covered by '{other}' already: leave it out"
                report.add(node, what, level="warning")
                break


def _is_wide(entry: Origin) -> bool:
    return entry == "*" if isinstance(entry, str) else entry.any_port or entry.subdomains


def _covers(other: Origin, entry: Origin) -> bool:
    """Tell whether whatever `entry` allows, `other` allows as well."""
    if other in {"*", entry}:
        return True
    if not (isinstance(other, OriginPattern) and isinstance(entry, OriginPattern)):
        return False
    if entry.any_port and not other.any_port:
        return False
    if entry.subdomains and not other.subdomains:
        return False
    if entry.subdomains and entry.host == other.host:
        return entry.scheme == other.scheme and (other.any_port or entry.port == other.port)
    return other.matches(ExactOrigin(entry.scheme, entry.host, entry.port))


def _max_age(seconds: int | None, source: Node | None, report: Report) -> None:
    if seconds is None or source is None:
        return
    if seconds > FIREFOX_MAX_AGE:
        what = (
            f"no browser honours it: Firefox stops at {FIREFOX_MAX_AGE} s, "
            f"Chromium at {CHROMIUM_MAX_AGE}, Safari at {SAFARI_MAX_AGE}"
        )
        report.add(source, what, str(FIREFOX_MAX_AGE), level="warning")
    elif seconds > CHROMIUM_MAX_AGE:
        what = f"Chromium stops at {CHROMIUM_MAX_AGE} s, Safari at {SAFARI_MAX_AGE}"
        report.add(source, what, level="info")


def _headers(cors: Cors, sources: Mapping[str, Node], report: Report) -> None:
    names = {name.lower() for name in cors.allow_headers}
    headers = sources.get("allow_headers")
    if headers and "*" in names and "authorization" not in names:
        what = "'*' does not cover Authorization (Fetch §3.3.4)"
        report.add_key(headers, what, '["*", Authorization] where pages send it', level="warning")
    sends = [name for name in cors.allow_methods if name not in _WITHOUT_CONTENT]
    methods = sources.get("allow_methods")
    if methods and sends and not names & {"*", "content-type"}:
        what = "requests with a JSON body will fail: Content-Type is not in allow_headers"
        report.add_key(methods, what, "allow_headers: [Content-Type]", level="warning")


def trusted_proxies(
    networks: Sequence[Network | None], source: Node | None, report: Report
) -> None:
    """Warn where anybody is a trusted proxy."""
    for node, network in zip(source.children.values() if source else (), networks, strict=True):
        if network is not None and network.prefixlen == 0:
            what = "everyone is trusted: any client can say it is another"
            report.add(node, what, "the addresses of the proxies in front", level="warning")


def hidden_routes(routes: Sequence[tuple[Route, Node]], report: Report) -> None:
    """Tell of routes that no request can reach, since earlier ones take them all."""
    table = [route for route, _ in routes]
    index = RouteIndex(table)
    places = {id(route): i for i, route in enumerate(table)}
    for i, (route, node) in enumerate(routes):
        near = index.candidates(table, route.path or b"/", route.host or "")
        earlier = [o for o in near if places[id(o)] < i and _takes_paths_of(o, route)]
        whole = next((other for other in earlier if not other.methods), None)
        methods = frozenset[bytes]().union(*(other.methods for other in earlier))
        if whole or (route.methods and route.methods <= methods):
            hiding = [whole] if whole else [o for o in earlier if o.methods & route.methods]
            names = " and ".join(other.place for other in hiding)
            what = (
                f"no request gets here: {names} {'take' if len(hiding) > 1 else 'takes'} them all"
            )
            report.add(node, what, "the narrower route first")


def _takes_paths_of(other: Route, route: Route) -> bool:
    if other.host is not None and (route.host is None or not other.matches_host(route.host)):
        return False  # a pattern matches itself, and what is narrower
    if other.path_regex is not None:
        return route.path_regex == other.path_regex
    if route.path is None:
        return other.path == b"/"
    return other.matches_path(route.path)
