"""Where requests go: the address of an upstream, and the path put before theirs."""

from dataclasses import dataclass, field

from corsproxy.core.origins import DEFAULT_PORTS


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """How an `https://` upstream is met: files, the name asked for, and whether it is verified.

    `check_name` is false only to find out whose the certificate is.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    server_name: str | None = None
    verify: bool = True
    check_name: bool = True


@dataclass(frozen=True, slots=True)
class ForwardProxy:
    """An HTTP(S) forward proxy on the way to an upstream (RFC 9110 §3.7)."""

    host: str
    port: int
    tls: bool = False
    authorization: bytes | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """What a connection is made to; connections of one address are shared between routes."""

    host: str
    port: int
    tls: UpstreamTls | None = None
    socket: str | None = None
    proxy: ForwardProxy | None = None
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "_hash", hash((self.host, self.port, self.tls, self.socket, self.proxy))
        )

    def __hash__(self) -> int:
        """Return the hash, computed once: pools are looked up twice a request."""
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        """Leave the hash behind: another process hashes otherwise."""
        return Address, (self.host, self.port, self.tls, self.socket, self.proxy)

    @property
    def scheme(self) -> str:
        """`https` where the upstream is met over TLS, else `http`."""
        return "https" if self.tls else "http"

    @property
    def authority(self) -> str:
        """The Host of the upstream: no default port, IPv6 in brackets (RFC 9110 §7.2)."""
        if self.socket:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if DEFAULT_PORTS[self.scheme] == self.port else f"{host}:{self.port}"

    def __str__(self) -> str:
        """Write the address for people."""
        return f"unix:{self.socket}" if self.socket else f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Upstream:
    """An address, and the path and query put before those of a request.

    `authority` is the Host of the address, ready to be sent.
    """

    address: Address
    path: bytes = b""
    query: bytes = b""
    authority: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "authority", self.address.authority.encode())

    def target(self, path: bytes, query: bytes | None) -> bytes:
        """Join the upstream's own path and query with those of a request, one slash between.

        `query` is None where the request has no `?` at all, which is not the same as an empty one.
        """
        if path == b"*":
            return path
        joined = self.path.rstrip(b"/") + path
        if self.query:
            query = self.query + (b"&" + query if query else b"")
        return joined if query is None else joined + b"?" + query

    def __str__(self) -> str:
        """Write the upstream as it is configured."""
        query = b"?" + self.query if self.query else b""
        return str(self.address) + (self.path + query).decode("latin-1")
