"""Listeners with their connections, and their graceful end."""

import asyncio
import errno
import os
import socket
import ssl
import stat
from contextlib import suppress
from functools import partial
from pathlib import Path

from aiohttp.http_parser import HttpRequestParser

from corsproxy.config.settings import Config
from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.limits import Listener
from corsproxy.core.messages import Client
from corsproxy.gateway.handler import Gateway
from corsproxy.gateway.protocol import ClientProtocol
from corsproxy.gateway.tls import TlsAcceptor, listening_sockets

_BACKLOG = 1024


class StartError(Exception):
    """A reason why the proxy can't start, for people."""


class ListenError(StartError):
    """An address that can't be listened on; the message says which and why."""

    def __init__(self, listener: object, error: OSError) -> None:
        self.listener = listener
        # asyncio puts a sentence of its own round what the system says: taken is enough to know
        self.taken = error.errno == errno.EADDRINUSE
        ours = self.taken and "running" not in str(error)
        reason = os.strerror(errno.EADDRINUSE).lower() if ours else error.strerror or str(error)
        super().__init__(f"can't listen on {listener}: {reason}")


def require_c_parser() -> None:
    """Raise `StartError` where aiohttp would parse in Python: by other rules, and slower."""
    if HttpRequestParser.__module__ != "aiohttp._http_parser":
        raise StartError(
            "aiohttp is here without its C parser, which corsproxy relies on: install a wheel of "
            "aiohttp, and unset AIOHTTP_NO_EXTENSIONS"
        )


class Listening:
    """One listener with its connections."""

    def __init__(
        self,
        listener: Listener,
        gateway: Gateway,
        config: Config,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Listen on `listener`, over TLS where there is a `context`; unix sockets are plain."""
        self.listener = listener
        self.gateway = gateway
        self.connections: set[ClientProtocol] = set()
        self._context = None if listener.socket else context
        self._acceptor: TlsAcceptor | None = None
        self._server: asyncio.Server | None = None
        self.apply(config)

    def apply(self, config: Config) -> None:
        """Take over what a configuration says of clients; sizes hold for new connections."""
        self.limits = config.limits
        self.header_timeout = config.timeouts.header
        self._trusted = config.trusted_proxies
        for connection in self.connections:
            if connection.transport is not None:
                connection.client = self.meet(connection.transport)

    def meet(self, transport: asyncio.BaseTransport) -> Client:
        """Say who is at the other end of a connection, and how it came."""
        peer = transport.get_extra_info("peername")
        address = peer[0].partition("%")[0] if isinstance(peer, tuple) else None
        proxies = self._trusted if self._trusted.trust(address) else None
        scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        return Client(address, scheme, self.listener.loopback, proxies)

    def __call__(self) -> ClientProtocol:
        """Make the protocol of a new connection."""
        return ClientProtocol(self, asyncio.get_running_loop())

    async def open(self) -> None:
        """Bind the listener; raise `ListenError` where that can't be."""
        loop, listener = asyncio.get_running_loop(), self.listener
        try:
            if listener.socket:
                _spare_the_living(Path(listener.socket))
                self._server = await loop.create_unix_server(
                    self, listener.socket, backlog=_BACKLOG
                )
            else:
                plain = self._context is None
                self._server = await loop.create_server(
                    self, listener.host or None, listener.port, backlog=_BACKLOG,
                    start_serving=plain,
                )  # fmt: skip
                self._accept_tls(self._server)
        except OSError as error:
            raise ListenError(listener, error) from error

    def _accept_tls(self, server: asyncio.Server) -> None:
        if self._context is not None:
            sockets = listening_sockets(server, _BACKLOG)
            plain = partial(_Plain, self)
            self._acceptor = TlsAcceptor(self, sockets, self._context, plain)

    @property
    def address(self) -> str:
        """The address that is really listened on, as a URL where it is one."""
        bound = self._server.sockets[0].getsockname() if self._server else None
        return self.listener.url(bound, "https" if self._context else "http")

    def admit(self, connection: ClientProtocol) -> GatewayError | None:
        """Take a new connection, and say why it is not served, if it isn't."""
        self.connections.add(connection)
        self.gateway.connections += 1
        if self.gateway.connections <= self.limits.connections:
            return None
        return GatewayError(ProxyErrorType.CONNECTION_LIMIT_REACHED)

    def leave(self, connection: ClientProtocol) -> None:
        """Note that a connection is gone."""
        self.connections.discard(connection)
        self.gateway.connections -= 1

    # The end, in the order of time.

    def stop_accepting(self) -> None:
        """Close the listener, and the connections on which nothing is under way."""
        if self._server is None:
            return
        self._server.close()
        if self._acceptor is not None:
            self._acceptor.close()
        for connection in list(self.connections):
            if not connection.busy:
                connection.force_close()
        if self.listener.socket:
            with suppress(OSError):
                Path(self.listener.socket).unlink()

    def close(self) -> None:
        """Close what is left of the connections, once what is written has left."""
        for connection in list(self.connections):
            connection.part()

    def abort(self) -> None:
        """Close what is still left of them at once."""
        for connection in list(self.connections):
            if connection.transport is not None:
                connection.transport.abort()


class _Plain(ClientProtocol):
    """A connection that speaks plain HTTP where TLS is spoken: it is told so, and ends."""

    def __init__(self, listening: Listening) -> None:
        super().__init__(listening, asyncio.get_running_loop())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.refusal = self.refusal or GatewayError(
            ProxyErrorType.HTTP_REQUEST_ERROR,
            "this is plain HTTP, and this port speaks TLS: use https://",
        )


def _spare_the_living(path: Path) -> None:
    """Raise `OSError` where a running server has the socket; asyncio replaces a dead one's."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)
            probe.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        return
    except BlockingIOError:
        pass  # it is alive, and busy
    raise OSError(errno.EADDRINUSE, "a running server has this socket")
