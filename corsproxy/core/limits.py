"""How long is waited, how much is taken, and where the proxy listens."""

from dataclasses import dataclass

from corsproxy.core import hosts


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long is waited, in seconds; None is for ever."""

    header: float | None = 15.0
    connect: float | None = 5.0
    response: float | None = 60.0
    idle: float | None = 300.0
    tunnel: float | None = 3600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken: sizes in octets, keep-alive times in seconds; None is without limit."""

    header_size: int = 32 * 1024
    upstream_header_size: int = 256 * 1024
    connections: int = 10_000
    request_body: int | None = None
    keepalive: float | None = 75.0
    upstream_keepalive: float | None = 4.0


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """The files of the certificate that listeners show; without them one made for development."""

    cert: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """An address to listen on: host and port (0: any free one), or the path of a unix socket."""

    host: str = ""
    port: int = 0
    socket: str | None = None

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the listener; an empty host is every interface."""
        return self.socket is None and hosts.is_loopback(self.host)

    def __str__(self) -> str:
        """Write the address as it is configured."""
        if self.socket:
            return f"unix:{self.socket}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self, bound: object = None, scheme: str = "http") -> str:
        """Write the address to open; `bound` is the socket's own name, which knows the port."""
        if self.socket:
            return str(self)
        host, port = self.host, self.port
        if isinstance(bound, tuple):
            host, port = host or bound[0], bound[1]
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
