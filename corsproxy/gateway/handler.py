"""The life of one exchange: match, judge, answer or forward, relay, report."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from corsproxy.core.cors import PreflightRequest
from corsproxy.core.errors import REASONS, GatewayError, ProxyErrorType
from corsproxy.core.exchange import Exchange
from corsproxy.core.fields import members
from corsproxy.core.messages import Client, Passage, RequestHead, ResponseHead
from corsproxy.core.routes import Route, RouteTable
from corsproxy.gateway.memory import Memory
from corsproxy.gateway.problems import Explainer
from corsproxy.gateway.relay import Answer, written
from corsproxy.gateway.tunnel import tunnel
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

    request: web.BaseRequest
    head: RequestHead
    client: Client
    memory: Memory
    match: Route | GatewayError
    passage: Passage
    answer: Answer
    exchange: Exchange


class Gateway:
    """Carries exchanges by a route table; `routes` may be replaced at any time.

    An exchange reads the table once, at its start, and ends under the one it began with.
    """

    def __init__(self, routes: RouteTable, pools: Pools, explainer: Explainer, via: str) -> None:
        self.routes = routes
        self.pools = pools
        self.draining = False
        self.under_way = 0
        self.connections = 0
        self.report: Callable[[Exchange], None] = lambda _: None
        self.explainer = explainer
        self._via = via.encode()

    async def handle(
        self,
        request: web.BaseRequest,
        client: Client,
        memory: Memory,
        refusal: GatewayError | None = None,
    ) -> web.StreamResponse:
        """Carry one exchange; raise `ConnectionResetError` where the answer had to be cut.

        `memory` is that of the connection; `refusal` what the connection itself is refused for.
        """
        visit = self._open(request, client, memory)
        self.under_way += 1
        try:
            await self._carry(visit, refusal)
            if visit.answer.unsent:
                await visit.answer.finish()
        except GatewayError as error:
            await self._answer_error(visit, error)
        except asyncio.CancelledError:
            visit.exchange.status = visit.exchange.status or _CLIENT_GONE
            if not visit.exchange.tunnelled:  # a tunnel is for either side to end
                visit.exchange.error = "client_gone"
            visit.answer.cut()
            raise
        except ConnectionError:
            visit.exchange.error = "client_gone"
            raise
        except Exception:
            log.exception(
                "a bug in corsproxy, at %s %s", visit.exchange.method, visit.exchange.target
            )
            await self._answer_error(visit, GatewayError(ProxyErrorType.PROXY_INTERNAL_ERROR))
        finally:
            self.under_way -= 1
            self._close(visit)
        return written(keep_alive=visit.answer.keep_alive)

    # Classify first, judge second, answer third.

    def _open(self, request: web.BaseRequest, client: Client, memory: Memory) -> Visit:
        table = self.routes
        head = memory.read(request)
        kind = memory.kind
        match = memory.match(head, table)
        route = match if isinstance(match, Route) else None
        passage = memory.pass_by(head, route, table, client)
        answer = Answer(request, head, route.timeouts.idle if route else _IDLE)
        if self.draining:
            answer.keep_alive = False
        exchange = Exchange(
            method=request.method,
            target=request.raw_path,
            client=passage.client.address or "unix",
            origin=kind.origins[0].decode("latin-1") if kind else None,
            route=route.name if route else None,
            verdict=passage.verdict,
            started=time.perf_counter(),
        )
        return Visit(request, head, client, memory, match, passage, answer, exchange)

    async def _carry(self, visit: Visit, refusal: GatewayError | None) -> None:
        if refusal is not None:
            visit.answer.keep_alive = False
            raise refusal
        if error := visit.memory.refuse(visit.head, visit.request.version.major, self._via):
            visit.answer.keep_alive = False  # what follows may be no request (RFC 9112 §11.2)
            raise error
        kind = visit.memory.kind
        if isinstance(kind, PreflightRequest) and visit.passage.policy is not None:
            await self._answer_preflight(visit)
            return
        if self.draining:
            raise GatewayError(ProxyErrorType.DESTINATION_UNAVAILABLE)
        if isinstance(visit.match, GatewayError):
            raise visit.match
        if visit.passage.verdict.refusal is not None:
            _refuse_page(visit)
        if visit.head.method == b"OPTIONS" and _ends_here(visit.head):
            await visit.answer.whole(ResponseHead(204, REASONS[204], ()), b"", visit.passage)
            return
        await self._forward(visit, visit.match)

    async def _answer_preflight(self, visit: Visit) -> None:
        """Answer a CORS-preflight request here: no upstream ever sees one (Fetch §3.3.2)."""
        verdict, policy = visit.passage.verdict, visit.passage.policy
        visit.exchange.preflight = True
        if verdict.refusal is not None or policy is None:
            raise GatewayError(ProxyErrorType.HTTP_REQUEST_DENIED, "the preflight is refused")
        status = policy.preflight_status
        visit.exchange.status = status
        reply = ResponseHead(status, REASONS.get(status, b"OK"), ())
        await visit.answer.whole(reply, b"", visit.passage)

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
                await answer.interim(reply.head)
            reply = await connection.reply()
        visit.exchange.status = reply.head.status
        answer.keep_alive = answer.keep_alive and not self.draining
        if reply.head.status != _SWITCHING_PROTOCOLS:
            await answer.relay(reply, visit.passage, connection)
            return
        protocols = [v for n, v in reply.head.fields if n.lower() == b"upgrade"]
        if not _was_asked_for(protocols, visit.head):
            raise GatewayError(ProxyErrorType.HTTP_UPGRADE_FAILED)
        visit.exchange.tunnelled = True
        idle = route.timeouts.tunnel
        await answer.switch(reply.head, visit.passage, b", ".join(protocols), idle)
        await tunnel(visit.request, upload, answer, connection, idle)

    # Errors, and the end.

    async def _answer_error(self, visit: Visit, error: GatewayError) -> None:
        """Answer with a problem while nothing was sent; afterwards only a cut is honest."""
        exchange, answer = visit.exchange, visit.answer
        exchange.error, exchange.detail = error.kind.token, error.inside or error.detail
        if answer.started:
            answer.cut()
            raise ConnectionResetError(error.detail)
        exchange.status = error.status
        answer.keep_alive = answer.keep_alive and not self.draining
        reply, content = self.explainer.explain_error(error, visit.passage, visit.memory.kind)
        await answer.whole(reply, content, visit.passage)
        await answer.finish()

    def _close(self, visit: Visit) -> None:
        exchange = visit.exchange
        exchange.sent = visit.answer.sent
        if visit.answer.stalled:
            exchange.error = "client_stalled"
        exchange.finished = time.perf_counter()
        self.report(exchange)


def _was_asked_for(protocols: list[bytes], head: RequestHead) -> bool:
    asked = {member.lower() for member in members(head.named.get(b"upgrade", ()))}
    switched = {member.lower() for member in members(protocols)}
    return head.upgrades and bool(switched) and switched <= asked


def _refuse_page(visit: Visit) -> None:
    """Refuse a page that may not, where the browser would not do it (RFC 6455 §10.2)."""
    policy = visit.passage.policy
    if policy is None or _is_same_origin(visit):
        return
    protocols = {member.lower() for member in members(visit.head.named.get(b"upgrade", ()))}
    if policy.block or (visit.head.upgrades and b"websocket" in protocols):
        raise GatewayError(ProxyErrorType.HTTP_REQUEST_DENIED, "the origin is not allowed")


def _is_same_origin(visit: Visit) -> bool:
    own = visit.passage.client.scheme.encode() + b"://" + visit.passage.host
    return list(visit.head.named.get(b"origin", ())) == [own]


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
