"""What a policy says of a request: yes with what, or no and why."""

from dataclasses import dataclass, field
from enum import StrEnum

from corsproxy.core.fields import Field


class Reason(StrEnum):
    """Why a request is refused: stable codes, the same in answers, logs and `explain`."""

    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    ORIGIN_MALFORMED = "origin_malformed"
    ORIGIN_NULL = "origin_null"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    METHOD_MALFORMED = "method_malformed"
    HEADER_NOT_ALLOWED = "header_not_allowed"
    TOO_MANY_HEADERS = "too_many_headers"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no, with its reason, what it was said of, and what nearly matched."""

    reason: Reason
    culprit: str
    near_miss: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says of a request: the fields to answer with, or why not.

    `expose_all` asks for the response's own names in Access-Control-Expose-Headers, which with
    credentials knows no wildcard (Fetch §3.3.3). `lines` and `names` are the fields as they are
    written, and their names in lower case where they are not CORS's own. `reported` is the no that
    a policy in `mode: report` would have said, had it been in force.
    """

    fields: tuple[Field, ...] = ()
    vary: tuple[bytes, ...] = ()
    refusal: Refusal | None = None
    expose_all: bool = False
    reported: Refusal | None = None
    lines: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    names: frozenset[bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lines = tuple(name + b": " + value for name, value in self.fields)
        names = (name.lower() for name, _ in self.fields)
        others = frozenset(name for name in names if not name.startswith(b"access-control-"))
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "names", others)
