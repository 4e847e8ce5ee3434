"""A gateway that keeps the heads of its exchanges, for who learns from them.

What it takes is done here, so that a gateway of which nobody learns does nothing for it.
"""

from corsproxy.core.messages import Heads, Passage, RequestHead, ResponseHead
from corsproxy.core.routes import RouteTable
from corsproxy.gateway.handler import Gateway, Visit
from corsproxy.gateway.memory import Memory
from corsproxy.gateway.problems import Explainer
from corsproxy.gateway.relay import Answer
from corsproxy.gateway.replies import Reply
from corsproxy.gateway.request import Request
from corsproxy.gateway.upstream import Pools
from corsproxy.gateway.wire import Connection


class NotingAnswer(Answer):
    """An answer that knows which head of the upstream's it is made of."""

    __slots__ = ("reply",)

    def __init__(self, request: Request, head: RequestHead, idle: float | None) -> None:
        super().__init__(request, head, idle)
        self.reply: ResponseHead | None = None

    async def relay(
        self, reply: Reply, passage: Passage, connection: Connection, memory: Memory
    ) -> None:
        """Pass a response on as it comes (`Answer.relay`)."""
        self.reply = reply.head
        await super().relay(reply, passage, connection, memory)


class NotingGateway(Gateway):
    """Puts the heads into every exchange that it reports."""

    def __init__(self, routes: RouteTable, pools: Pools, explainer: Explainer, via: str) -> None:
        super().__init__(routes, pools, explainer, via)
        self.answers = NotingAnswer

    def _close(self, visit: Visit) -> None:
        reply = visit.answer.reply if isinstance(visit.answer, NotingAnswer) else None
        visit.exchange.heads = Heads(visit.head, visit.passage, reply)
        super()._close(visit)
