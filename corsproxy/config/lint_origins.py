"""Origins that are valid in a policy and redundant, dead, or dangerous together."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from corsproxy.config.model_cors import Cors
from corsproxy.config.patterns import Origin
from corsproxy.config.report import Report
from corsproxy.config.tree import Node
from corsproxy.core import hosts
from corsproxy.core.origins import Origin as ExactOrigin
from corsproxy.core.origins import OriginPattern

_WEB = {"ws": "http", "wss": "https"}


def origins(cors: Cors, sources: Mapping[str, Node], report: Report) -> None:
    """Warn of entries that allow nothing new, nobody, or more than they seem to."""
    for key in ("allow_origins", "timing_allow_origin"):
        _tell_covered(getattr(cors, key) or (), sources.get(key), report)
    source = sources.get("allow_origins")
    pairs = list(zip(source.children.values(), cors.allow_origins, strict=True)) if source else []
    patterns = [(node, entry) for node, entry in pairs if isinstance(entry, OriginPattern)]
    for node, entry in patterns:
        if entry.scheme in _WEB:
            what = "the Origin of a WebSocket handshake is the page's own, never ws: or wss:"
            write = f"{entry}".replace(entry.scheme, _WEB[entry.scheme], 1)
            report.add(node, what, write, level="warning")
    if cors.allow_credentials:
        _tell_both_schemes(patterns, report)
    _private_network(cors, sources.get("allow_private_network"), report)


def exposure(cors: Cors, sources: Mapping[str, Node], report: Report) -> None:
    """Tell of pages on the user's own machine that an open listener lets in with credentials."""
    source, entries = sources.get("allow_origins"), cors.allow_origins
    if not cors.allow_credentials or source is None or not entries:
        return
    local = [_is_loopback(entry) for entry in entries]
    if all(local) and not cors.allow_origin_regex:
        what = "off loopback, with credentials, and only for pages on the user's own machine"
        report.add_key(source, what, "the origins of the real pages, too", level="warning")
        return
    for node, entry, loopback in zip(source.children.values(), entries, local, strict=True):
        if loopback and isinstance(entry, OriginPattern) and entry.any_port:
            what = "any program on the user's machine can serve a page that gets the session"
            report.add(node, what, level="info")


def _tell_covered(entries: Sequence[Origin], source: Node | None, report: Report) -> None:
    if source is None:
        return
    # of the others, each covers none but itself
    wide: dict[str, list[tuple[int, Origin]]] = defaultdict(list)
    for i, entry in enumerate(entries):
        if _is_wide(entry):
            wide[_host(entry)].append((i, entry))
    if not wide and len(set(entries)) == len(entries):
        return
    first: dict[Origin, int] = {}
    for i, (node, entry) in enumerate(zip(source.children.values(), entries, strict=True)):
        before = first.setdefault(entry, i)
        near = [pair for name in _names(_host(entry)) for pair in wide.get(name, ())]
        others = [(j, other) for j, other in near if j < i or other != entry]
        if before < i:
            others.append((before, entry))
        for _, other in sorted(others, key=lambda other: other[0]):
            if _covers(other, entry):
                what = f"covered by '{other}' already: leave it out"
                report.add(node, what, level="warning")
                break


def _host(entry: Origin) -> str:
    return "" if isinstance(entry, str) else entry.host


def _names(host: str) -> Iterator[str]:
    """Yield a host, those above it, and what `*` stands under."""
    while host:
        yield host
        host = host.partition(".")[2]
    yield ""


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


def _tell_both_schemes(patterns: Sequence[tuple[Node, OriginPattern]], report: Report) -> None:
    secure = {(e.host, e.subdomains): e for _, e in patterns if e.scheme == "https"}
    for node, entry in patterns:
        other = secure.get((entry.host, entry.subdomains))
        if entry.scheme == "http" and other and not hosts.is_loopback(entry.host):
            what = f"with credentials, '{other}' is worth no more than its plain http"
            report.add(node, what, f"'{other}' alone", level="warning")


def _private_network(cors: Cors, source: Node | None, report: Report) -> None:
    if not cors.allow_private_network or source is None:
        return
    what = "Chromium asks the user instead (Local Network Access): no answer of a server counts"
    if any(_is_insecure(entry) for entry in cors.allow_origins):
        what = "any page or network may reach into the private one, where a browser still asks"
        report.add(source, what, "only named https:// origins", level="warning")
    else:
        report.add(source, what, level="info")


def _is_insecure(entry: Origin) -> bool:
    if isinstance(entry, str):
        return True
    return entry.scheme == "http" and not hosts.is_loopback(entry.host)


def _is_loopback(entry: Origin) -> bool:
    return isinstance(entry, OriginPattern) and hosts.is_loopback(entry.host)
