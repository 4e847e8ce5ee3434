"""What may be written in `tests`."""

from pydantic import Field

from corsproxy.config import fieldtypes as t
from corsproxy.config.strict import Strict


class PolicyTest(Strict):
    """A request of a page, and whether it is to pass; `corsproxy check` tries it."""

    path: t.TestPath | None = Field(
        default=None,
        description="The path asked for, or a URL where routes differ by their host.",
        examples=["/api/users", "http://api.example.com/users"],
    )
    origin: t.Text | None = Field(
        default=None, description="The page's origin.", examples=["http://localhost:3001"]
    )
    method: t.Text = Field(default="GET", description="The method.", examples=["PUT"])
    headers: tuple[t.Text, ...] = Field(
        default=(),
        description="Names of headers that the page sets; Content-Type stands for one that needs "
        "leave, such as JSON.",
        examples=[["content-type"]],
    )
    credentials: t.Flag = Field(
        default=False, description="Whether the page sends cookies.", examples=[True]
    )
    expect: t.Expectation | None = Field(
        default=None,
        description="Whether the page is to read the answer: `allow` or `refuse`.",
        examples=["allow", "refuse"],
    )
    reason: t.RefusalReason | None = Field(
        default=None,
        description="Why it is to be refused.",
        examples=["origin_not_allowed"],
    )
