"""After 101 Switching Protocols: octets both ways, none of them looked at (RFC 9110 §7.8)."""

import asyncio
from contextlib import suppress

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.fields import members
from corsproxy.core.messages import RequestHead, ResponseHead
from corsproxy.gateway.relay import Answer
from corsproxy.gateway.request import Request
from corsproxy.gateway.upload import Upload
from corsproxy.gateway.wire import Connection, Expiry

_SILENT = Expiry(ProxyErrorType.CONNECTION_READ_TIMEOUT, "the tunnel was silent")


def switched(asked: RequestHead, reply: ResponseHead) -> bytes:
    """Return the protocols that a 101 names; raise `GatewayError` where none was asked for."""
    protocols = [value for name, value in reply.fields if name.lower() == b"upgrade"]
    known = {member.lower() for member in members(asked.named.get(b"upgrade", ()))}
    named = {member.lower() for member in members(protocols)}
    if not (asked.upgrades and named and named <= known):
        raise GatewayError(ProxyErrorType.HTTP_UPGRADE_FAILED)
    return b", ".join(protocols)


class _Upward:
    """What the client sends, on its way to the upstream."""

    def __init__(self, request: Request, upload: Upload, connection: Connection) -> None:
        self._request = request
        self._upload = upload
        self._connection = connection
        self._draining: asyncio.Task[None] | None = None

    def take(self, data: bytes) -> None:
        """Pass octets on, and hold the client back while the upstream is slow."""
        self._upload.received += len(data)
        self._connection.write(data)
        self._connection.touch()
        if self._connection.writing_paused and self._draining is None:
            transport = self._request.transport
            if transport is not None:
                transport.pause_reading()
            self._draining = asyncio.ensure_future(self._resume())

    async def _resume(self) -> None:
        with suppress(GatewayError):  # which the other direction reports
            await self._upload.drained(self._connection)
        self._draining = None
        transport = self._request.transport
        if transport is not None and not transport.is_closing():
            transport.resume_reading()

    def close(self) -> None:
        """Stop waiting for the upstream."""
        if self._draining is not None:
            self._draining.cancel()


async def tunnel(
    request: Request,
    upload: Upload,
    answer: Answer,
    connection: Connection,
    idle: float | None,
) -> None:
    """Carry octets both ways until either side ends; what the client sends counts as its upload.

    A tunnel in which nothing moves for `idle` seconds is closed.
    """
    connection.tunnel()
    connection.expect(idle, _SILENT)
    upward = _Upward(request, upload, connection)
    request.protocol.tunnel(upward.take)
    try:
        while True:
            await connection.content()
            connection.touch()
            data = connection.take()
            if not data:
                return
            await answer.pass_on(data)
    finally:
        upward.close()
