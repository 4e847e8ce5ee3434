"""What was found out of the last head on a connection: the next one is most often the same.

A browser that asks again on a connection sends the same fields, octet for octet, and often for the
same target. What follows from them is then known. One short head is remembered for each
connection, so the memory is bounded; `tests/gateway/test_memory.py` holds the answers against those
of the functions that find them out anew. With it a small GET takes a fifth less of the processor.
"""

from aiohttp.http_parser import RawRequestMessage

from corsproxy.core import admission, targets
from corsproxy.core.cors import CorsRequest, PreflightRequest, classify
from corsproxy.core.errors import GatewayError
from corsproxy.core.heads import fields_to_upstream, request_line, to_client
from corsproxy.core.messages import Client, Passage, RequestHead, ResponseHead, index_fields
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.targets import Target
from corsproxy.core.verdicts import Verdict

_LONGEST_REMEMBERED = 8192  # octets
_NO_VERDICT = Verdict()


class Memory:
    """Remembers the last head of one connection, and what followed from it.

    `kind` is what that head is to CORS.
    """

    __slots__ = ("_admitted", "_answer", "_fields", "_match", "_matched", "_message", "_now",
                 "_passage", "_path", "_reply", "_sent", "_sent_to", "_start", "_table", "_way_out",
                 "_whole", "kind")  # fmt: skip

    def __init__(self) -> None:
        self._path: str | None = None
        self._fields: RequestHead | None = None
        self._match: Route | None = None
        self._table: RouteTable | None = None
        self._message: RawRequestMessage | None = None
        self._reply: ResponseHead | None = None
        self._way_out: Passage | None = None
        self._now = self._answer = b""
        self._forget()

    def _forget(self) -> None:
        self.kind: CorsRequest | PreflightRequest | None = None
        self._admitted = False
        self._matched: RequestHead | None = None
        self._passage: Passage | None = None
        self._sent_to: Route | None = None
        self._whole: RequestHead | None = None
        self._sent = b""
        self._start = b""

    def read(self, message: RawRequestMessage) -> RequestHead:
        """Return the head of a request; what was remembered of another one is forgotten."""
        last = self._fields
        if message is self._message and last is not None:
            return last
        self._message = message
        path, fields = message.path, message.raw_headers
        method, minor = message.method.encode(), message.version.minor
        if last is None or last.fields != fields or last.method != method or last.minor != minor:
            return self._read_anew(path, RequestHead(method, _NOWHERE, minor, fields, {}))
        if path == self._path:
            return last
        target = _target(path)
        if target.authority is not None:
            return self._read_anew(path, last)
        self._path = path
        self._fields = RequestHead(method, target, minor, fields, last.named)
        return self._fields

    def _read_anew(self, path: str, head: RequestHead) -> RequestHead:
        self._forget()
        fields = head.fields
        head = head._replace(target=_target(path), named=index_fields(fields))
        self.kind = classify(head.method, head.named)
        short = sum(len(n) + len(v) for n, v in fields) <= _LONGEST_REMEMBERED
        # an absolute target has a say in what else only Host decides
        self._fields = head if short and head.target.authority is None else None
        self._path = path
        return head

    def match(self, head: RequestHead, table: RouteTable) -> Route | GatewayError:
        """Return the route of a head, or why there is none (`RouteTable.match`)."""
        if self._match is not None and self._matched is head and self._table is table:
            return self._match
        kind = self.kind
        # a preflight is routed by the method it asks for
        method = kind.methods[0] if isinstance(kind, PreflightRequest) else head.method
        match = table.match(method, head.target, head.host)
        # an error raised twice would drag its tracebacks along
        self._match = match if isinstance(match, Route) else None
        self._matched, self._table = head, table
        return match

    def pass_by(
        self, head: RequestHead, match: Route | None, table: RouteTable, client: Client
    ) -> Passage:
        """Judge the head, and return what its answer's way out depends on."""
        known = self._passage
        if known is not None and known.route is match and known.table is table:
            return known
        policy = match.policy if match else table.default
        verdict = policy.judge(self.kind) if policy else _NO_VERDICT
        asks, host = client.believed(head)
        self._passage = Passage(verdict, policy, asks, host, match, table)
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
            self._sent_to, self._whole = route, None
        if self._whole is not head:
            self._start = request_line(head, route)
            self._whole = head
        return self._start + self._sent

    def to_client(self, reply: ResponseHead, passage: Passage, now: bytes) -> bytes:
        """Write the head of an answer of which the hop changes nothing (`heads.to_client`)."""
        if self._reply is not reply or self._way_out is not passage or self._now is not now:
            self._answer = to_client(reply, passage, (), now)
            self._reply, self._way_out, self._now = reply, passage, now
        return self._answer


def _target(path: str) -> Target:
    raw = path.encode("utf-8", "surrogateescape")
    # a target in no known form is kept as it is, and then matches no route
    return targets.parse(raw) or Target(raw)


_NOWHERE = Target(b"")
