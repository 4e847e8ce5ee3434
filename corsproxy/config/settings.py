"""What a route table comes to: frozen values for the parts that serve it."""

from dataclasses import dataclass, field
from typing import Literal

from corsproxy.config.problems import Problem
from corsproxy.config.tree import Place
from corsproxy.core.limits import Limits, Listener, ListenerTls, Timeouts
from corsproxy.core.routes import RouteTable
from corsproxy.core.trust import TrustedProxies


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and how. `explain` None: refusals tell why on loopback only."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
    access: bool = True
    explain: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """A test as it stands in `file`; `route` is the path of the route that it has to come to."""

    file: str
    name: str
    place: Place | None
    path: str
    origin: str
    method: str = "GET"
    headers: tuple[str, ...] = ()
    credentials: bool = False
    allowed: bool
    reason: str | None = None
    route: str | None = None

    def __str__(self) -> str:
        """Write the request for people."""
        what = f"{self.method} {self.path} from {self.origin}"
        if self.headers:
            what += f" with {', '.join(self.headers)}"
        return what + (" and cookies" if self.credentials else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A checked route table; `tls` None: listeners speak plain HTTP.

    `warnings` holds what should be mended although it loads, `notes` what is worth knowing, and
    `tests` what `corsproxy check` tries. `upstream_places` are where each route of the table names
    its upstream in `file`, for what is found out about it later.
    """

    listen: tuple[Listener, ...]
    admin: Listener | None
    tls: ListenerTls | None = None
    table: RouteTable
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    log: LogSettings = field(default_factory=LogSettings)
    trusted_proxies: TrustedProxies = field(default_factory=TrustedProxies)
    warnings: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    tests: tuple[PolicyTest, ...] = ()
    file: str = field(default="", compare=False)
    upstream_places: tuple[Place | None, ...] = field(default=(), compare=False)
