"""The two heads of an exchange, and what their passage through the gateway depends on.

Named tuples, for one of each is made for every request: a frozen dataclass costs three times as
much to make.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from corsproxy.core import hosts
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.crossing import TO_UPSTREAM
from corsproxy.core.fields import Fields, members
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.targets import Target
from corsproxy.core.trust import TrustedProxies
from corsproxy.core.verdicts import Verdict

Index = Mapping[bytes, Sequence[bytes]]


class RequestHead(NamedTuple):
    """A request's head as it came; `named` holds the values by names in lower case."""

    method: bytes
    target: Target
    minor: int
    fields: Fields
    named: Index

    @property
    def host(self) -> bytes:
        """The authority asked for: that of an absolute target, else Host (RFC 9112 §3.2.2)."""
        if self.target.authority is not None:
            return self.target.authority
        return self.named.get(b"host", (b"",))[0]

    @property
    def upgrades(self) -> bool:
        """Whether the client asks to switch protocols: both fields say so (RFC 9110 §7.8)."""
        if b"upgrade" not in self.named or self.minor == 0:
            return False
        options = (option.lower() for option in members(self.named.get(b"connection", ())))
        return b"upgrade" in options


class ResponseHead(NamedTuple):
    """A response's head as it came from the upstream, or as the proxy made it.

    `options` holds the lines of Connection, where somebody has looked them up already.
    """

    status: int
    reason: bytes
    fields: Fields
    options: Sequence[bytes] | None = None


class Client(NamedTuple):
    """Who asks, and how: the peer's address (None on a unix socket) and the listener.

    `loopback` tells that no other machine asks; `proxies` are the trusted ones, if the peer is one.
    """

    address: str | None
    scheme: str = "http"
    loopback: bool = False
    proxies: TrustedProxies | None = None

    def believed(self, head: RequestHead) -> tuple["Client", bytes]:
        """Return who asks and for which host, by the word of a trusted peer where there is one."""
        if self.proxies is None:
            return self, head.host
        told = self.proxies.told(head.named)
        address = told.address or self.address
        here = self.loopback and address is not None and hosts.is_loopback(address)
        client = Client(address, told.scheme or self.scheme, here, self.proxies)
        return client, told.host or head.host


class Passage(NamedTuple):
    """What a response's way out depends on; `route` is None where none matched.

    `client` and `host` are who asks and for what, as it is believed (`Client.believed`).
    """

    verdict: Verdict
    policy: CorsPolicy | None
    client: Client
    host: bytes = b""
    route: Route | None = None
    table: RouteTable | None = None


class Heads(NamedTuple):
    """Both heads of an exchange; `reply` is what the upstream sent, None where it sent none."""

    request: RequestHead
    passage: Passage
    reply: ResponseHead | None = None


def index_fields(fields: Fields) -> dict[bytes, list[bytes]]:
    """Gather the values of every field by its name in lower case, in order."""
    index: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        key = TO_UPSTREAM[name][1]
        if key in index:
            index[key].append(value)
        else:
            index[key] = [value]
    return index
