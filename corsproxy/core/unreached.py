"""What it means that a probe got no answer, and what to write."""

from corsproxy.core.advice import quoted
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.origins import DEFAULT_PORTS
from corsproxy.core.probing import CertificateFault, Found, Probe, Trouble
from corsproxy.core.upstreams import UpstreamTls

_EXPIRED = {
    CertificateFault.EXPIRED: ("has expired", "it has to be renewed there"),
    CertificateFault.NOT_YET_VALID: ("is not valid yet", "is the clock right, here and there?"),
}
_WORDS = {
    ProxyErrorType.CONNECTION_REFUSED: "it refuses connections",
    ProxyErrorType.DNS_ERROR: "its name can't be resolved",
    ProxyErrorType.DNS_TIMEOUT: "its name took too long to resolve",
    ProxyErrorType.CONNECTION_TIMEOUT: "connecting took too long",
    ProxyErrorType.CONNECTION_TERMINATED: "it closes the connection without an answer",
    ProxyErrorType.HTTP_RESPONSE_TIMEOUT: "it takes connections, and doesn't answer",
}
_SAID_ALREADY = frozenset({ProxyErrorType.CONNECTION_REFUSED, ProxyErrorType.CONNECTION_TERMINATED})


def tell(probe: Probe, trouble: Trouble) -> Found:
    """Say why an upstream can't be used as it is configured."""
    if trouble.speaks:
        return _other_scheme(probe, trouble.speaks)
    if trouble.fault and trouble.fault is not CertificateFault.OTHER:
        return _certificate(probe, trouble.fault, trouble.names)
    title = trouble.kind.title
    what = _WORDS.get(trouble.kind, title[0].lower() + title[1:])
    if proxy := probe.upstream.address.proxy:
        what += f", by way of the forward proxy {proxy.host}:{proxy.port}"
    if trouble.said and (trouble.kind not in _SAID_ALREADY or probe.upstream.address.socket):
        what += f" ({trouble.said})"
    return Found("error", f"not reachable, for {what}", trouble.hint)


def _other_scheme(probe: Probe, scheme: str) -> Found:
    what, why = "TLS is spoken on this port", "it is asked in plain HTTP"
    if scheme == "http":
        what, why = "plain HTTP is spoken on this port, without TLS", "it is asked over TLS"
    rest = str(probe.upstream).partition("://")[2]
    address = probe.upstream.address
    if DEFAULT_PORTS[address.scheme] == address.port:  # which is not the other scheme's
        host = address.authority
        rest = f"{host}:{address.port}{rest.removeprefix(host)}"
    return Found("error", what, why, f"upstream: {scheme}://{rest}")


def _certificate(probe: Probe, fault: CertificateFault, names: tuple[str, ...]) -> Found:
    if fault in _EXPIRED:
        what, why = _EXPIRED[fault]
        return Found("error", f"its certificate {what}", why)
    if fault is CertificateFault.WRONG_NAME:
        return _wrong_name(probe, names)
    what, held = "is of an authority that nobody here knows", "holding that authority's certificate"
    if fault is CertificateFault.SELF_SIGNED:
        what, held = "is signed by itself", "holding the certificate"
    write = f"{_with_tls(probe, 'ca: FILE')}, FILE {held}"
    return Found("error", f"its certificate {what}", "so it is not believed", write)


def _wrong_name(probe: Probe, names: tuple[str, ...]) -> Found:
    address = probe.upstream.address
    asked = (address.tls.server_name if address.tls else None) or address.host
    whose = " and ".join(names) or "another name"
    name = next((name for name in names if "*" not in name and not _is_number(name)), None)
    write = _with_tls(probe, f"server_name: {name}") if name else None
    return Found("error", f"its certificate is for {whose}, not for {asked}", "", write)


def _is_number(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _with_tls(probe: Probe, setting: str) -> str:
    address = probe.upstream.address
    if address.tls != UpstreamTls() or address.proxy:  # then it is a mapping already
        return f"{setting} in its tls"
    return f"upstream: {{url: {quoted(str(probe.upstream))}, tls: {{{setting}}}}}"
