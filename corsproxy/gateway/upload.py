"""A request's content on its way to the upstream."""

import asyncio
from contextlib import suppress

from aiohttp import web

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.messages import RequestHead
from corsproxy.core.routes import Route
from corsproxy.gateway.chunks import chunk, last_chunk
from corsproxy.gateway.relay import Answer, has_left
from corsproxy.gateway.request import Request
from corsproxy.gateway.wire import Connection, Expiry

_CONTINUE_PATIENCE = 1.0  # seconds until content is sent unasked (RFC 9110 §10.1.1)

_LOOK_INTERVAL = 0.5  # seconds between looks whether a client that is held back is still there

_NO_ANSWER = Expiry(ProxyErrorType.HTTP_RESPONSE_TIMEOUT)
_NOT_READING = Expiry(ProxyErrorType.CONNECTION_WRITE_TIMEOUT)
_NOT_SENDING = Expiry(ProxyErrorType.HTTP_REQUEST_ERROR, "the client stopped sending", 408)


class Upload:
    """The content of one request: at hand in whole (`ready`), or to be passed on as it comes."""

    def __init__(self, request: Request, head: RequestHead, route: Route) -> None:
        """Look at what is here already; raise `GatewayError` where it is known to be too much."""
        self._request = request
        self._route = route
        self._chunked = b"transfer-encoding" in head.named
        self._expects = b"expect" in head.named and head.minor > 0
        self._task: asyncio.Task[None] | None = None
        self.received = 0
        declared = head.named.get(b"content-length")
        if declared and route.request_body is not None and int(declared[0]) > route.request_body:
            raise _too_much(route)
        self.ready = self._at_hand()
        self.finished = self.ready is not None

    def _at_hand(self) -> bytes | None:
        """Return the content as it goes on the wire, if all of it is here already."""
        content = self._request.content
        if not self._request.has_content:
            return b""
        if self._expects or not content.is_eof() or content.exception() is not None:
            return None
        data = content.read_nowait()
        self.received = len(data)
        if self._over_limit():
            raise _too_much(self._route)
        return chunk(data) + last_chunk() if self._chunked else data

    def start(self, connection: Connection, answer: Answer) -> None:
        """Pass the content on beside the waiting for the answer, unless it has gone already."""
        timeouts = self._route.timeouts
        if self.finished:
            connection.expect(timeouts.response, _NO_ANSWER)
            return
        self._task = asyncio.ensure_future(self._run(connection, answer))

    def stop(self) -> None:
        """Stop passing content on: the exchange is over."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, connection: Connection, answer: Answer) -> None:
        try:
            if self._expects and not await self._is_wanted(connection, answer):
                return
            await self._pass_on(connection)
        except GatewayError as error:
            connection.fail(error)
        except (web.RequestPayloadError, OSError) as error:
            connection.fail(
                GatewayError(
                    ProxyErrorType.HTTP_REQUEST_ERROR,
                    "the request's content is malformed or cut short",
                    inside=str(error),
                )
            )

    async def _is_wanted(self, connection: Connection, answer: Answer) -> bool:
        """Wait for the upstream's 100, and pass it on; False where it has answered instead."""
        connection.expect(self._route.timeouts.response, _NO_ANSWER)
        try:
            async with asyncio.timeout(_CONTINUE_PATIENCE):
                await connection.continued.wait()
        except TimeoutError:
            if connection.answered:
                return False
        answer.proceed()
        return True

    async def _pass_on(self, connection: Connection) -> None:
        content = self._request.content
        while True:
            self._expect(connection, _NOT_SENDING)
            data = await content.readany()
            if not data:
                break
            self.received += len(data)
            if self._over_limit():
                raise _too_much(self._route)
            connection.write(chunk(data) if self._chunked else data)
            if connection.writing_paused:
                self._expect(connection, _NOT_READING)
                await self.drained(connection)
        if self._chunked:
            connection.write(last_chunk())
        self.finished = True
        if not connection.answered:
            connection.expect(self._route.timeouts.response, _NO_ANSWER)

    def _expect(self, connection: Connection, expiry: Expiry) -> None:
        """Expect the upload to move on; an answer that has begun has its own expectations."""
        if connection.answered:
            connection.touch()
        else:
            connection.expect(self._route.timeouts.idle, expiry)

    async def drained(self, connection: Connection) -> None:
        """Wait until the upstream takes more, or the client is gone.

        A client that is held back isn't read from, and so has to be asked after.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_INTERVAL):
                    await connection.drain()
                return
            if self._request.transport is not None and has_left(self._request.transport):
                self._request.transport.abort()

    def _over_limit(self) -> bool:
        limit = self._route.request_body
        return limit is not None and self.received > limit


def _too_much(route: Route) -> GatewayError:
    return GatewayError(
        ProxyErrorType.HTTP_REQUEST_DENIED,
        f"the request's content is over the limit of {route.request_body} octets",
        status=413,
        hint="limits.request_body says how much is taken",
    )
