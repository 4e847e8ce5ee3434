"""Asking upstreams whether they answer, as requests through the gateway would reach them."""

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.limits import Limits
from corsproxy.core.probing import Answer, Answers, CertificateFault, Probe, Trouble
from corsproxy.core.upstreams import Address, UpstreamTls
from corsproxy.gateway.upstream import Pools
from corsproxy.gateway.wire import Connection, Expiry

PATIENCE = 5.0  # seconds to connect in, and again to be answered in
AT_ONCE = 8

_NOT_FOR_HEAD = frozenset({405, 501})
_BAD_REQUEST = 400
_FAULTS = {  # as OpenSSL's x509_vfy.h counts them
    2: CertificateFault.UNTRUSTED,
    9: CertificateFault.NOT_YET_VALID,
    10: CertificateFault.EXPIRED,
    18: CertificateFault.SELF_SIGNED,
    19: CertificateFault.UNTRUSTED,
    20: CertificateFault.UNTRUSTED,
    21: CertificateFault.UNTRUSTED,
    62: CertificateFault.WRONG_NAME,
    64: CertificateFault.WRONG_NAME,
}
_PERHAPS_TLS = frozenset(
    {
        ProxyErrorType.CONNECTION_TERMINATED,
        ProxyErrorType.HTTP_PROTOCOL_ERROR,
        ProxyErrorType.HTTP_RESPONSE_INCOMPLETE,
    }
)
_PERHAPS_PLAIN = frozenset(
    {
        ProxyErrorType.TLS_PROTOCOL_ERROR,
        ProxyErrorType.CONNECTION_TERMINATED,
        ProxyErrorType.CONNECTION_TIMEOUT,
    }
)


class Prober:
    """Asks upstreams over connections of `pools`, a few at once; each answers in time or not.

    None of the connections is kept. What has to be met in another way, to find out more, is met
    over others.
    """

    def __init__(self, pools: Pools, patience: float = PATIENCE) -> None:
        self._pools = pools
        self._patience = patience
        self._in_time = f"within {patience:g} s"
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask(self, probe: Probe) -> Answers | Trouble:
        """Send the requests of a probe, and return what came of them."""
        async with self._turns:
            try:
                return await self._ask(probe)
            except GatewayError as error:
                return await self._find_out(probe.upstream.address, error)

    async def _ask(self, probe: Probe) -> Answers | Trouble:
        address, method = probe.upstream.address, b"HEAD"
        plain = await self._exchange(address, probe.plain(method), method)
        if plain.status in _NOT_FOR_HEAD:
            method = b"GET"
            plain = await self._exchange(address, probe.plain(method), method)
        if plain.status == _BAD_REQUEST and await self._speaks_tls(address):
            return Trouble(ProxyErrorType.HTTP_PROTOCOL_ERROR, speaks="https")
        foreign = await self._try(address, probe.foreign(method), method)
        preflight = await self._try(address, probe.preflight, b"OPTIONS")
        return Answers(plain, foreign, preflight, method.decode())

    async def _try(self, address: Address, head: bytes, method: bytes) -> Answer | None:
        try:
            return await self._exchange(address, head, method)
        except GatewayError:
            return None

    async def _exchange(self, address: Address, head: bytes, method: bytes) -> Answer:
        """Send a request on a connection of its own, and return the answer's head."""
        connection = await self._pools.connect(address, self._patience)
        try:
            return await self._answer(connection, head, method)
        finally:
            connection.abort()

    async def _answer(self, connection: Connection, head: bytes, method: bytes) -> Answer:
        connection.send(head, bodiless=method == b"HEAD")
        late = Expiry(ProxyErrorType.HTTP_RESPONSE_TIMEOUT, self._in_time)
        connection.expect(self._patience, late)
        reply = await connection.final()
        return Answer(reply.head.status, tuple(reply.head.fields))

    # After a failure: what is spoken there, and whose the certificate is.

    async def _find_out(self, address: Address, error: GatewayError) -> Trouble:
        said = (error.inside or error.detail).removeprefix(f"{address}: ")
        cause = error.__cause__
        if isinstance(cause, TimeoutError):
            said = self._in_time
        if isinstance(cause, ssl.SSLCertVerificationError):
            fault = _FAULTS.get(cause.verify_code, CertificateFault.OTHER)
            wrong = fault is CertificateFault.WRONG_NAME
            names = await self._names(address) if wrong else ()
            return Trouble(error.kind, said, fault=fault, names=names)
        return Trouble(error.kind, said, error.hint, speaks=await self._spoken(address, error))

    async def _spoken(
        self, address: Address, error: GatewayError
    ) -> Literal["http", "https"] | None:
        """Return the scheme that is spoken where the one that was expected isn't."""
        if address.proxy or address.socket:
            return None
        if address.tls is None:
            found = error.kind in _PERHAPS_TLS and await self._speaks_tls(address)
            return "https" if found else None
        found = error.kind in _PERHAPS_PLAIN and await self._speaks_plain(address)
        return "http" if found else None

    async def _speaks_tls(self, address: Address) -> bool:
        if address.tls or address.proxy or address.socket:
            return False
        return await self._connects(replace(address, tls=UpstreamTls(verify=False))) is not None

    async def _speaks_plain(self, address: Address) -> bool:
        """Ask for nothing: what a route sets may be for TLS only."""
        plain = replace(address, tls=None)
        head = b"HEAD / HTTP/1.1\r\nHost: %b\r\n\r\n" % plain.authority.encode()
        return await self._try(plain, head, b"HEAD") is not None

    async def _names(self, address: Address) -> tuple[str, ...]:
        """Return the names that an upstream's certificate is for."""
        tls = replace(address.tls or UpstreamTls(), check_name=False)
        certificate = await self._connects(replace(address, tls=tls)) or {}
        names = certificate.get("subjectAltName", ())
        return tuple(str(name) for _, name in names) if isinstance(names, Iterable) else ()

    async def _connects(self, address: Address) -> dict[str, object] | None:
        """Connect in another way than serving does, and return the certificate met, if it works."""
        pools = Pools(Limits())
        try:
            connection = await pools.connect(address, self._patience)
            return dict(connection.certificate)
        except GatewayError:
            return None
        finally:
            pools.close()
