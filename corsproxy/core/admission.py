"""What is refused of a request before anything else is asked (RFC 9112 §2-§6, RFC 9110 §7.6)."""

from corsproxy.core import targets
from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.fields import members
from corsproxy.core.messages import RequestHead

_NEVER_FORWARDED = frozenset({b"CONNECT", b"TRACE"})
_MAX_DIGITS = 19  # of a Content-Length that fits in 63 bits, as everyone counts


def refuse(head: RequestHead, version: tuple[int, int], via: bytes) -> GatewayError | None:
    """Return why a request can't be forwarded at all, or None.

    `via` is this proxy's own pseudonym: a request that bears it has been here before (§7.6.3).
    """
    if version[0] != 1:
        return _error("only HTTP/1.1 and HTTP/1.0 are spoken here", 505)
    if head.method in _NEVER_FORWARDED:
        error = _denied(f"{head.method.decode()} is not forwarded", 405)
        error.fields = ((b"Allow", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),)
        return error
    return (
        _refuse_host(head)
        or _refuse_framing(head)
        or _refuse_expectation(head)
        or _refuse_loop(head, via)
    )


def _refuse_host(head: RequestHead) -> GatewayError | None:
    hosts = head.named.get(b"host", ())
    if len(hosts) > 1 or (head.minor > 0 and not hosts):
        return _error("a request has one Host field")
    asked = head.target.authority
    if not all(map(targets.is_host, hosts)) or not (asked is None or targets.is_host(asked)):
        return _error("the Host field is no host")
    return None


def _refuse_framing(head: RequestHead) -> GatewayError | None:
    """Refuse what two servers could read as two different messages (RFC 9112 §6.1)."""
    lengths = head.named.get(b"content-length", ())
    if not all(map(_is_length, lengths)):
        return _error("the Content-Length is no length")
    if b"transfer-encoding" not in head.named:
        return None
    if head.minor == 0 or lengths:
        return _error("Transfer-Encoding where there can be none")
    if [coding.lower() for coding in head.named[b"transfer-encoding"]] != [b"chunked"]:
        return _error("the only transfer coding understood is 'chunked'", 501)
    return None


def _is_length(value: bytes) -> bool:
    return value.isdigit() and len(value) <= _MAX_DIGITS and int(value) < 1 << 63


def _refuse_expectation(head: RequestHead) -> GatewayError | None:
    for expectation in head.named.get(b"expect", ()):
        if head.minor > 0 and expectation.lower() != b"100-continue":
            return _error("the only expectation understood is '100-continue'", 417)
    return None


def _refuse_loop(head: RequestHead, via: bytes) -> GatewayError | None:
    for member in members(head.named.get(b"via", ())):
        if member.split()[1:2] == [via]:
            return GatewayError(
                ProxyErrorType.PROXY_LOOP_DETECTED,
                "the request came back to the proxy that forwarded it",
                hint="an upstream leads to the proxy itself",
            )
    return None


def _error(detail: str, status: int = 400) -> GatewayError:
    return GatewayError(ProxyErrorType.HTTP_REQUEST_ERROR, detail, status=status)


def _denied(detail: str, status: int) -> GatewayError:
    return GatewayError(ProxyErrorType.HTTP_REQUEST_DENIED, detail, status=status)
