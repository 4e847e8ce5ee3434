"""Connections to upstreams, pooled; what can go wrong on the way to one, in our own words."""

import asyncio
import errno
import socket
import ssl
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import aiohappyeyeballs

from corsproxy.core import hosts
from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.limits import Limits
from corsproxy.core.routes import Route
from corsproxy.core.upstreams import Address, ForwardProxy, UpstreamTls
from corsproxy.gateway.known import KnownHeads
from corsproxy.gateway.names import Names, Nodes
from corsproxy.gateway.remains import TlsSocket
from corsproxy.gateway.wire import Connection

_HAPPY_EYEBALLS_DELAY = 0.25  # RFC 8305 §5

_CONTAINER_HINT = (
    "nothing listens there; inside a container, localhost is the container itself: "
    "reach the host as host.docker.internal"
)


class Pools:
    """The connections to every upstream, kept for reuse between clients and across reloads."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._names = Names()
        self._known = KnownHeads()
        self._idle: dict[Address, deque[Connection]] = {}
        self._contexts: dict[UpstreamTls, ssl.SSLContext] = {}
        self._open: set[Connection] = set()

    def apply(self, limits: Limits, routes: Iterable[Route]) -> None:
        """Take over limits, and read anew what TLS to upstreams needs; raise `OSError`."""
        met = {route.upstream.address.tls for route in routes}
        contexts = {tls: _tls_context(tls) for tls in met if tls}
        self._limits, self._contexts = limits, contexts

    def take(self, address: Address) -> Connection | None:
        """Return the idle connection to `address` that was used last, if there is one."""
        idle = self._idle.get(address)
        while idle:
            connection = idle.pop()
            if connection.idle:
                connection.rest()
                return connection
        return None

    def release(self, address: Address, connection: Connection, *, in_step: bool = True) -> None:
        """Take back a connection after its exchange: to be used again, or to be closed.

        `in_step` says whether all of the request was sent.
        """
        if not (in_step and connection.reusable) or self._limits.upstream_keepalive is None:
            connection.abort()
            return
        connection.park(self._limits.upstream_keepalive)
        self._idle.setdefault(address, deque()).append(connection)

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.abort()

    @property
    def size(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def context(self, tls: UpstreamTls) -> ssl.SSLContext:
        """Return the TLS context of an upstream, made once; raise `OSError` on unusable files."""
        context = self._contexts.get(tls)
        if context is None:
            context = self._contexts[tls] = _tls_context(tls)
        return context

    async def connect(self, address: Address, patience: float | None) -> Connection:
        """Return a new connection to `address`, within `patience` seconds; raise `GatewayError`."""
        late = ProxyErrorType.DNS_TIMEOUT
        with _own_words(address):
            try:
                async with asyncio.timeout(patience):
                    nodes = await self._resolve(address)
                    late = ProxyErrorType.CONNECTION_TIMEOUT
                    return await self._open_connection(address, nodes)
            except TimeoutError as error:
                within = "" if patience is None else f" within {patience:g} s (timeouts.connect)"
                raise GatewayError(late, inside=f"no connection to {address}{within}") from error

    async def _resolve(self, address: Address) -> Nodes:
        """Return what the name that is connected to stands for; nothing for a Unix socket."""
        if address.socket:
            return []
        hop = address.proxy or address
        return await self._names.look_up(hop.host, hop.port)

    async def _open_connection(self, address: Address, nodes: Nodes) -> Connection:
        loop = asyncio.get_running_loop()
        if address.socket:
            _, connection = await loop.create_unix_connection(self._make, address.socket)
            return self._keep(connection)
        sock = await _open_socket(nodes)
        try:
            transport, connection = await loop.create_connection(self._make, sock=sock)
        except BaseException:
            sock.close()
            raise
        try:
            return self._keep(await self._reach(address, transport, connection))
        except BaseException:
            transport.abort()
            raise

    async def _reach(
        self, address: Address, transport: asyncio.Transport, connection: Connection
    ) -> Connection:
        """Get to the upstream through what lies before it: a forward proxy, and TLS.

        A forward proxy is asked by CONNECT where TLS goes on behind it (§9.3.6).
        """
        proxy, tls = address.proxy, address.tls
        if proxy and proxy.tls:
            context = self.context(UpstreamTls())
            transport, connection = await self._secure(transport, context, proxy.host)
        if tls is None:
            return connection
        if proxy:
            await self._ask(proxy, address, connection)
        name = tls.server_name or address.host
        return (await self._secure(transport, self.context(tls), name))[1]

    async def _secure(
        self, transport: asyncio.Transport, context: ssl.SSLContext, name: str
    ) -> tuple[asyncio.Transport, Connection]:
        """Begin TLS with `name` on a transport; raise `OSError` where that fails."""
        connection = self._make()
        secured = await asyncio.get_running_loop().start_tls(
            transport, connection, context, server_hostname=name
        )
        if secured is None:
            raise ConnectionResetError
        if transport.get_extra_info("sslcontext") is None:
            TlsSocket(transport)
        connection.connection_made(secured)
        return secured, connection

    async def _ask(self, proxy: ForwardProxy, address: Address, connection: Connection) -> None:
        """Ask a forward proxy for a tunnel to the upstream; raise `GatewayError` where it won't."""
        authority = f"{_bracketed(address.host)}:{address.port}".encode()
        head = b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n" % (authority, authority)
        if proxy.authorization:
            head += b"Proxy-Authorization: " + proxy.authorization + b"\r\n"
        connection.send(head + b"\r\n", bodiless=True)
        reply = await connection.reply()
        if reply.head.status // 100 != 2:  # noqa: PLR2004 2xx opens the tunnel
            raise GatewayError(
                ProxyErrorType.DESTINATION_UNAVAILABLE,
                "the forward proxy refuses to connect",
                status=502,
                inside=f"{proxy.host}:{proxy.port} answered CONNECT with {reply.head.status}",
            )

    def _make(self) -> Connection:
        return Connection(self._limits.upstream_header_size, self._lost, self._known)

    def _keep(self, connection: Connection) -> Connection:
        if not connection.closed:
            self._open.add(connection)
        return connection

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        for idle in self._idle.values():
            if connection in idle:
                idle.remove(connection)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def _open_socket(nodes: Nodes) -> socket.socket:
    """Connect to whichever address answers first (RFC 8305)."""
    loop = asyncio.get_running_loop()
    sock = await aiohappyeyeballs.start_connection(
        nodes, happy_eyeballs_delay=_HAPPY_EYEBALLS_DELAY, interleave=1, loop=loop
    )
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _tls_context(tls: UpstreamTls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca)
    context.check_hostname = tls.verify and tls.check_name
    if not tls.verify:
        context.verify_mode = ssl.CERT_NONE
    if tls.cert:
        context.load_cert_chain(tls.cert, tls.key)
    return context


