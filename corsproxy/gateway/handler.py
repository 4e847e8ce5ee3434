"""The life of one exchange: match, judge, answer or forward, relay, report."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from corsproxy.core.cors import PreflightRequest
from corsproxy.core.errors import REASONS, GatewayError, ProxyErrorType
from corsproxy.core.exchange import Exchange
from corsproxy.core.fields import members
from corsproxy.core.messages import Client, Passage, RequestHead, ResponseHead
from corsproxy.core.own_answers import is_same_origin, own_answer
from corsproxy.core.routes import Route, RouteTable
from corsproxy.gateway.memory import Memory
from corsproxy.gateway.problems import Explainer
from corsproxy.gateway.relay import Answer
from corsproxy.gateway.request import Request
from corsproxy.gateway.tunnel import switched, tunnel
from corsproxy.gateway.upload import Upload
from corsproxy.gateway.upstream import Pools
from corsproxy.gateway.wire import Connection

log = logging.getLogger("corsproxy.gateway")

# Repeating one of these changes nothing that the first did not (RFC 9110 §9.2.2).
_IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PROPFIND", b"REPORT"})

_SWITCHING_PROTOCOLS = 101
_CLIENT_GONE = 499
_IDLE = 60.0  # seconds a client may take nothing of the answer where no route says how long


class Visit(NamedTuple):
    """What is known of an exchange once it is classified and judged.

    `client` is the peer as it connected; whom it speaks for stands in `passage`.
    """

    request: Request
    head: RequestHead
    client: Client
    memory: Memory
    match: Route | GatewayError
    passage: Passage
    answer: Answer
    exchange: Exchange

    @property
    def over(self) -> bool:
        """Whether the answer has left, or nobody is there for it."""
        return self.exchange.finished > 0


class Gateway:
    """Carries exchanges by a route table; `routes` may be replaced at any time.

    An exchange reads the table once, at its start, and ends under the one it began with.
    """

    def __init__(self, routes: RouteTable, pools: Pools, explainer: Explainer, via: str) -> None:
        self.routes = routes
        self.pools = pools
        self.answers = Answer
        self.draining = False
        self.under_way = 0
        self.connections = 0
        self.report: Callable[[Exchange], None] = lambda _: None
        self.refused: Callable[[Passage], None] = lambda _: None
        self.explainer = explainer
        self._via = via.encode()

    def receive(
        self,
        request: Request,
        client: Client,
        memory: Memory,
        refusal: GatewayError | None = None,
    ) -> Visit:
        """Take a request up, and answer it here and now where no upstream is needed.

        Unless the visit is `over`, it is for `carry` to go on with. `memory` is that of the
        connection; `refusal` what the connection itself is refused for.
        """
        visit = self._open(request, client, memory)
        self.under_way += 1
        try:
            route = self._judge(visit, refusal)
        except Exception as error:  # noqa: BLE001 whatever it is, it has its answer
            route = None
            self._fail(visit, error)
        if route is None and not visit.answer.unsent:
            self._close(visit)
        return visit

    async def carry(self, visit: Visit) -> None:
        """Go on with a visit until its answer has left, or was cut."""
        try:
            try:
                if not visit.answer.started and isinstance(visit.match, Route):
                    await self._forward(visit, visit.match)
            except Exception as error:  # noqa: BLE001
                self._fail(visit, error)
            if visit.answer.unsent:
                await visit.answer.finish()
        except ConnectionError as error:
            self._fail(visit, error)
        except asyncio.CancelledError:
            self._leave(visit)
            raise
        finally:
            self._close(visit)

    def abandon(self, visit: Visit) -> None:
        """End a visit whose client left before anything was done for it."""
        self._leave(visit)
        self._close(visit)

    # Classify first, judge second, answer third.

    def _open(self, request: Request, client: Client, memory: Memory) -> Visit:
        table = self.routes
        head = memory.read(request.message)
        kind = memory.kind
        match = memory.match(head, table)
        route = match if isinstance(match, Route) else None
        passage = memory.pass_by(head, route, table, client)
        answer = self.answers(request, head, route.timeouts.idle if route else _IDLE)
        if self.draining:
            answer.keep_alive = False
        exchange = Exchange(
            method=request.message.method,
            target=request.message.path,
            client=passage.client.address or "unix",
            origin=kind.origins[0].decode("latin-1") if kind else None,
            route=route.name if route else None,
            verdict=passage.verdict if passage.policy else None,
            started=time.perf_counter(),
        )
        verdict, policy = passage.verdict, passage.policy
        left_alone = policy is None or policy.fill
        if kind and (left_alone or verdict.refusal is not None or verdict.reported is not None):
            asks = isinstance(kind, PreflightRequest)
            exchange.same_origin = not asks and is_same_origin(kind, passage)
            if not exchange.same_origin and (asks or not left_alone):
                self.refused(passage)
        return Visit(request, head, client, memory, match, passage, answer, exchange)

    def _judge(self, visit: Visit, refusal: GatewayError | None) -> Route | None:
        """Answer a request, or return the route that it is to take; raise `GatewayError`."""
        if refusal is not None:
            visit.answer.keep_alive = False
            raise refusal
        if error := visit.memory.refuse(visit.head, visit.request.message.version.major, self._via):
            visit.answer.keep_alive = False  # what follows may be no request (RFC 9112 §11.2)
            raise error
        kind = visit.memory.kind
        if isinstance(kind, PreflightRequest) and visit.passage.policy is not None:
            self._answer_preflight(visit)
            return None
        if self.draining:
            raise GatewayError(ProxyErrorType.DESTINATION_UNAVAILABLE)
        if isinstance(visit.match, GatewayError):
            raise visit.match
        if visit.passage.verdict.refusal is not None and not visit.exchange.same_origin:
            _refuse_page(visit)
        if visit.head.method == b"OPTIONS" and _ends_here(visit.head):
            visit.answer.whole(ResponseHead(204, REASONS[204], ()), b"", visit.passage)
            return None
        return visit.match

    def _answer_preflight(self, visit: Visit) -> None:
        """Answer a CORS-preflight request here: no upstream ever sees one (Fetch §3.3.2)."""
        verdict, policy = visit.passage.verdict, visit.passage.policy
        visit.exchange.preflight = True
        if verdict.refusal is not None or policy is None:
            raise GatewayError(ProxyErrorType.HTTP_REQUEST_DENIED, "the preflight is refused")
        status = policy.preflight_status
        visit.exchange.status = status
        reply = ResponseHead(status, REASONS.get(status, b"OK"), ())
        visit.answer.whole(reply, b"", visit.passage)

    # Forwarding, in the order of time.

    async def _forward(self, visit: Visit, route: Route) -> None:
        address, connect = route.upstream.address, route.timeouts.connect
        upload = Upload(visit.request, visit.head, route)
        head = visit.memory.to_upstream(visit.head, route, visit.client, self._via)
        for fresh in (False, True):
            connection = None if fresh else self.pools.take(address)
            if connection is None:
                connection = await self.pools.connect(address, connect)
            try:
                connection.send(head + (upload.ready or b""), bodiless=visit.head.method == b"HEAD")
                upload.start(connection, visit.answer)
                await self._relay(visit, route, upload, connection)
            except GatewayError as error:
                if fresh or not _may_retry(error, visit, connection, upload):
                    raise
            else:
                return
            finally:
                upload.stop()
                visit.exchange.received = upload.received
                self.pools.release(address, connection, in_step=upload.finished)

    async def _relay(
        self, visit: Visit, route: Route, upload: Upload, connection: Connection
    ) -> None:
        answer = visit.answer
        reply = await connection.reply()
        while reply.head.status < 200 and reply.head.status != _SWITCHING_PROTOCOLS:  # noqa: PLR2004
            if reply.head.status != 100:  # noqa: PLR2004 the 100 is for the upload to pass on
                answer.interim(reply.head)
            reply = await connection.reply()
        visit.exchange.status = reply.head.status
        answer.keep_alive = answer.keep_alive and not self.draining
        if reply.head.status != _SWITCHING_PROTOCOLS:
            policy, exchange = visit.passage.policy, visit.exchange
            if (policy is None or policy.fill) and not exchange.same_origin:
                exchange.own = own_answer(visit.memory.kind, visit.passage, reply.head)
                if exchange.own is None:
                    self.refused(visit.passage)
            await answer.relay(reply, visit.passage, connection, visit.memory)
            return
        protocols = switched(visit.head, reply.head)
        visit.exchange.tunnelled = True
        idle = route.timeouts.tunnel
        await answer.switch(reply.head, visit.passage, protocols, idle)
        await tunnel(visit.request, upload, answer, connection, idle)

    # Errors, and the end.

    def _fail(self, visit: Visit, error: Exception) -> None:
        """Answer with a problem while nothing was sent; afterwards only a cut is honest."""
        exchange, answer = visit.exchange, visit.answer
        if isinstance(error, ConnectionError):
            exchange.error = exchange.error or "client_gone"
            answer.keep_alive = False
            return
        if not isinstance(error, GatewayError):
            log.error("a bug in corsproxy, at %s %s", exchange.method, exchange.target,
                      exc_info=error)  # fmt: skip
            error = GatewayError(ProxyErrorType.PROXY_INTERNAL_ERROR)
        exchange.error, exchange.detail = error.kind.token, error.inside or error.detail
        if answer.started:
            answer.cut()
            return
        exchange.status = error.status
        answer.keep_alive = answer.keep_alive and not self.draining
        reply, content = self.explainer.explain_error(error, visit.passage, visit.memory.kind)
        try:
            answer.whole(reply, content, visit.passage)
        except ConnectionError:
            answer.keep_alive = False

    def _leave(self, visit: Visit) -> None:
        """Note that the client left, or that the end of the process parts from it."""
        visit.exchange.status = visit.exchange.status or _CLIENT_GONE
        if not visit.exchange.tunnelled:  # a tunnel is for either side to end
            visit.exchange.error = "client_gone"
        visit.answer.cut()

    def _close(self, visit: Visit) -> None:
        exchange = visit.exchange
        exchange.sent = visit.answer.sent
        if visit.answer.stalled:
            exchange.error = "client_stalled"
        exchange.finished = time.perf_counter()
        self.under_way -= 1
        self.report(exchange)


def _refuse_page(visit: Visit) -> None:
    """Refuse a page that may not, where the browser would not do it (RFC 6455 §10.2)."""
    policy = visit.passage.policy
    protocols = {member.lower() for member in members(visit.head.named.get(b"upgrade", ()))}
    if (policy and policy.block) or (visit.head.upgrades and b"websocket" in protocols):
        raise GatewayError(ProxyErrorType.HTTP_REQUEST_DENIED, "the origin is not allowed")


def _ends_here(head: RequestHead) -> bool:
    """Tell whether an OPTIONS has no hop left (RFC 9110 §7.6.2)."""
    hops = b"".join(head.named.get(b"max-forwards", ()))
    return hops != b"" and not hops.strip(b"0")


def _may_retry(error: GatewayError, visit: Visit, connection: Connection, upload: Upload) -> bool:
    """Tell whether a request may be sent again: a kept connection died unheard (§9.3.1)."""
    return (
        error.kind is ProxyErrorType.CONNECTION_TERMINATED
        and connection.exchanges > 1
        and not connection.received
        and upload.ready is not None
        and visit.head.method in _IDEMPOTENT
        and not visit.answer.started
    )
