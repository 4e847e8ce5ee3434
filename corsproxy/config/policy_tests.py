"""A policy's own tests: requests of pages, each with what is to become of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from corsproxy.config import model
from corsproxy.config.model_cors import Cors
from corsproxy.config.model_tests import PolicyTest as Written
from corsproxy.config.problems import Problem, path_text
from corsproxy.config.report import Report
from corsproxy.config.settings import PolicyTest
from corsproxy.config.tree import Node
from corsproxy.core import targets
from corsproxy.core.advice import advise
from corsproxy.core.cors import CorsPolicy, CorsRequest, PreflightRequest
from corsproxy.core.errors import GatewayError
from corsproxy.core.methods import SAFELISTED_METHODS, normalise_method
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.verdicts import Refusal, Verdict

# Fetch §2.2.2: the values are not known here, and those of others may need leave
_SAFELISTED = frozenset({"accept", "accept-language", "content-language"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a test; `problem` is None where it was as expected."""

    test: PolicyTest
    said: str
    problem: Problem | None = None


def compile_tests(table: model.Table, root: Node, report: Report) -> tuple[PolicyTest, ...]:
    """Read all tests of a table: its own, those of its policies, and those of its routes."""
    found = list(_read(table.tests, root, None, report))
    if table.cors:
        found += _read(table.cors.tests, root.get("cors"), None, report)
    at = root.get("routes")
    for route, node in zip(table.routes, at.children.values() if at else (), strict=True):
        place = path_text(node.path)
        found += _read(route.tests, node, place, report)
        if isinstance(route.cors, Cors):
            found += _read(route.cors.tests, node.get("cors"), place, report)
    return tuple(found)


def _read(
    tests: Iterable[Written], parent: Node | None, route: str | None, report: Report
) -> Iterator[PolicyTest]:
    source = parent.get("tests") if parent else None
    for node, written in zip(source.children.values() if source else (), tests, strict=True):
        missing = [
            key
            for key in ("path", "origin", "expect")
            if getattr(written, key) is None and key not in node.damaged
        ]
        for key in missing:
            report.add(node, f"the test has no {key}", _EXAMPLES[key])
        if written.reason and written.expect == "allow":
            at = node.get("reason") or node
            report.add_key(at, "what is allowed has no reason: leave it out")
        yield PolicyTest(
            file=report.file,
            name=path_text(node.path),
            place=node.place,
            path=written.path or "/",
            origin=written.origin or "",
            method=_normalised(written.method),
            headers=written.headers,
            credentials=written.credentials,
            allowed=written.expect == "allow",
            reason=written.reason,
            route=route,
        )


_EXAMPLES = {
    "path": "path: /",
    "origin": 'origin: "http://localhost:3001"',
    "expect": "expect: allow, or expect: refuse",
}


def run_tests(tests: Iterable[PolicyTest], table: RouteTable) -> tuple[Outcome, ...]:
    """Try each test on a table; nothing is sent to anyone."""
    return tuple(_run(test, table) for test in tests)


def _run(test: PolicyTest, table: RouteTable) -> Outcome:
    route = _route(test, table)
    if isinstance(route, GatewayError):
        return _failed(test, f"{route.detail or route.kind.title} ({route.status})")
    if test.route not in {None, route.place}:
        return _failed(test, f"{route.place} serves it, not this route")
    if route.policy is None:
        return _failed(test, f"{route.place} leaves CORS to its upstream")
    return _compared(test, route, route.policy)


def _compared(test: PolicyTest, route: Route, policy: CorsPolicy) -> Outcome:
    refusal = _refusal(test, policy)
    if refusal is None and not _lets_read(test, policy):
        said, reason, write = "refused: cookies are not allowed", None, "allow_credentials: true"
    elif refusal is None:
        said, reason, write = "allowed", None, None
    else:
        near = f", {refusal.near_miss}" if refusal.near_miss else ""
        said, reason = f"refused: {refusal.reason} {refusal.culprit}{near}", str(refusal.reason)
        write = advise(refusal, policy, route.policy_place)
    if test.allowed != (said == "allowed"):
        return _failed(test, said, write if test.allowed else None)
    if test.reason not in {None, reason}:
        return _failed(test, said, f"reason: {reason}" if reason else None)
    return Outcome(test, said)


def _failed(test: PolicyTest, said: str, write: str | None = None) -> Outcome:
    expected = "allow" if test.allowed else f"refuse {test.reason or ''}".strip()
    what = f"{test}: {said}; expected: {expected}"
    line, column = test.place or (None, None)
    problem = Problem(test.file, what, test.name, write=write, line=line, column=column)
    return Outcome(test, said, problem)


def _route(test: PolicyTest, table: RouteTable) -> Route | GatewayError:
    """Return the route that serves a test's path; one that stands on a route has its host."""
    target = targets.parse(test.path.encode())
    if target is None:  # refused when it was read
        raise ValueError(test.path)
    host = target.authority
    if host is None:
        own = next((route.host for route in table.routes if route.place == test.route), None)
        host = (own or "").replace("*", "any", 1).encode()
    return table.match(test.method.encode(), target, host)


def _refusal(test: PolicyTest, policy: CorsPolicy) -> Refusal | None:
    """Ask as a browser does: first for leave where the request needs it, then itself.

    What is only reported counts as refused, so that a policy's tests hold in either mode.
    """
    origins, method = (test.origin.encode(),), test.method.encode()
    asked = sorted({name.lower() for name in test.headers} - _SAFELISTED)
    if asked or method not in SAFELISTED_METHODS:
        lines = (",".join(asked).encode(),) if asked else ()
        preflight = PreflightRequest(origins, (method,), lines)
        asking = policy.judge(preflight)
        if refusal := asking.refusal or asking.reported:
            return refusal
    verdict = policy.judge(CorsRequest(origins))
    return verdict.refusal or verdict.reported


def _lets_read(test: PolicyTest, policy: CorsPolicy) -> bool:
    """Tell whether the answer is one that a page with cookies may read (Fetch §4.10)."""
    if not test.credentials:
        return True
    verdict: Verdict = policy.judge(CorsRequest((test.origin.encode(),)))
    return (b"Access-Control-Allow-Credentials", b"true") in verdict.fields


def _normalised(method: str) -> str:
    return normalise_method(method.encode()).decode()
