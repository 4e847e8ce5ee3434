"""A document becomes a `Config`, or every problem in it."""

from collections.abc import Mapping
from pathlib import Path

from corsproxy.config import (
    environment,
    files,
    keys,
    lint,
    lint_paths,
    lint_upstreams,
    listeners,
    nodes,
)
from corsproxy.config.messages import validate
from corsproxy.config.model import Table
from corsproxy.config.policies import Policies, Written
from corsproxy.config.policy_tests import compile_tests
from corsproxy.config.problems import ConfigError, Problem, in_order
from corsproxy.config.report import Report
from corsproxy.config.routes import Routes, matching_is_known, settings
from corsproxy.config.settings import Config, LogSettings
from corsproxy.config.tree import Node, from_data
from corsproxy.config.upstreams import Surroundings
from corsproxy.core.limits import Limits, ListenerTls, Timeouts
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.trust import TrustedProxies

__all__ = ["Config", "ConfigError", "load_file", "load_mapping", "load_text"]


def load_file(path: str | Path, environ: Mapping[str, str]) -> Config:
    """Load a route table from a file; raise `ConfigError` with every problem in it.

    Relative names of files in it start from its own folder.
    """
    name = str(path)
    try:
        octets = Path(path).read_bytes()
        text = octets.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError([Problem(name, f"the file can't be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([_not_utf8(name, error)]) from error
    return _load_text(text, name, Surroundings(environ, Path(path).absolute().parent))


def load_text(
    text: str, name: str, environ: Mapping[str, str], folder: Path | None = None
) -> Config:
    """Load a route table from YAML text, which problems call `name`; raise `ConfigError`.

    Relative names of files in it start from `folder`, or else the working directory.
    """
    return _load_text(
        text.removeprefix("\ufeff"), name, Surroundings(environ, folder or Path.cwd())
    )


def load_mapping(
    data: Mapping[str, object], name: str, environ: Mapping[str, str] | None = None
) -> Config:
    """Load a route table from plain data, without YAML; raise `ConfigError`.

    Nothing is substituted in it; `environ` serves `proxy: env` only.
    """
    report = Report(name)
    around = Surroundings(environ or {}, Path.cwd())
    return _load(from_data(data), report, around, substitute=False)


def _load_text(text: str, name: str, around: Surroundings) -> Config:
    report = Report(name)
    root = nodes.parse(text, report)
    if root is None:
        if not report.failed:
            report.add_place(None, "the file is empty", "a route under `routes`", None)
        raise ConfigError(report.problems)
    return _load(root, report, around, substitute=True)


def _load(root: Node, report: Report, around: Surroundings, *, substitute: bool) -> Config:
    if root.kind != "mapping":
        report.add(root, "a route table is a mapping", "routes: and a list under it")
        raise ConfigError(report.problems)
    keys.refuse_unknown(root, report)
    if substitute:
        environment.substitute(root, around.environ, report)
    _take_out_nothings(root, root, report)
    table = validate(root, report)
    config = _compile(table, root, report, around)
    if report.failed:
        raise ConfigError(report.problems)
    return config


def _take_out_nothings(root: Node, node: Node, report: Report) -> None:
    """Tell of YAML nulls, which stand where a value was forgotten or not quoted."""
    for child in list(node.children.values()):
        _take_out_nothings(root, child, report)
    if node.kind != "scalar":
        return
    if node.scalar is None:
        if "allow_origins" in node.path[:-1]:
            what = "this is YAML's null; the opaque origin is text, and a danger"
            report.add(node, what, '"null", and dangerously_allow: [null_origin]')
        elif isinstance(node.path[-1], int):
            report.add(node, "the item has no value")
        else:
            report.add_key(node, "the key has no value: give it one or leave it out")
        root.prune(node.path)
    elif isinstance(node.scalar, str) and not _is_unicode(node.scalar):
        report.add(node, "the text is not UTF-8")
        root.prune(node.path)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _compile(table: Table, root: Node, report: Report, around: Surroundings) -> Config:
    _check_listeners(table, root, report)
    lint.trusted_proxies(table.trusted_proxies, root.get("trusted_proxies"), report)
    top = root.get("cors")
    written = Written(table.cors, top) if table.cors and top else None
    policies = Policies(
        written, report, complete="cors" not in root.damaged, public=_is_public(table, root)
    )
    default = policies.default()
    compiler = Routes(table, policies, around, report)
    pairs = _routes(compiler, table, root, report)
    tls = _listener_tls(table, root, around, report)
    tests = compile_tests(table, root, report)
    if not report.failed:
        policies.tell_unneeded()
    return Config(
        listen=table.listen,
        admin=table.admin,
        tls=tls,
        table=RouteTable(tuple(route for route, _ in pairs), default),
        timeouts=settings(Timeouts(), table.timeouts),
        limits=settings(Limits(), table.limits),
        log=_log(table),
        trusted_proxies=_trusted_proxies(table),
        warnings=in_order(p for p in report.problems if p.level == "warning"),
        notes=in_order(p for p in report.problems if p.level == "info"),
        tests=tests,
        file=report.file,
        upstream_places=tuple(lint_upstreams.place(node) for _, node in pairs),
    )


def _is_public(table: Table, root: Node) -> bool:
    """Tell whether every listener of a file is open to others; a command line says so itself."""
    written = root.place is not None and bool(table.listen) and "listen" not in root.damaged
    return written and not any(one.loopback or one.socket for one in table.listen)


def _routes(compiler: Routes, table: Table, root: Node, report: Report) -> list[tuple[Route, Node]]:
    at = root.get("routes")
    if not table.routes:
        if not root.is_damaged("routes"):
            what = "a route table has at least one route"
            report.add_key(at or root, what, "routes: [{path: /, upstream: http://localhost:8000}]")
        return []
    nodes_of = list(at.children.values()) if at else []
    pairs = [
        (compiler.compile(written, node), node)
        for written, node in zip(table.routes, nodes_of, strict=True)
    ]
    lint.hidden_routes([pair for pair in pairs if matching_is_known(pair[1])], report)
    lint_paths.paths(pairs, report)
    lint.left_alone(pairs, table.cors, report)
    lint_upstreams.upstreams(pairs, table.listen, table.admin, report)
    return pairs


def _check_listeners(table: Table, root: Node, report: Report) -> None:
    at = root.get("listen")
    items = list(at.children.values()) if at and at.kind == "sequence" else []
    if at and not table.listen and not at.damaged:
        report.add_key(at, "there is nowhere to listen", "127.0.0.1:8080")
    for i, listener in enumerate(table.listen):
        twin = next((o for o in table.listen[:i] if listeners.overlap(o, listener)), None)
        if twin:
            report.add(items[i], f"'{twin}' listens on this address already")
        if table.admin and listeners.overlap(listener, table.admin):
            _tell_admin_overlap(root, report)


def _tell_admin_overlap(root: Node, report: Report) -> None:
    if root.is_damaged("listen", "admin"):
        return
    admin, listen = root.get("admin"), root.get("listen")
    write = "another address, or admin: off"
    if admin:
        report.add(admin, "requests are served on this address already", write)
    elif listen:
        what = "the admin listener is on this address unless told otherwise"
        report.add(listen, what, "admin: another address, or admin: off")


def _listener_tls(
    table: Table, root: Node, around: Surroundings, report: Report
) -> ListenerTls | None:
    written, node = table.tls, root.get("tls")
    if written is None or node is None:
        return None
    if written == "self_signed":
        return ListenerTls()
    if not (written.cert or written.key or node.is_damaged("cert", "key")):
        report.add_key(node, "the certificate and its key are missing", "{cert: FILE, key: FILE}")
    files.tell_half_a_pair(written.cert, written.key, node, report)
    cert = files.readable(written.cert, node.get("cert"), around.folder, report)
    key = files.readable(written.key, node.get("key"), around.folder, report)
    files.tell_unfit_pair(cert, key, node, report)
    return ListenerTls(cert, key)


def _trusted_proxies(table: Table) -> TrustedProxies:
    networks = tuple(one for one in table.trusted_proxies if one is not None)
    return TrustedProxies(networks, unix=None in table.trusted_proxies)


def _log(table: Table) -> LogSettings:
    log = table.log
    return LogSettings(log.format, log.level, log.access, log.explain)


def _not_utf8(name: str, error: UnicodeDecodeError) -> Problem:
    before = error.object[: error.start]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    return Problem(name, "the file is not UTF-8", line=line, column=column)
