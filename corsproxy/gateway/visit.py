"""A page's request made as a browser makes it: preflight, request, redirects, step by step."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from corsproxy.core.browser import Finding, PageRequest, origin_of, preflight_of
from corsproxy.core.diagnosis import (
    PROBLEM,
    Answer,
    Diagnosis,
    Message,
    Part,
    Silence,
    Step,
    answered,
    asked,
    preflight_message,
    probes_for,
    request_message,
)
from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.limits import Limits
from corsproxy.core.local_network import (
    Crossing,
    Space,
    crossing,
    mixed_content,
    named_space,
    space_of,
)
from corsproxy.core.origins import DEFAULT_PORTS
from corsproxy.core.redirects import redirected
from corsproxy.core.upstreams import Address, UpstreamTls
from corsproxy.gateway.names import Names
from corsproxy.gateway.replies import Reply
from corsproxy.gateway.upstream import Pools
from corsproxy.gateway.wire import Connection, Expiry

MOST_CONTENT = 64 * 1024  # octets of a problem; no other content is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a visit is made: `timeout` in seconds for each step, `cookie` for the first origin.

    `preflight_only` sends the preflight and nothing else.
    """

    timeout: float = 10.0
    verify: bool = True
    preflight_only: bool = False
    cookie: bytes = b""
    agent: bytes = b"Mozilla/5.0 (compatible; corsproxy)"


async def visit(request: PageRequest, manner: Manner) -> Diagnosis:
    """Make a request as a browser would, up to where a browser stops.

    A method that isn't safe is sent only after its preflight allowed it or where none is needed,
    and again only where a redirect asks for it.
    """
    return await _Visit(request, manner).made()


class _Visit:
    def __init__(self, request: PageRequest, manner: Manner) -> None:
        self._request = request
        self._manner = manner
        self._names = Names()
        self._pools = Pools(Limits())
        self._steps: list[Step] = []
        self._blocked = ""

    async def made(self) -> Diagnosis:
        end = await self._go(self._request)
        steps = tuple(self._steps)
        probes: list[Step] = []
        if steps and end is None and not self._manner.preflight_only:
            for part, request, message in probes_for(
                steps, self._cookie_for(steps[-1].request.url)
            ):
                probes.append(Step(part, request, message, await self._exchange(message)))
        return Diagnosis(
            request=self._request,
            steps=steps,
            end=end,
            blocked=self._blocked,
            probes=tuple(probes),
            crossings=tuple([found async for found in self._crossings()]),
        )

    async def _crossings(self) -> AsyncIterator[Crossing]:
        """Yield where a page of a farther network asks a nearer one; a `null` page is of none."""
        origin = self._request.origin
        for url in dict.fromkeys(step.request.url for step in self._steps):
            server = await self._space(url)
            if server > Space.PUBLIC and origin != b"null":
                found = crossing(origin, await self._space(origin.decode()), url, server)
                if found:
                    yield found

    async def _go(self, request: PageRequest) -> Finding | None:
        """Go on from request to request; return what stops it other than an answer's judgement."""
        going: PageRequest | Finding | None = request
        while isinstance(going, PageRequest):
            if end := mixed_content(going.origin, going.url):
                self._blocked = going.url
                return end
            async for step in self._hop(going):
                self._steps.append(step)
            step = self._steps[-1]
            if (
                not step.passed
                or step.part is Part.PREFLIGHT
                or not isinstance(step.answer, Answer)
            ):
                return None
            going = redirected(going, step.answer.status, step.answer.fields)
        return going

    async def _hop(self, request: PageRequest) -> AsyncIterator[Step]:
        if preflight := preflight_of(request):
            message = preflight_message(request, preflight)
            step = asked(request, message, await self._exchange(message))
            yield step
            if not step.passed or self._manner.preflight_only:
                return
        message = request_message(request, self._cookie_for(request.url))
        yield answered(request, message, await self._exchange(message))

    def _cookie_for(self, url: str) -> bytes:
        same = origin_of(url) == origin_of(self._request.url)
        return self._manner.cookie if same else b""

    async def _space(self, url: str) -> Space:
        """Return how near a server or page is; what no name server knows is taken for public."""
        host = urlsplit(url).hostname or ""
        if (known := named_space(host)) is not None or not host:
            return known or Space.PUBLIC
        try:
            async with asyncio.timeout(self._manner.timeout):
                nodes = await self._names.look_up(host, 0)
        except (OSError, TimeoutError, UnicodeError):
            return Space.PUBLIC
        return space_of(str(node[4][0]) for node in nodes)

    async def _exchange(self, message: Message) -> Answer | Silence:
        parts = urlsplit(message.url)
        tls = UpstreamTls(verify=self._manner.verify) if parts.scheme == "https" else None
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        try:
            connection = await self._pools.connect(
                Address(parts.hostname or "", port, tls), self._manner.timeout
            )
        except GatewayError as error:
            late = error.kind in (ProxyErrorType.DNS_TIMEOUT, ProxyErrorType.CONNECTION_TIMEOUT)
            said = f"in {self._manner.timeout:g} s" if late else error.inside
            if said.endswith(": "):  # asyncio's own, of a handshake
                said += "it closed the connection"
            return Silence(error.kind, said, connected=False)
        try:
            return await self._answer(connection, message)
        except GatewayError as error:
            return Silence(error.kind, error.inside or str(error), connected=True)
        finally:
            connection.abort()

    async def _answer(self, connection: Connection, message: Message) -> Answer:
        timeout = self._manner.timeout
        connection.expect(
            timeout, Expiry(ProxyErrorType.HTTP_RESPONSE_TIMEOUT, f"in {timeout:g} s")
        )
        connection.send(self._head(message), bodiless=message.method == b"HEAD")
        reply = await connection.final()
        content = await self._content(connection, reply)
        return Answer(reply.head.status, tuple(reply.head.fields), content)

    def _head(self, message: Message) -> bytes:
        lines = [message.method + b" " + message.target + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in message.fields]
        if not any(name.lower() == b"user-agent" for name, _ in message.fields):
            lines.append(b"User-Agent: " + self._manner.agent)
        return b"\r\n".join([*lines, b"Connection: close", b"", b""])

    async def _content(self, connection: Connection, reply: Reply) -> bytes:
        """Return as much of a problem's content as is taken, and nothing of any other."""
        types = [value for name, value in reply.head.fields if name.lower() == b"content-type"]
        content = b""
        if not types or not types[0].lower().startswith(PROBLEM):
            return content
        while not connection.complete and len(content) <= MOST_CONTENT:
            try:
                await connection.content()
            except GatewayError:
                return b""
            content += connection.take()
        return (content + connection.take())[:MOST_CONTENT]
