"""Policies: the top-level `cors` and a route's own, merged key by key, checked and compiled."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from corsproxy.config import lint
from corsproxy.config.lint_regexes import Regexes
from corsproxy.config.model_cors import Cors
from corsproxy.config.patterns import Origin
from corsproxy.config.public_suffixes import PublicSuffixes
from corsproxy.config.report import Report
from corsproxy.config.tree import Node
from corsproxy.core import hosts
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.origins import OriginPattern, OriginSet

H = TypeVar("H", bound=Hashable)
T = TypeVar("T")

_INSTEAD = "each page's origin, such as http://localhost:3001"


@dataclass(frozen=True, slots=True)
class Written:
    """A policy as it is written in one place, with the node that stands there."""

    cors: Cors
    node: Node


@dataclass(slots=True)
class Policies:
    """Makes policies for routes, and keeps account of which named dangers any of them needs.

    `complete` is false where the top-level policy was wrong as a whole: nothing can be said to be
    missing then. `public`: others than this machine reach the proxy.
    """

    top: Written | None
    report: Report
    complete: bool = True
    public: bool = False
    _dangers: dict[Node, str] = field(default_factory=dict)
    _needed: set[Node] = field(default_factory=set)
    _told: set[tuple[Node, str]] = field(default_factory=set)
    _inherited: CorsPolicy | None = None
    _suffixes: PublicSuffixes = field(default_factory=PublicSuffixes)

    def default(self) -> CorsPolicy | None:
        """Compile the top-level policy alone, which judges what matches no route."""
        if self.top and self._inherited is None:
            self._inherited = self._compile([self.top])
        return self._inherited

    def of_route(self, own: Written | None, route: Node) -> CorsPolicy | None:
        """Compile the policy of a route: what it says itself, and for the rest the top level."""
        layers = [written for written in (self.top, own) if written]
        if not layers:
            if self.complete and "cors" not in route.damaged:
                what = "no policy applies to the route"
                self.report.add(route, what, "`cors` with allow_origins, or cors: off")
            return None
        merged = _Merged(layers)
        if self.complete and not merged.has_origins:
            node = merged.sources.get("allow_origins") or layers[-1].node
            what = "no origin is allowed, so the policy allows nothing"
            self.report.add_key(node, what, 'allow_origins: ["http://localhost:3001"]')
        return self._compile(layers) if own else self.default()

    def tell_unneeded(self) -> None:
        """Warn of dangers that were named and that nothing needs."""
        for node, danger in self._dangers.items():
            if node not in self._needed:
                what = f"nothing here needs {danger}"
                self.report.add(node, f"{what}: leave it out", level="warning")

    def _compile(self, layers: list[Written]) -> CorsPolicy:
        merged = _Merged(layers)
        for node, danger in merged.items("dangerously_allow", merged.cors.dangerously_allow):
            self._dangers.setdefault(node, danger)
        self._check_dangers(merged)
        if not any(written.node.is_damaged(*Cors.model_fields) for written in layers):
            lint.policy(merged.cors, merged.sources, self.report, public=self.public)
        return _policy(merged, self.report)

    def _check_dangers(self, merged: "_Merged") -> None:
        for node, entry in merged.items("allow_origins", merged.cors.allow_origins):
            for danger, what in self._dangers_of(entry, merged.cors.allow_credentials):
                self._need(danger, what, node, merged, _INSTEAD if entry == "*" else None)
        if (mode := merged.sources.get("mode")) and merged.cors.mode == "report":
            self._check_report(mode, merged)
        judge = Regexes(self._suffixes, self.report)
        for node, regex in merged.items("allow_origin_regex", merged.cors.allow_origin_regex):
            stranger = judge.check(regex, node)
            if stranger and not merged.cors.allow_credentials:
                what = f"it matches '{stranger.origin}', which is anyone's"
                write = '"*" in allow_origins' if stranger.anybody else stranger.write
                self.report.add(node, what, write, level="warning")
            elif stranger:
                what = "with credentials, a pattern for any origin gives every site the session"
                if not stranger.anybody:
                    what = f"with credentials, it gives '{stranger.origin}' the user's session"
                self._need("any_origin_with_credentials", what, node, merged, stranger.write)

    def _check_report(self, mode: Node, merged: "_Merged") -> None:
        if merged.cors.allow_credentials:
            what = "with credentials, to report and not refuse gives every site the user's session"
            self._need("any_origin_with_credentials", what, mode, merged)
        elif not merged.is_damaged("allow_credentials"):
            what = "every page may do what it likes here: nothing is refused, only reported"
            self.report.add(mode, what, level="info")

    def _dangers_of(self, entry: Origin, credentials: bool) -> Iterator[tuple[str, str]]:
        """Yield the dangers that an entry of `allow_origins` brings, and why each is one."""
        if entry == "null":
            what = "any site can open a frame whose origin is 'null'"
            yield "null_origin", f"{what}, and get the user's session" if credentials else what
        elif entry == "*":
            if credentials:
                what = "with credentials, '*' gives every site the user's session"
                yield "any_origin_with_credentials", what
        elif isinstance(entry, OriginPattern):
            if entry.subdomains and self._suffixes.is_open(entry.host):
                what = f"anyone can register a name under .{entry.host}"
                yield "public_suffix_wildcard", what
            if credentials and entry.scheme == "http" and not hosts.is_loopback(entry.host):
                who = "one forged name under it" if entry.subdomains else "anyone on the network"
                what = f"with credentials over plain http, {who} is the origin"
                yield "insecure_origin_with_credentials", what

    def _need(
        self, danger: str, what: str, node: Node, merged: "_Merged", instead: str | None = None
    ) -> None:
        for named, name in merged.items("dangerously_allow", merged.cors.dangerously_allow):
            if name == danger:
                self._needed.add(named)
                return
        at = merged.culprit(node) if danger.endswith("with_credentials") else node
        if merged.is_damaged("dangerously_allow") or (at, danger) in self._told:
            return
        self._told.add((at, danger))
        write = f"dangerously_allow: [{danger}] if it is meant"
        self.report.add(at, what, f"{instead}, or {write}" if instead else write)


class _Merged:
    """The layers of a policy as one, and for every key the node that it comes from."""

    def __init__(self, layers: list[Written]) -> None:
        self.layers = layers
        self.cors = layers[0].cors
        for written in layers[1:]:
            own = {name: getattr(written.cors, name) for name in written.cors.model_fields_set}
            self.cors = self.cors.model_copy(update=own)
        self.sources = {
            str(key): node for written in layers for key, node in written.node.children.items()
        }

    def items(self, key: str, values: Iterable[T]) -> list[tuple[Node, T]]:
        """Pair the values of a list with their nodes."""
        node = self.sources.get(key)
        return list(zip(node.children.values(), values, strict=True)) if node else []

    def culprit(self, node: Node) -> Node:
        """Return the node to blame: the credentials where a route adds them to other origins."""
        own = self.layers[-1].node
        credentials = own.get("allow_credentials")
        inherited = node.path[: len(own.path)] != own.path
        return credentials if credentials and inherited else node

    def is_damaged(self, *keys: str) -> bool:
        return any(written.node.is_damaged(*keys) for written in self.layers)

    @property
    def has_origins(self) -> bool:
        if self.is_damaged("allow_origins", "allow_origin_regex"):
            return True
        return bool(self.cors.allow_origins or self.cors.allow_origin_regex)


def _policy(merged: _Merged, report: Report) -> CorsPolicy:
    cors = merged.cors
    timing = cors.timing_allow_origin

    def unique(key: str, values: tuple[str, ...], fold: Callable[[str], str]) -> tuple[str, ...]:
        return _unique(merged.items(key, values), fold, report)

    return CorsPolicy(
        origins=_origins(cors.allow_origins, cors),
        methods=unique("allow_methods", cors.allow_methods, str),
        headers=unique("allow_headers", cors.allow_headers, str.lower),
        expose=unique("expose_headers", cors.expose_headers, str.lower),
        credentials=cors.allow_credentials,
        max_age=cors.max_age,
        fill=cors.upstream_cors == "fill",
        private_network=cors.allow_private_network,
        preflight_status=cors.preflight_status,
        block=cors.on_refused == "block",
        report=cors.mode == "report",
        timing_origins=None if timing is None else _origins(timing),
        resource_policy=cors.resource_policy,
    )


def _origins(entries: Iterable[Origin], cors: Cors | None = None) -> OriginSet:
    entries = tuple(dict.fromkeys(entries))
    return OriginSet(
        patterns=tuple(entry for entry in entries if isinstance(entry, OriginPattern)),
        regexes=cors.allow_origin_regex if cors else (),
        any_origin="*" in entries,
        null="null" in entries,
    )


def _unique(
    items: list[tuple[Node, str]], fold: Callable[[str], str], report: Report
) -> tuple[str, ...]:
    """Leave out what stands in a list twice, and say so."""
    kept: dict[str, str] = {}
    for node, value in items:
        if fold(value) in kept:
            report.add(node, "stands in the list already: leave it out", level="warning")
        kept.setdefault(fold(value), value)
    return tuple(kept.values())
