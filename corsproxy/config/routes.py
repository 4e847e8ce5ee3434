"""Routes: what each matches, where it leads, and what holds on it."""

from dataclasses import dataclass, fields
from typing import TypeVar

from pydantic import BaseModel

from corsproxy.config import model
from corsproxy.config.model_cors import Cors
from corsproxy.config.model_edits import Cookies, RequestHeaders, ResponseHeaders
from corsproxy.config.policies import Policies, Written
from corsproxy.config.problems import path_text
from corsproxy.config.report import Report
from corsproxy.config.tree import Node
from corsproxy.config.upstreams import Surroundings, compile_upstream
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.limits import Limits, Timeouts
from corsproxy.core.routes import CookieRules, HeaderEdits, Route
from corsproxy.core.upstreams import Address, Upstream

V = TypeVar("V", Timeouts, Limits)

# stands where a wrong upstream was told of, so that the rest of its route is judged
_NOWHERE = Upstream(Address("invalid", 80))

_MATCHING = ("path", "path_regex", "host", "methods")


@dataclass(frozen=True, slots=True)
class Routes:
    """Compiles the routes of a table, one by one."""

    table: model.Table
    policies: Policies
    around: Surroundings
    report: Report

    def compile(self, written: model.Route, node: Node) -> Route:
        """Make a route; what is wrong with it is told to the report."""
        self._check_path(written, node)
        limits = settings(Limits(), self.table.limits, written.limits)
        path = None if written.path_regex else written.path or b"/"
        pattern = written.path_regex.pattern if written.path_regex else path or b""
        own = isinstance(written.cors, Cors)
        return Route(
            name=written.name or pattern.decode(),
            upstream=self._upstream(written, node),
            path=path,
            path_regex=written.path_regex,
            host=written.host,
            methods=frozenset(method.encode() for method in written.methods),
            strip_prefix=written.strip_prefix,
            preserve_host=written.preserve_host,
            rewrite_location=written.rewrite_location,
            request_headers=self._edits(written.request_headers, node.get("request_headers")),
            response_headers=self._edits(written.response_headers, node.get("response_headers")),
            cookies=_cookie_rules(written.cookies),
            cookies_local=isinstance(written.cookies, str),
            policy=self._policy(written, node),
            timeouts=settings(Timeouts(), self.table.timeouts, written.timeouts),
            request_body=limits.request_body,
            place=path_text(node.path),
            policy_place=path_text((*node.path, "cors")) if own else "cors",
        )

    def _check_path(self, written: model.Route, node: Node) -> None:
        regex = node.get("path_regex")
        if regex and node.get("path"):
            self.report.add_key(regex, "a route has a path or a path_regex, not both")
        if regex and written.strip_prefix:
            at = node.get("strip_prefix") or node
            what = "a regular expression has no prefix to strip"
            self.report.add_key(at, what, "`path` instead of `path_regex`")

    def _upstream(self, written: model.Route, node: Node) -> Upstream:
        at = node.get("upstream")
        if written.upstream is None or at is None:
            if "upstream" not in node.damaged:
                what = "the route has no upstream"
                self.report.add(node, what, "upstream: http://localhost:8000")
            return _NOWHERE
        return compile_upstream(written.upstream, at, self.around, self.report) or _NOWHERE

    def _policy(self, written: model.Route, node: Node) -> CorsPolicy | None:
        if isinstance(written.cors, str):
            return None
        at = node.get("cors")
        own = Written(written.cors, at) if written.cors and at else None
        return self.policies.of_route(own, node)

    def _edits(
        self, written: RequestHeaders | ResponseHeaders | None, node: Node | None
    ) -> HeaderEdits:
        if written is None or node is None:
            return HeaderEdits()
        seen: set[str] = set()
        for name in written.set:
            if name.lower() in seen:
                at = node.get("set", name) or node
                self.report.add_key(at, "set already: the case of a header's name doesn't count")
            seen.add(name.lower())
        return HeaderEdits(
            set=tuple((name.encode(), value) for name, value in written.set.items()),
            add=tuple((name.encode(), value) for name, value in written.add.items()),
            remove=tuple(name.encode() for name in written.remove),
        )


def matching_is_known(node: Node) -> bool:
    """Tell whether what a route matches is as it was written, with nothing taken out."""
    return not node.is_damaged(*_MATCHING)


def settings(value: V, *layers: BaseModel | None) -> V:
    """Make a value of what the models say, the later ones over the earlier."""
    said = {field.name: getattr(value, field.name) for field in fields(value)}
    for layer in layers:
        if layer:
            said.update({name: getattr(layer, name) for name in layer.model_fields_set})
    return type(value)(**said)


def _cookie_rules(written: Cookies | str | None) -> CookieRules | None:
    if not isinstance(written, Cookies):
        return None
    return CookieRules(written.domain, written.path, written.same_site, written.secure)
