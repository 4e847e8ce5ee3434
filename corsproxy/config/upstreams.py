"""Upstreams: a URL, how it is met over TLS, and the forward proxy on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corsproxy.config import files, forward_proxies, model
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
    files.tell_half_a_pair(written.cert, written.key, node, report)
    ca, cert, key = (
        files.readable(getattr(written, name), node.get(name), folder, report)
        for name in ("ca", "cert", "key")
    )
    files.tell_unfit_pair(cert, key, node, report)
    return UpstreamTls(ca, cert, key, written.server_name, written.verify)
