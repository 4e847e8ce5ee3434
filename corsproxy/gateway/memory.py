"""What was found out of the last head on a connection: the next one is most often the same.

A browser that asks again on a connection sends the same fields, octet for octet, with another
target. What follows from the fields alone is then known. One short head is remembered for each
connection, so the memory is bounded; `tests/gateway/test_memory.py` holds the answers against those
of the functions that find them out anew. With it a small GET takes a fifth less of the processor.
"""

from aiohttp import web

from corsproxy.core import admission, targets
from corsproxy.core.cors import CorsRequest, PreflightRequest, classify
from corsproxy.core.errors import GatewayError
from corsproxy.core.heads import fields_to_upstream, request_line
from corsproxy.core.messages import Client, Passage, RequestHead, index_fields
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.verdicts import Verdict

_LONGEST_REMEMBERED = 8192  # octets
_NO_VERDICT = Verdict()


class Memory:
    """Remembers the last head of one connection, and what followed from all of it but its target.

    `kind` is what that head is to CORS.
    """

    __slots__ = ("_admitted", "_last", "_passage", "_sent", "_sent_to", "kind")

    def __init__(self) -> None:
        self._last: RequestHead | None = None
        self._forget()

    def _forget(self) -> None:
        self.kind: CorsRequest | PreflightRequest | None = None
        self._admitted = False
        self._passage: Passage | None = None
        self._sent_to: Route | None = None
        self._sent = b""

    def read(self, request: web.BaseRequest) -> RequestHead:
        """Return the head of a request; what was remembered of another one is forgotten."""
        raw = request.raw_path.encode("utf-8", "surrogateescape")
        # a target in no known form is kept as it is, and then matches no route
        target = targets.parse(raw) or targets.Target(raw)
        fields, method, minor = request.raw_headers, request.method.encode(), request.version.minor
        last = self._last
        if last is not None and last.fields == fields:
            head = RequestHead(method, target, minor, fields, last.named)
            if method == last.method and minor == last.minor and target.authority is None:
                return head
        else:
            head = RequestHead(method, target, minor, fields, index_fields(fields))
        self._forget()
        self.kind = classify(method, head.named)
        short = sum(len(n) + len(v) for n, v in fields) <= _LONGEST_REMEMBERED
        self._last = head if short and target.authority is None else None
        return head

    def pass_by(
        self, head: RequestHead, match: Route | None, table: RouteTable, client: Client
    ) -> Passage:
        """Judge the head, and return what its answer's way out depends on."""
        known = self._passage
        if known is not None and known.route is match and known.table is table:
            return known
        policy = match.policy if match else table.default
        verdict = policy.judge(self.kind) if policy else _NO_VERDICT
        self._passage = Passage(verdict, policy, client, head.host, match, table)
        return self._passage

    def refuse(self, head: RequestHead, major: int, via: bytes) -> GatewayError | None:
        """Return why a request can't be forwarded at all, or None (`admission.refuse`)."""
        if self._admitted and major == 1:
            return None
        error = admission.refuse(head, (major, head.minor), via)
        self._admitted = error is None
        return error

    def to_upstream(self, head: RequestHead, route: Route, client: Client, via: bytes) -> bytes:
        """Write the head to send (`heads.to_upstream`); `via` is the proxy's pseudonym."""
        if self._sent_to is not route:
            entry = b"1.%d %b" % (head.minor, via)
            upgrade = head.upgrades
            self._sent = fields_to_upstream(head, route, client, entry, upgrade=upgrade)
            self._sent_to = route
        return request_line(head, route) + self._sent
