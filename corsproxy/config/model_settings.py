"""What may be written in `tls`, `timeouts`, `limits` and `log`."""

from pydantic import Field

from corsproxy.config import fieldtypes as t
from corsproxy.config.strict import Strict


class ListenerTls(Strict):
    """The certificate that the listeners show."""

    cert: t.Text | None = Field(
        default=None,
        description="The file of the certificate, with those between it and its authority.",
        examples=["example.com.pem"],
    )
    key: t.Text | None = Field(
        default=None, description="The file of its key.", examples=["example.com.key"]
    )


class RouteTimeouts(Strict):
    """How long is waited: seconds, or 90s, 30m, 24h; `off` is for ever."""

    connect: t.Timeout = Field(
        default=5.0, description="Until the upstream takes the connection.", examples=["5s"]
    )
    response: t.Timeout = Field(
        default=60.0,
        description="From the request's last octet to the head of the response.",
        examples=["60s"],
    )
    idle: t.Timeout = Field(
        default=300.0,
        description="While no octet moves in a body, either side, either way.",
        examples=["5m"],
    )
    tunnel: t.Timeout = Field(
        default=3600.0, description="While a tunnel (WebSocket) is silent.", examples=["1h", False]
    )


class Timeouts(RouteTimeouts):
    """How long is waited: seconds, or 90s, 30m, 24h; `off` is for ever."""

    header: t.Timeout = Field(
        default=15.0, description="For the client's whole request head.", examples=["15s"]
    )


class RouteLimits(Strict):
    """How much is taken on one route."""

    request_body: t.SizeOrOff = Field(
        default=None, description="The largest request body.", examples=["10MiB", "off"]
    )


class Limits(RouteLimits):
    """How much is taken: sizes as 32KiB or 10MiB, durations as 75s; `off` is without limit."""

    header_size: t.Size = Field(
        default=32 * 1024, description="The largest head of a request.", examples=["32KiB"]
    )
    upstream_header_size: t.Size = Field(
        default=256 * 1024, description="The largest head of a response.", examples=["256KiB"]
    )
    connections: t.Count = Field(
        default=10_000, description="How many client connections at once.", examples=[10000]
    )
    keepalive: t.KeepAlive = Field(
        default=75.0, description="How long an idle client connection stays.", examples=["75s"]
    )
    upstream_keepalive: t.KeepAlive = Field(
        default=4.0, description="How long an idle upstream connection stays.", examples=["4s"]
    )


class Log(Strict):
    """What is logged, and how."""

    format: t.LogFormat = Field(
        default="text", description="Lines for people, or JSON.", examples=["text", "json"]
    )
    level: t.LogLevel = Field(
        default="info", description="The least level that is logged.", examples=["info"]
    )
    access: t.Flag = Field(default=True, description="A line for each request.", examples=[True])
    explain: t.Flag | None = Field(
        default=None,
        description="Whether a refusal tells the page why. Left out: only on loopback.",
        examples=[True],
    )
