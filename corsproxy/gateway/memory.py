"""What was found out of the last head on a connection: the next one is most often the same.

A browser that asks again on a connection sends the same fields, octet for octet, with another
target. What follows from the fields alone is then known. One short head is remembered for each
connection, so the memory is bounded; `tests/gateway/test_memory.py` holds the answers against those
of the functions that find them out anew.
"""

from aiohttp import web

from corsproxy.core import admission, targets
from corsproxy.core.errors import GatewayError
from corsproxy.core.fields import Fields
from corsproxy.core.heads import fields_to_upstream, request_line
from corsproxy.core.messages import Client, RequestHead, index_fields
from corsproxy.core.routes import Route

_LONGEST_REMEMBERED = 8192  # octets


class Memory:
    """Remembers the last head of one connection, and what followed from its fields."""

    __slots__ = ("_admitted", "_fields", "_index", "_sent", "_sent_for")

    def __init__(self) -> None:
        self._fields: Fields | None = None
        self._index: dict[bytes, list[bytes]] = {}
        self._admitted: tuple[object, ...] | None = None
        self._sent_for: tuple[object, ...] | None = None
        self._sent = b""

    def read(self, request: web.BaseRequest) -> RequestHead:
        """Return the head of a request."""
        fields = request.raw_headers
        if fields != self._fields:
            self._index = index_fields(fields)
            short = sum(len(n) + len(v) for n, v in fields) <= _LONGEST_REMEMBERED
            self._fields = fields if short else None
            self._admitted = self._sent_for = None
        raw = request.raw_path.encode("utf-8", "surrogateescape")
        # a target in no known form is kept as it is, and then matches no route
        target = targets.parse(raw) or targets.Target(raw)
        minor = request.version.minor
        return RequestHead(request.method.encode(), target, minor, fields, self._index)

    def refuse(
        self, head: RequestHead, version: tuple[int, int], via: bytes
    ) -> GatewayError | None:
        """Return why a request can't be forwarded at all, or None (`admission.refuse`)."""
        question = (head.method, version, head.target.authority)
        if question == self._admitted:
            return None
        error = admission.refuse(head, version, via)
        if error is None and self._fields is not None:
            self._admitted = question
        return error

    def to_upstream(
        self, head: RequestHead, route: Route, client: Client, via: bytes, *, upgrade: bool
    ) -> bytes:
        """Write the head to send (`heads.to_upstream`)."""
        question = (route, head.method, head.minor, head.target.authority, upgrade)
        known = self._sent_for
        if known is None or known[0] is not route or known[1:] != question[1:]:
            self._sent = fields_to_upstream(head, route, client, via, upgrade=upgrade)
            self._sent_for = question if self._fields is not None else None
        return request_line(head, route) + self._sent
