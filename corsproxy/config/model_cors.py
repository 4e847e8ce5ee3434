"""What may be written in `cors`."""

from pydantic import Field

from corsproxy.config import fieldtypes as t
from corsproxy.config.model_tests import PolicyTest
from corsproxy.config.strict import Strict


class Cors(Strict):
    """Which pages may do what: a route starts from the top-level policy, key by key."""

    allow_origins: tuple[t.Origin, ...] = Field(
        default=(),
        description="Origins that may read: exact ones, `*`, `https://*.example.com` (one or more "
        "labels), `http://localhost:*` (any port).",
        examples=[["http://localhost:3001", "https://*.example.com"]],
    )
    allow_origin_regex: tuple[t.OriginRegex, ...] = Field(
        default=(),
        description="Regular expressions; each must match the whole origin.",
        examples=[[r"https://pr-[0-9]+\.example\.com"]],
    )
    allow_methods: tuple[t.PolicyMethod, ...] = Field(
        default=(),
        description="Methods beyond GET, HEAD and POST; `*` is any.",
        examples=[["GET", "PUT", "DELETE"]],
    )
    allow_headers: tuple[t.RequestHeader, ...] = Field(
        default=(),
        description="Request headers beyond the safelisted ones; `*` is any but Authorization.",
        examples=[["Content-Type", "Authorization"]],
    )
    expose_headers: tuple[t.ResponseHeader, ...] = Field(
        default=(),
        description="Response headers that a page may read; `*` is all.",
        examples=[["X-Total-Count"]],
    )
    allow_credentials: t.Flag = Field(
        default=False,
        description="Whether cookies and HTTP authentication are sent along.",
        examples=[False],
    )
    max_age: t.MaxAge | None = Field(
        default=None,
        description="How long browsers remember a preflight: seconds, or 90s, 30m, 24h, 20d. Left "
        "out, the header is not sent (browsers then take 5 s).",
        examples=[600, "2h"],
    )
    upstream_cors: t.UpstreamCors = Field(
        default="replace",
        description="`replace` the upstream's own Access-Control headers, or `fill` in where it "
        "sends none.",
        examples=["replace", "fill"],
    )
    allow_private_network: t.Flag = Field(
        default=False,
        description="Whether Access-Control-Request-Private-Network is answered.",
        examples=[False],
    )
    preflight_status: t.PreflightStatus = Field(
        default=204,
        description="The status of an allowed preflight; 200 for old clients.",
        examples=[204, 200],
    )
    on_refused: t.OnRefused = Field(
        default="forward",
        description="`forward` a refused request (the browser enforces), or `block` it with 403.",
        examples=["forward", "block"],
    )
    mode: t.Mode = Field(
        default="enforce",
        description="`enforce` the policy, or only `report` what it would refuse and let it pass.",
        examples=["enforce", "report"],
    )
    timing_allow_origin: tuple[t.TimingOrigin, ...] | None = Field(
        default=None,
        description="Origins that may read timings (Timing-Allow-Origin), as in `allow_origins`.",
        examples=[["*"]],
    )
    resource_policy: t.ResourcePolicy | None = Field(
        default=None,
        description="Cross-Origin-Resource-Policy: who may embed the response.",
        examples=["cross-origin"],
    )
    dangerously_allow: tuple[t.Danger, ...] = Field(
        default=(),
        description="Dangers taken on by name; each is refused without it.",
        examples=[["null_origin"]],
    )
    tests: tuple[PolicyTest, ...] = Field(
        default=(),
        description="What `corsproxy check` tries on the policy.",
        examples=[[{"path": "/api", "origin": "https://a.example", "expect": "refuse"}]],
    )
