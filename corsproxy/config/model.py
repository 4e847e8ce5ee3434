"""What may be written in a route table; the JSON Schema comes from these models."""

from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Field, Tag

from corsproxy.config import fieldtypes as t
from corsproxy.config.model_cors import Cors
from corsproxy.config.model_edits import Cookies, RequestHeaders, ResponseHeaders
from corsproxy.config.model_settings import (
    Limits,
    ListenerTls,
    Log,
    RouteLimits,
    RouteTimeouts,
    Timeouts,
)
from corsproxy.config.model_tests import PolicyTest
from corsproxy.config.strict import Strict
from corsproxy.core.limits import Listener


class UpstreamTls(Strict):
    """How an https:// upstream is met; its certificate is verified unless `verify` is false."""

    ca: t.Text | None = Field(
        default=None, description="A file of certificates to trust.", examples=["internal-ca.pem"]
    )
    cert: t.Text | None = Field(
        default=None, description="The certificate shown to the upstream.", examples=["client.pem"]
    )
    key: t.Text | None = Field(
        default=None, description="The key of `cert`.", examples=["client.key"]
    )
    server_name: t.Host | None = Field(
        default=None,
        description="The name asked for and verified instead of the host (SNI).",
        examples=["api.internal"],
    )
    verify: t.Flag = Field(
        default=True, description="Whether the certificate is verified.", examples=[True]
    )


class Upstream(Strict):
    """Where requests go; its own path is put before theirs."""

    url: t.UpstreamUrl | None = Field(
        default=None,
        description="http://, https:// or unix:/path.sock.",
        examples=["http://legacy:8000"],
    )
    tls: UpstreamTls | None = Field(
        default=None,
        description="How an https:// upstream is met.",
        examples=[{"server_name": "api.internal"}],
    )
    proxy: t.Proxy | None = Field(
        default=None,
        description="A forward proxy on the way: its URL, or `env` for HTTP(S)_PROXY and NO_PROXY.",
        examples=["env", "http://proxy.internal:3128"],
    )


class Route(Strict):
    """One route: what it matches, where it leads, and what holds on it."""

    name: t.RouteName | None = Field(
        default=None,
        description="Shown in logs, metrics and the inspector. Left out: the path.",
        examples=["legacy"],
    )
    path: t.PathPrefix | None = Field(
        default=None,
        description="A prefix of whole segments: /api stands for /api and /api/…, never /apix.",
        examples=["/api"],
    )
    path_regex: t.PathRegex | None = Field(
        default=None,
        description="Instead of `path`: a regular expression over the whole path.",
        examples=["/v[0-9]+/users(/.*)?"],
    )
    host: t.Host | None = Field(
        default=None,
        description="The host asked for; `*.example.com` is any below it.",
        examples=["api.example.com"],
    )
    methods: tuple[t.RouteMethod, ...] = Field(
        default=(),
        description="The route serves only these. A preflight counts by the method it asks for.",
        examples=[["GET", "HEAD"]],
    )
    upstream: (
        Annotated[
            Upstream,
            BeforeValidator(t.url_alone, json_schema_input_type=t.UpstreamUrl | Upstream),
        ]
        | None
    ) = Field(
        default=None,
        description="Where requests go: http://, https:// or unix:/path.sock, or a mapping.",
        examples=["http://legacy:8000"],
    )
    strip_prefix: t.Flag = Field(
        default=False, description="Take the matched `path` off before forwarding.", examples=[True]
    )
    preserve_host: t.Flag = Field(
        default=False,
        description="Send the client's Host on, not the upstream's own.",
        examples=[True],
    )
    request_headers: RequestHeaders | None = Field(
        default=None,
        description="Edits to the headers of a request.",
        examples=[{"set": {"Origin": "http://legacy:8000"}}],
    )
    response_headers: ResponseHeaders | None = Field(
        default=None,
        description="Edits to the headers of a response.",
        examples=[{"remove": ["Server"]}],
    )
    cookies: (
        Annotated[
            Annotated[Cookies, Tag("mapping")] | Annotated[t.LocalCookies, Tag("word")],
            Discriminator(t.word_tag),
        ]
        | None
    ) = Field(
        default=None,
        description="Rewrites of Set-Cookie; `local` makes cookies work on localhost.",
        examples=["local", {"domain": "strip"}],
    )
    rewrite_location: t.Flag = Field(
        default=True,
        description="Location headers that point at an upstream come back as the proxy's.",
        examples=[True],
    )
    cors: (
        Annotated[
            Annotated[Cors, Tag("policy")] | Annotated[t.Off, Tag("off")],
            Discriminator(t.off_tag),
        ]
        | None
    ) = Field(
        default=None,
        description="What differs from the top-level policy; `off` leaves CORS to the upstream.",
        examples=[{"allow_credentials": True}, False],
    )
    timeouts: RouteTimeouts | None = Field(
        default=None, description="What differs from the top-level ones.", examples=[{"idle": "1h"}]
    )
    limits: RouteLimits | None = Field(
        default=None,
        description="What differs from the top-level ones.",
        examples=[{"request_body": "1GiB"}],
    )
    tests: tuple[PolicyTest, ...] = Field(
        default=(),
        description="What `corsproxy check` tries on the route: each has to come to it.",
        examples=[[{"path": "/api", "origin": "https://a.example", "expect": "refuse"}]],
    )


