"""The answer as it goes to the client: every octet of it is written here."""

import asyncio
import socket
import struct
import sys
import time
from email.utils import formatdate

from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.fields import HOP_BY_HOP, Field, Fields, nominated
from corsproxy.core.heads import to_client
from corsproxy.core.messages import Passage, RequestHead, ResponseHead
from corsproxy.gateway.chunks import chunk, last_chunk
from corsproxy.gateway.deadline import Deadline
from corsproxy.gateway.memory import Memory
from corsproxy.gateway.replies import Framing, Reply
from corsproxy.gateway.request import Request
from corsproxy.gateway.wire import Connection, Expiry

_NO_CONTENT = frozenset({204, 304})
_NOT_SENDING = Expiry(ProxyErrorType.CONNECTION_READ_TIMEOUT)
_TCP_CLOSE, _TCP_CLOSE_WAIT = 7, 8  # as Linux counts states, in the first octet of tcp_info
_LINGER_RESET = struct.pack("ii", 1, 0)


class _Clock:
    """The Date field's value, made once a second (RFC 9110 §6.6.1)."""

    second = 0
    value = b""

    @classmethod
    def now(cls) -> bytes:
        second = int(time.time())
        if second != cls.second:
            cls.second, cls.value = second, formatdate(second, usegmt=True).encode()
        return cls.value


def render(reply: ResponseHead, content: bytes, passage: Passage, hop: Fields) -> bytes:
    """Return the head of an answer that the proxy makes itself, with the size of its content."""
    fields = list(reply.fields)
    if reply.status not in _NO_CONTENT:
        fields.append((b"Content-Length", b"%d" % len(content)))
    return to_client(ResponseHead(reply.status, reply.reason, fields), passage, hop, _Clock.now())


