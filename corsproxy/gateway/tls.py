"""TLS on a listener: those who speak it are served, those who don't are told (R92)."""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from corsproxy.core.limits import ListenerTls

if TYPE_CHECKING:
    from corsproxy.gateway.server import Listening

log = logging.getLogger("corsproxy.gateway")

_CLIENT_HELLO = b"\x16"  # the content type of a handshake (RFC 8446 §5.1)


def server_context(tls: ListenerTls) -> ssl.SSLContext:
    """Return the TLS context of listeners; raise `OSError` on unusable files."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    load(context, tls)
    return context


def load(context: ssl.SSLContext, tls: ListenerTls) -> None:
    """Show another certificate from now on; raise `OSError` on unusable files."""
    if tls.cert is not None:
        context.load_cert_chain(tls.cert, tls.key)


class TlsAcceptor:
    """Accepts connections and looks at their first octet before TLS begins.

    asyncio closes a connection that speaks plain HTTP without a word, and tells nobody.
    """

    def __init__(
        self,
        listening: "Listening",
        sockets: Sequence[socket.socket],
        context: ssl.SSLContext,
        told: Callable[[], asyncio.BaseProtocol],
    ) -> None:
        """Accept on `sockets` for `listening`; who doesn't speak TLS gets the protocol `told`."""
        self._listening = listening
        self._sockets = sockets
        self._context = context
        self._told = told
        self._tasks = {asyncio.ensure_future(self._accept(one)) for one in sockets}

    def close(self) -> None:
        """Stop accepting, and part from those who have not shown yet what they speak."""
        for task in self._tasks:
            task.cancel()
        for one in self._sockets:
            one.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:  # too many open files, or a client that left at once
                log.warning("a connection was not accepted: %s", error.strerror)
                await asyncio.sleep(1)
                continue
            # of the tasks, one for each socket accepts
            if len(self._tasks) - len(self._sockets) >= self._listening.limits.connections:
                connection.close()
                continue
            task = asyncio.ensure_future(self._greet(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _greet(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._listening.header_timeout):
                first = await _first_octet(connection)
                if first == _CLIENT_HELLO:
                    context = self._context
                    await loop.connect_accepted_socket(self._listening, connection, ssl=context)
                elif first:
                    await loop.connect_accepted_socket(self._told, connection)
                else:
                    connection.close()
        except (OSError, TimeoutError) as error:
            log.debug("a client didn't get as far as TLS: %s", error)
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise


def listening_sockets(server: asyncio.Server, backlog: int) -> list[socket.socket]:
    """Return sockets that listen where a server is bound which has not begun to serve."""
    sockets = [socket.socket(fileno=os.dup(bound.fileno())) for bound in server.sockets]
    for one in sockets:
        one.setblocking(False)
        one.listen(backlog)
    return sockets


async def _first_octet(connection: socket.socket) -> bytes:
    """Wait for the first octet, and leave it where it is; nothing where the client is gone."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    connection.setblocking(False)
    loop.add_reader(connection.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection.fileno())
    with suppress(BlockingIOError):
        return connection.recv(1, socket.MSG_PEEK)
    return b""