@contextmanager
def _own_words(address: Address) -> Iterator[None]:
    """Turn what the system says about connecting into a `GatewayError` (RFC 9209 §2.3)."""
    try:
        yield
    except GatewayError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise GatewayError(
            ProxyErrorType.TLS_CERTIFICATE_ERROR,
            inside=f"{address}: {error.verify_message}",
            hint="name its authority in upstream.tls.ca, or the name it is made out to in "
            "upstream.tls.server_name",
        ) from error
    except socket.gaierror as error:
        raise GatewayError(
            ProxyErrorType.DNS_ERROR,
            inside=f"{address}: {error.strerror}",
            hint="is the upstream's name spelt right, and known where the proxy runs?",
        ) from error
    except OSError as error:
        raise _from_os_error(address, error) from error


def _from_os_error(address: Address, error: OSError) -> GatewayError:
    kind, hint = ProxyErrorType.DESTINATION_IP_UNROUTABLE, ""
    if isinstance(error, ssl.SSLError):
        kind = ProxyErrorType.TLS_PROTOCOL_ERROR
        hint = "does the upstream speak TLS on this port? An http:// upstream is met without"
    elif error.errno in (errno.EMFILE, errno.ENFILE):
        kind = ProxyErrorType.CONNECTION_LIMIT_REACHED
        hint = "the proxy may open no more files: raise the limit (ulimit -n)"
    elif address.socket or isinstance(error, ConnectionRefusedError):
        kind = ProxyErrorType.CONNECTION_REFUSED
        hint = _CONTAINER_HINT if hosts.is_loopback(address.host) else "is the upstream up?"
    elif address.tls and isinstance(error, ConnectionError):
        kind = ProxyErrorType.TLS_PROTOCOL_ERROR
    elif isinstance(error, ConnectionError):
        kind = ProxyErrorType.CONNECTION_TERMINATED
    elif error.errno == errno.ETIMEDOUT:
        kind = ProxyErrorType.CONNECTION_TIMEOUT
    return GatewayError(kind, inside=f"{address}: {error.strerror or error}", hint=hint)
