"""One request with its response, as the observers see it."""

from corsproxy.core.browser import Finding
from corsproxy.core.messages import Heads
from corsproxy.core.verdicts import Refusal, Verdict


class Exchange:
    """The record of one exchange; the only value that is filled in as it goes.

    Times are in seconds of a monotonic clock, sizes in octets of content. What is not known yet
    stands in the class, for one is made for every request and few are filled to the last.
    `own` is known where the upstream's own CORS fields were left alone: what a browser makes of
    them. `heads` are kept only while somebody learns from them.
    """

    method = "-"
    target = "-"
    client = "-"
    origin: str | None = None
    route: str | None = None
    preflight = False
    verdict: Verdict | None = None
    same_origin = False
    own: Finding | None = None
    status = 0
    received = 0
    sent = 0
    started = 0.0
    finished = 0.0
    error: str | None = None
    detail: str | None = None
    tunnelled = False
    heads: Heads | None = None

    def __init__(self, **known: object) -> None:
        """Begin a record with what is known at the start."""
        self.__dict__.update(known)

    @property
    def refusal(self) -> Refusal | None:
        """What the policy refused, or reports that it would; None where it had no say."""
        if self.verdict is None or self.same_origin or self.own is not None:
            return None
        return self.verdict.refusal or self.verdict.reported

    @property
    def cors(self) -> str:
        """What the browser will do with the answer, in a word for the log."""
        if self.origin is None:
            return "-"
        if self.same_origin:
            return "same-origin"
        if self.own is not None:
            return f"refused:{self.own.failure} by upstream" if self.own.failure else "allowed"
        if self.verdict is None:
            return "refused:origin_missing" if self.error else "-"
        return _said(self.verdict)


def _said(verdict: Verdict) -> str:
    if refusal := verdict.refusal:
        return f"refused:{refusal.reason} {refusal.culprit}"
    if reported := verdict.reported:
        return f"reported:{reported.reason} {reported.culprit}"
    return "allowed"
