"""What is valid and still wrong: hidden routes, redundancies, and what surprises in a browser."""

from collections.abc import Mapping, Sequence

from corsproxy.config import lint_names, lint_origins
from corsproxy.config.model_cors import Cors
from corsproxy.config.report import Report
from corsproxy.config.tree import Node
from corsproxy.core.preflight_cache import CAPS
from corsproxy.core.route_index import RouteIndex
from corsproxy.core.routes import Route
from corsproxy.core.trust import Network


def policy(
    cors: Cors, sources: Mapping[str, Node], report: Report, *, public: bool = False
) -> None:
    """Warn of what is redundant in a policy, or will not do in a browser what it says.

    `public`: others than this machine reach the proxy.
    """
    lint_origins.origins(cors, sources, report)
    if public:
        lint_origins.exposure(cors, sources, report)
    _max_age(cors.max_age, sources.get("max_age"), report)
    lint_names.names(cors, sources, report)


def _max_age(seconds: int | None, source: Node | None, report: Report) -> None:
    if seconds is None or source is None:
        return
    chromium, firefox, safari = (CAPS[name] for name in ("Chromium", "Firefox", "Safari"))
    if seconds > firefox:
        what = (
            f"no browser honours it: Firefox stops at {firefox} s, "
            f"Chromium at {chromium}, Safari at {safari}"
        )
        report.add(source, what, str(firefox), level="warning")
    elif seconds > chromium:
        what = f"Chromium stops at {chromium} s, Safari at {safari}"
        report.add(source, what, level="info")


def left_alone(routes: Sequence[tuple[Route, Node]], cors: Cors | None, report: Report) -> None:
    """Tell of routes that leave preflights to an upstream that pages log in to."""
    if cors is None:
        return
    names = {name.lower() for name in cors.allow_headers}
    if not (cors.allow_credentials or "authorization" in names):
        return
    for route, node in routes:
        if route.policy is None and (at := node.get("cors")):
            what = "preflights come without credentials: the upstream has to answer them to anyone"
            report.add(at, what, level="info")


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