class Answer:
    """One answer on its way to one client."""

    __slots__ = ("_head", "_idle", "_protocol", "_request", "_until_close", "_waiting",
                 "keep_alive", "sent", "stalled", "started")  # fmt: skip

    def __init__(self, request: Request, head: RequestHead, idle: float | None) -> None:
        """Answer `request`; a client that takes nothing for `idle` seconds is cut off."""
        self._request = request
        self._protocol = request.protocol
        self._head = head
        self._idle = idle
        self._until_close = False
        self._waiting = 0  # octets that the client had not taken at the last look
        self.keep_alive = not request.message.should_close
        self.started = False
        self.stalled = False
        self.sent = 0

    def whole(self, reply: ResponseHead, content: bytes, passage: Passage) -> None:
        """Write an answer that the proxy makes itself, head and content at once.

        Nothing is waited for: `finish` does that, where a part of it stays `unsent`.
        """
        head = render(reply, content, passage, self._hop())
        content = b"" if self._head.method == b"HEAD" else content
        self.sent = len(content)
        self._send(head + content)
        self.started = True

    def interim(self, reply: ResponseHead) -> None:
        """Pass an interim response on (RFC 9110 §15.2); an HTTP/1.0 client can't take one."""
        if self._head.minor == 0:
            return
        connection = [v for n, v in reply.fields if n.lower() == b"connection"]
        removed = HOP_BY_HOP | nominated(connection)
        lines = [b"HTTP/1.1 %d %b" % (reply.status, reply.reason)]
        lines += [n + b": " + v for n, v in reply.fields if n.lower() not in removed]
        self._send(b"\r\n".join(lines) + b"\r\n\r\n")

    def proceed(self) -> None:
        """Ask the client for its content (RFC 9110 §10.1.1)."""
        self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def relay(
        self, reply: Reply, passage: Passage, connection: Connection, memory: Memory
    ) -> None:
        """Pass a response on as it comes; raise `GatewayError` where the upstream cuts it.

        The client's own pace holds the upstream back.
        """
        unsized = reply.framing is Framing.CHUNKED or reply.framing is Framing.CLOSE
        chunked = unsized and self._head.minor > 0
        self._until_close = unsized and not chunked
        self.keep_alive = self.keep_alive and not self._until_close
        hop = self._hop()
        if chunked:
            hop.append((b"Transfer-Encoding", b"chunked"))
        if hop:
            out = to_client(reply.head, passage, hop, _Clock.now())
        else:
            out = memory.to_client(reply.head, passage, _Clock.now())
        while True:
            # what is here goes out with the head, and the end with what is here
            ended, content = connection.complete, connection.take()
            self.sent += len(content)
            out += chunk(content) if chunked else content
            if ended and chunked:
                out += last_chunk(connection.trailers)
            if ended:
                await self._write(out)
                return
            if out:
                connection.rest()
                await self._write(out)
            connection.expect(self._idle, _NOT_SENDING)
            await connection.content()
            out = b""

    async def switch(
        self, reply: ResponseHead, passage: Passage, upgrade: bytes, idle: float | None
    ) -> None:
        """Write the head of a 101, with the fields that make it one (RFC 9110 §7.8).

        From here on the client may take nothing for `idle` seconds.
        """
        self.keep_alive = False
        self._idle = idle
        hop = [(b"Connection", b"Upgrade"), (b"Upgrade", upgrade)]
        await self._write(to_client(reply, passage, hop, _Clock.now()))

    async def pass_on(self, data: bytes) -> None:
        """Write octets of a tunnel."""
        self.sent += len(data)
        await self._write(data)

    @property
    def unsent(self) -> bool:
        """Whether a part of the answer still waits for the client to take it."""
        transport = self._protocol.transport
        return transport is not None and transport.get_write_buffer_size() > 0

    @property
    def _over_tls(self) -> bool:
        transport = self._protocol.transport
        return transport is not None and transport.get_extra_info("sslcontext") is not None

    async def finish(self) -> None:
        """Wait until all of the answer has left, so that a stalled client is noticed to the end."""
        transport = self._protocol.transport
        if transport is not None and self.unsent:
            # asyncio waits for more than this under TCP, and for as much as this under TLS
            transport.set_write_buffer_limits(high=1 if self._over_tls else 0)
            await self._drained()
            transport.set_write_buffer_limits()

    def cut(self) -> None:
        """End the connection so that the client sees the answer as cut short.

        Content that is delimited by the close itself needs a reset to be seen as cut.
        """
        self.keep_alive = False
        transport = self._protocol.transport
        if self._until_close or self.stalled:
            reset(transport)
        elif transport is not None:
            transport.close()

    def _send(self, data: bytes) -> None:
        transport = self._protocol.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        transport.write(data)

    async def _write(self, data: bytes) -> None:
        self._send(data)
        self.started = True
        if self._protocol.writing_paused:
            await self._drained()

    async def _drained(self) -> None:
        """Wait until the client has taken enough, but not longer than it may idle."""
        patience = Deadline(asyncio.get_running_loop(), lambda: self._look(patience))
        self._waiting = self._protocol.write_buffer_size
        patience.set(self._idle)
        try:
            await self._protocol.drained()
        finally:
            patience.close()

    def _look(self, patience: Deadline) -> None:
        """Give a client up that has taken nothing since the last look."""
        waiting = self._protocol.write_buffer_size
        if waiting < self._waiting:
            self._waiting = waiting
            patience.set(self._idle)
        else:
            self.stalled = True
            self.cut()

    def _hop(self) -> list[Field]:
        """Return the fields that hold for the hop to the client only (RFC 9112 §9.3).

        A client that is still sending what nobody will read is parted from.
        """
        ends = self._protocol.ending or not self._request.content.is_eof()
        self.keep_alive = self.keep_alive and not ends
        if not self.keep_alive:
            return [(b"Connection", b"close")]
        return [(b"Connection", b"keep-alive")] if self._head.minor == 0 else []


def reset(transport: asyncio.Transport | None) -> None:
    """Close a connection by a reset, so that its end can't be taken for an orderly one."""
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family != getattr(socket, "AF_UNIX", None):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
    transport.abort()


def has_left(transport: asyncio.Transport) -> bool:
    """Tell whether a client that isn't read from just now has closed or reset its connection.

    Only Linux tells, and of TCP only; elsewhere a client counts as being there.
    """
    sock = transport.get_extra_info("socket")
    if sys.platform != "linux" or transport.is_closing() or sock.family == socket.AF_UNIX:
        return False
    state: int = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state in (_TCP_CLOSE, _TCP_CLOSE_WAIT)
