"""What may be written in `request_headers`, `response_headers` and `cookies`."""

from pydantic import Field

from corsproxy.config import fieldtypes as t
from corsproxy.config.strict import Strict


class RequestHeaders(Strict):
    """Edits to the headers of a request on its way to the upstream."""

    set: dict[t.SetRequestField, t.FieldValue] = Field(
        default_factory=dict,
        description="Headers that replace all of their name.",
        examples=[{"Origin": "http://legacy:8000"}],
    )
    add: dict[t.EditRequestField, t.FieldValue] = Field(
        default_factory=dict, description="Headers added.", examples=[{"X-Proxied": "yes"}]
    )
    remove: tuple[t.EditRequestField, ...] = Field(
        default=(), description="Headers taken off.", examples=[["X-Debug"]]
    )


class ResponseHeaders(Strict):
    """Edits to the headers of a response on its way to the client."""

    set: dict[t.EditResponseField, t.FieldValue] = Field(
        default_factory=dict,
        description="Headers that replace all of their name.",
        examples=[{"Cache-Control": "no-store"}],
    )
    add: dict[t.AddResponseField, t.FieldValue] = Field(
        default_factory=dict, description="Headers added.", examples=[{"X-Proxied": "yes"}]
    )
    remove: tuple[t.EditResponseField, ...] = Field(
        default=(), description="Headers taken off.", examples=[["Server"]]
    )


class Cookies(Strict):
    """Rewrites of Set-Cookie, each attribute by itself."""

    domain: t.CookieDomain | None = Field(
        default=None,
        description="The Domain instead; `strip` takes it off.",
        examples=["strip", "example.com"],
    )
    path: t.CookiePath | None = Field(
        default=None, description="The Path instead.", examples=["/api"]
    )
    same_site: t.SameSite | None = Field(
        default=None, description="The SameSite instead.", examples=["none"]
    )
    secure: t.Flag | None = Field(
        default=None, description="Whether Secure stands there.", examples=[True]
    )
