"""What aiohttp's parser refuses, said in our own words."""

from aiohttp.http_exceptions import BadHttpMethod, HttpProcessingError, LineTooLong

from corsproxy.core.errors import GatewayError, ProxyErrorType


def too_large() -> GatewayError:
    """Return what to say of a head that is over the limit in whole (RFC 6585 §5)."""
    return _refusal("the request's head is too large", 431)


def too_late() -> GatewayError:
    """Return what to say to a client that doesn't finish its head (RFC 9110 §15.5.9)."""
    return _refusal("the request's head took too long", 408)


def from_parser(exc: HttpProcessingError, line_size: int) -> GatewayError:
    """Return what to say of an exception; `line_size` is the limit for the request line alone."""
    error = _from_parser(exc, line_size)
    error.inside = exc.message
    return error


def _from_parser(exc: HttpProcessingError, line_size: int) -> GatewayError:
    if isinstance(exc, LineTooLong):
        if exc.args[1] == line_size:
            return _refusal("the request target is too long", 414)
        return _refusal("a field of the request is too long", 431)
    text = str(exc)
    if "Too many headers" in text:
        return _refusal("the request has too many fields", 431)
    if isinstance(exc, BadHttpMethod) and "HTTPS traffic" in text:
        return _refusal("this is TLS, and this port speaks plain HTTP: use http://", 400)
    if "HTTP version" in text:
        return _refusal("only HTTP/1.1 and HTTP/1.0 are spoken here", 505)
    return _refusal("the request is malformed", 400)


def _refusal(detail: str, status: int) -> GatewayError:
    return GatewayError(ProxyErrorType.HTTP_REQUEST_ERROR, detail, status=status)
