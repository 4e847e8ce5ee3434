"""One request with its response, as the observers see it."""

from dataclasses import dataclass, field

from corsproxy.core.verdicts import Verdict


@dataclass(slots=True)
class Exchange:
    """The record of one exchange; the only value that is filled in as it goes.

    Times are in seconds of a monotonic clock, sizes in octets of content.
    """

    method: str = "-"
    target: str = "-"
    client: str = "-"
    origin: str | None = None
    route: str | None = None
    preflight: bool = False
    verdict: Verdict | None = None
    status: int = 0
    received: int = 0
    sent: int = 0
    started: float = 0.0
    finished: float = 0.0
    error: str | None = None
    detail: str | None = None
    tunnelled: bool = field(default=False)

    @property
    def cors(self) -> str:
        """What the browser will do with the answer, in a word for the log."""
        if self.verdict is None or self.origin is None:
            return "-"
        refusal = self.verdict.refusal
        if refusal is None:
            return "allowed"
        return f"refused:{refusal.reason} {refusal.culprit}"