class Table(Strict):
    """A route table: the first route that matches wins."""

    listen: Annotated[
        tuple[t.Listen, ...],
        BeforeValidator(t.one_or_more, json_schema_input_type=t.Listen | tuple[t.Listen, ...]),
    ] = Field(
        default=(Listener("127.0.0.1", 8080),),
        description="host:port, :port, [::1]:port or unix:/path.sock; or a list of them.",
        examples=["127.0.0.1:8080", [":8080", "[::1]:8080"]],
    )
    admin: t.Admin = Field(
        default=Listener("127.0.0.1", 8081),
        description="The listener of health, metrics and the inspector; `off` turns it off.",
        examples=["127.0.0.1:8081", False],
    )
    workers: t.OneWorker = Field(default=1, description="Processes on the same port.", examples=[1])
    tls: (
        Annotated[
            Annotated[ListenerTls, Tag("mapping")] | Annotated[t.SelfSigned, Tag("word")],
            Discriminator(t.word_tag),
        ]
        | None
    ) = Field(
        default=None,
        description="Listeners speak TLS: by a certificate's files, or one made for development.",
        examples=["self_signed", {"cert": "example.com.pem", "key": "example.com.key"}],
    )
    trusted_proxies: tuple[t.TrustedProxy, ...] = Field(
        default=(),
        description="Networks, addresses or `unix`: proxies in front, believed in who asks.",
        examples=[["10.0.0.0/8", "192.0.2.1", "fd00::/8", "unix"]],
    )
    cors: Cors | None = Field(
        default=None,
        description="The policy that every route starts from.",
        examples=[{"allow_origins": ["http://localhost:3001"]}],
    )
    timeouts: Timeouts = Field(
        default=Timeouts(), description="How long is waited.", examples=[{"response": "60s"}]
    )
    limits: Limits = Field(
        default=Limits(), description="How much is taken.", examples=[{"request_body": "10MiB"}]
    )
    log: Log = Field(default=Log(), description="What is logged.", examples=[{"format": "json"}])
    routes: tuple[Route, ...] = Field(
        default=(),
        description="The routes in their order: the first that matches wins.",
        examples=[[{"path": "/api", "upstream": "http://legacy:8000"}]],
    )
    tests: tuple[PolicyTest, ...] = Field(
        default=(),
        description="What `corsproxy check` tries on the table.",
        examples=[[{"path": "/api", "origin": "https://a.example", "expect": "refuse"}]],
    )
