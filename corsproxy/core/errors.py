"""What can go wrong on the way: RFC 9209 tokens, and RFC 9457 problems as answers."""

import json
from collections.abc import Mapping
from enum import Enum

from corsproxy.core.fields import Field


class ProxyErrorType(Enum):
    """A proxy error type (RFC 9209 §2.3): its token, the status it is answered with, a title."""

    DNS_TIMEOUT = ("dns_timeout", 504, "The upstream's name took too long to resolve")
    DNS_ERROR = ("dns_error", 502, "The upstream's name can't be resolved")
    DESTINATION_NOT_FOUND = ("destination_not_found", 404, "No route matches")
    DESTINATION_UNAVAILABLE = ("destination_unavailable", 503, "The proxy is shutting down")
    DESTINATION_IP_UNROUTABLE = ("destination_ip_unroutable", 502, "The upstream is unreachable")
    CONNECTION_REFUSED = ("connection_refused", 502, "The upstream refuses connections")
    CONNECTION_TERMINATED = ("connection_terminated", 502, "The upstream closed the connection")
    CONNECTION_TIMEOUT = ("connection_timeout", 504, "Connecting to the upstream took too long")
    CONNECTION_READ_TIMEOUT = ("connection_read_timeout", 504, "The upstream stopped sending")
    CONNECTION_WRITE_TIMEOUT = ("connection_write_timeout", 504, "The upstream stopped reading")
    CONNECTION_LIMIT_REACHED = ("connection_limit_reached", 503, "Too many connections")
    TLS_PROTOCOL_ERROR = ("tls_protocol_error", 502, "The TLS handshake with the upstream failed")
    TLS_CERTIFICATE_ERROR = ("tls_certificate_error", 502, "The upstream's certificate is no good")
    HTTP_REQUEST_ERROR = ("http_request_error", 400, "The request is malformed")
    HTTP_REQUEST_DENIED = ("http_request_denied", 403, "The request is refused")
    HTTP_RESPONSE_INCOMPLETE = (
        "http_response_incomplete",
        502,
        "The upstream cut its response short",
    )
    HTTP_RESPONSE_HEADER_SECTION_SIZE = (
        "http_response_header_section_size",
        502,
        "The head of the upstream's response is too large",
    )
    HTTP_RESPONSE_TIMEOUT = ("http_response_timeout", 504, "The upstream took too long to answer")
    HTTP_UPGRADE_FAILED = ("http_upgrade_failed", 502, "The upstream switched protocols unasked")
    HTTP_PROTOCOL_ERROR = ("http_protocol_error", 502, "The upstream's answer is no HTTP/1.1")
    PROXY_LOOP_DETECTED = ("proxy_loop_detected", 508, "The request came back to its own proxy")
    PROXY_CONFIGURATION_ERROR = ("proxy_configuration_error", 500, "The proxy is misconfigured")
    PROXY_INTERNAL_ERROR = ("proxy_internal_error", 500, "The proxy has a bug")

    def __init__(self, token: str, status: int, title: str) -> None:
        self.token = token
        self.status = status
        self.title = title


class GatewayError(Exception):
    """An exchange that the proxy must answer itself, with its RFC 9209 type.

    `detail` may be shown to any client; `inside` holds what only the log and a client on loopback
    may see (addresses, the system's words); `hint` says what usually mends it.
    """

    def __init__(
        self,
        kind: ProxyErrorType,
        detail: str = "",
        *,
        status: int | None = None,
        inside: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(detail or kind.title)
        self.kind = kind
        self.detail = detail
        self.status = status or kind.status
        self.inside = inside
        self.hint = hint
        self.fields: tuple[Field, ...] = ()


REASONS: Mapping[int, bytes] = {
    200: b"OK",
    204: b"No Content",
    400: b"Bad Request",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    413: b"Content Too Large",
    414: b"URI Too Long",
    417: b"Expectation Failed",
    431: b"Request Header Fields Too Large",
    500: b"Internal Server Error",
    501: b"Not Implemented",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Gateway Timeout",
    505: b"HTTP Version Not Supported",
    508: b"Loop Detected",
}


def proxy_status(error: GatewayError) -> Field:
    """Return the Proxy-Status field of an error (RFC 9209 §2)."""
    return (b"Proxy-Status", b"corsproxy; error=" + error.kind.token.encode())


def problem(members: Mapping[str, object]) -> bytes:
    """Write an RFC 9457 problem; members that are empty are left out."""
    kept = {name: value for name, value in members.items() if value not in (None, "")}
    # what UTF-8 can't write (octets of file names) stays a JSON escape
    return json.dumps(kept, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
