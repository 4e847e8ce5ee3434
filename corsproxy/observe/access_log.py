"""An exchange as one line, text or JSON."""

import json
import re
import sys
from collections.abc import Callable
from typing import TextIO

from corsproxy.core.exchange import Exchange

_SECRET = re.compile(
    r"(?i)([?&;](?:[^=&;]*(?:token|secret|password|passwd|signature|api_?key|auth)[^=&;]*|code|key|sig)=)"
    r"[^&;]*"
)
_MAX_TARGET = 2048


def masked(target: str) -> str:
    """Return a request target fit for a log: printable, bounded, its secrets masked."""
    shown = _SECRET.sub(r"\1***", target[:_MAX_TARGET])
    return ascii(shown)[1:-1] if not (shown.isascii() and shown.isprintable()) else shown


def text(exchange: Exchange) -> str:
    """Write an exchange as a line for people."""
    parts = [
        exchange.client,
        f'"{exchange.method} {masked(exchange.target)}"',
        str(exchange.status),
        f"{exchange.sent}B",
        f"{_milliseconds(exchange):.1f}ms",
    ]
    if exchange.route is not None:
        parts.append(f"route={exchange.route}")
    if exchange.origin is not None:
        parts.append(f"origin={ascii(exchange.origin)[1:-1]}")
        parts.append(f"cors={ascii(exchange.cors)[1:-1]}")
    if exchange.preflight:
        parts.append("preflight")
    if exchange.error is not None:
        parts.append(f"error={exchange.error}")
    if exchange.detail:
        parts.append(ascii(exchange.detail))
    return " ".join(parts)


def structured(exchange: Exchange) -> str:
    """Write an exchange as a JSON object; what is not known is null."""
    refusal = exchange.verdict.refusal if exchange.verdict else None
    return json.dumps(
        {
            "client": exchange.client,
            "method": exchange.method,
            "target": masked(exchange.target),
            "status": exchange.status,
            "received": exchange.received,
            "sent": exchange.sent,
            "ms": round(_milliseconds(exchange), 3),
            "route": exchange.route,
            "origin": exchange.origin,
            "cors": exchange.cors,
            "reason": refusal.reason.value if refusal else None,
            "culprit": refusal.culprit if refusal else None,
            "near_miss": refusal.near_miss if refusal else None,
            "preflight": exchange.preflight,
            "error": exchange.error,
            "detail": exchange.detail,
        }
    )


def access_log(form: str, stream: TextIO | None = None) -> Callable[[Exchange], None]:
    """Return what writes exchanges to `stream` (standard output), as `text` or `json`."""
    write = structured if form == "json" else text
    out = stream or sys.stdout

    def report(exchange: Exchange) -> None:
        try:
            out.write(write(exchange) + "\n")
            out.flush()
        except (OSError, ValueError):  # a closed pipe must not end the proxy
            pass

    return report


def _milliseconds(exchange: Exchange) -> float:
    return (exchange.finished - exchange.started) * 1000
