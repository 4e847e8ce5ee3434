"""An exchange as one line, text or JSON."""

import asyncio
import re
import sys
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import TextIO

from corsproxy.core.exchange import Exchange

_SECRET = re.compile(
    r"(?i)([?&;](?:[^=&;]*(?:token|secret|password|passwd|signature|api_?key|auth)[^=&;]*|code|key|sig)=)"
    r"[^&;]*"
)
_MAX_TARGET = 2048
_MAX_CACHED = 200  # characters


def masked(target: str) -> str:
    """Return a request target fit for a log: printable, bounded, its secrets masked."""
    shown = target[:_MAX_TARGET]
    if "=" in shown:
        shown = _SECRET.sub(r"\1***", shown)
    return ascii(shown)[1:-1] if not (shown.isascii() and shown.isprintable()) else shown


def _printable(text: str) -> str:
    return _escaped(text) if len(text) <= _MAX_CACHED else ascii(text)[1:-1]


def _json(text: str | None) -> str:
    return _quoted(text) if text is None or len(text) <= _MAX_CACHED else quoted(text)


@lru_cache(1024)  # the same few origins and culprits, again and again
def _escaped(text: str) -> str:
    return ascii(text)[1:-1]


@lru_cache(1024)
def _quoted(text: str | None) -> str:
    return "null" if text is None else quoted(text)


def text(exchange: Exchange) -> str:
    """Write an exchange as a line for people."""
    line = (
        f'{exchange.client} "{exchange.method} {masked(exchange.target)}" {exchange.status} '
        f"{exchange.sent}B {(exchange.finished - exchange.started) * 1000:.1f}ms"
    )
    if exchange.route is not None:
        line += f" route={exchange.route}"
    if exchange.origin is not None:
        line += f" origin={_printable(exchange.origin)} cors={_printable(exchange.cors)}"
        refusal = exchange.refusal
        if refusal and refusal.near_miss:
            line += f" ({_printable(refusal.near_miss)})"
    if exchange.preflight:
        line += " preflight"
    if exchange.error is not None:
        line += f" error={exchange.error}"
    if exchange.detail:
        line += f" {exchange.detail!a}"
    return line


def structured(exchange: Exchange) -> str:
    """Write an exchange as a JSON object; what is not known is null."""
    refusal = exchange.refusal
    reason, culprit, near_miss = (
        (refusal.reason.value, refusal.culprit, refusal.near_miss) if refusal else (None,) * 3
    )
    return (
        f'{{"client": {_json(exchange.client)}, "method": {_json(exchange.method)}, '
        f'"target": {quoted(masked(exchange.target))}, "status": {exchange.status}, '
        f'"received": {exchange.received}, "sent": {exchange.sent}, '
        f'"ms": {round((exchange.finished - exchange.started) * 1000, 3)}, '
        f'"route": {_json(exchange.route)}, "origin": {_json(exchange.origin)}, '
        f'"cors": {_json(exchange.cors)}, "reason": {_json(reason)}, '
        f'"culprit": {_json(culprit)}, "near_miss": {_json(near_miss)}, '
        f'"preflight": {"true" if exchange.preflight else "false"}, '
        f'"error": {_json(exchange.error)}, '
        f'"detail": {"null" if exchange.detail is None else quoted(exchange.detail)}}}'
    )


class AccessLog:
    """Writes exchanges, a line each: those of one turn of the event loop together.

    A system call for each would cost a fifth of a small GET.
    """

    def __init__(self, form: str, stream: TextIO | None = None) -> None:
        """Write to `stream` (standard output), as `text` or `json`."""
        self._write: Callable[[Exchange], str] = structured if form == "json" else text
        self._out = stream or sys.stdout
        self._lines: list[str] = []

    def report(self, exchange: Exchange) -> None:
        """Write an exchange, at the latest at the end of this turn."""
        self._lines.append(self._write(exchange))
        if len(self._lines) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:  # there is none, and so no turn
            self.flush()

    def flush(self) -> None:
        """Write what was reported."""
        if not self._lines:
            return
        lines, self._lines = "\n".join(self._lines), []
        try:
            self._out.write(lines + "\n")
            self._out.flush()
        except (OSError, ValueError):  # a closed pipe must not end the proxy
            pass
