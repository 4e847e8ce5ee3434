"""Upstreams: a URL, how it is met over TLS, and the forward proxy on the way."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corsproxy.config import forward_proxies, model
from corsproxy.config.problems import WrongValueError
from corsproxy.config.report import Report
from corsproxy.config.tree import Node
from corsproxy.core.upstreams import Address, ForwardProxy, Upstream, UpstreamTls


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a table refers to: the environment, and the folder that its file names start from."""

    environ: Mapping[str, str]
    folder: Path


def compile_upstream(
    written: model.Upstream, node: Node, around: Surroundings, report: Report
) -> Upstream | None:
    """Make the upstream of a route; None where a problem was found."""
    url = written.url
    if url is None:
        if not node.is_damaged("url"):
            report.add_key(node, "the url is missing", "url: http://localhost:8000")
        return None
    tls = _tls(written.tls, node.get("tls"), around.folder, report)
    if written.tls and url.scheme != "https":
        at = node.get("tls") or node
        report.add_key(at, "only an https:// upstream is met over TLS", "https:// in the url")
    proxy = _proxy(written, node, around, report)
    address = Address(url.host, url.port, tls if url.scheme == "https" else None, url.socket, proxy)
    return Upstream(address, url.path, url.query)


def _proxy(
    written: model.Upstream, node: Node, around: Surroundings, report: Report
) -> ForwardProxy | None:
    at, url = node.get("proxy") or node, written.url
    if written.proxy and url and url.socket:
        report.add_key(at, "a unix socket is not met through a proxy")
    elif written.proxy == "env" and url:
        try:
            return forward_proxies.from_environment(url, around.environ)
        except WrongValueError as wrong:
            report.add(at, wrong.what, wrong.write)
    return written.proxy if isinstance(written.proxy, ForwardProxy) else None


def _tls(
    written: model.UpstreamTls | None, node: Node | None, folder: Path, report: Report
) -> UpstreamTls:
    if written is None or node is None:
        return UpstreamTls()
    if bool(written.cert) != bool(written.key) and not node.is_damaged("cert", "key"):
        there, missing = ("cert", "key") if written.cert else ("key", "cert")
        what = f"a certificate and its key go together: `{missing}` is missing"
        report.add_key(node.get(there) or node, what)
    files = {
        name: _file(getattr(written, name), node.get(name), folder, report)
        for name in ("ca", "cert", "key")
    }
    return UpstreamTls(**files, server_name=written.server_name, verify=written.verify)


def _file(name: str | None, node: Node | None, folder: Path, report: Report) -> str | None:
    """Return a file's absolute name; a relative one starts from the folder of the table."""
    if name is None or node is None:
        return None
    path = folder / name
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
        if regular:  # a pipe would be waited for
            path.open("rb").close()
    except OSError as error:
        report.add(node, f"the file can't be read: {error.strerror}")
        return None
    except ValueError:
        report.add(node, "this is no file's name")
        return None
    if not regular:
        report.add(node, "this is no file")
    return str(path)
