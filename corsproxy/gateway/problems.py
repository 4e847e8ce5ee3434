"""The proxy's own answers: RFC 9457 problems, with as much of the why as the client may see."""

from dataclasses import dataclass

from corsproxy.core.advice import advise
from corsproxy.core.cors import CorsRequest, PreflightRequest
from corsproxy.core.errors import REASONS, GatewayError, ProxyErrorType, problem, proxy_status
from corsproxy.core.fields import Field
from corsproxy.core.messages import Passage, ResponseHead

_FIELDS: tuple[Field, ...] = (
    (b"Content-Type", b"application/problem+json"),
    (b"Cache-Control", b"no-store"),
    (b"X-Content-Type-Options", b"nosniff"),
)
_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Explainer:
    """Says why, in full to whom it may be told: `explain` None means to clients on loopback."""

    explain: bool | None = None

    def explain_to(self, passage: Passage) -> bool:
        """Whether this client may see what only the log sees elsewhere."""
        return passage.client.loopback if self.explain is None else self.explain

    def explain_error(
        self,
        error: GatewayError,
        passage: Passage,
        kind: CorsRequest | PreflightRequest | None,
    ) -> tuple[ResponseHead, bytes]:
        """Return the head and the content of the answer to an exchange that failed."""
        told: dict[str, object] = {
            "title": error.kind.title,
            "status": error.status,
            "code": error.kind.token,
            "detail": error.detail,
            "hint": error.hint,
        }
        if self.explain_to(passage):
            told["inside"] = error.inside
            if error.kind is ProxyErrorType.HTTP_REQUEST_DENIED:
                told |= _refusal(passage, kind)
        fields = [*_FIELDS, proxy_status(error), *error.fields]
        if error.status == _UNAVAILABLE:
            fields.append((b"Retry-After", b"1"))
        reason = REASONS.get(error.status, b"Error")
        return ResponseHead(error.status, reason, fields), problem(told)


def _refusal(passage: Passage, kind: CorsRequest | PreflightRequest | None) -> dict[str, object]:
    """Say which rule refused what, and the line of the file that would allow it."""
    refusal, policy = passage.verdict.refusal, passage.policy
    if refusal is None or policy is None:
        return {}
    place = passage.route.policy_place if passage.route else "cors"
    return {
        "title": f"The {_what(kind)} is refused",
        "reason": refusal.reason.value,
        "culprit": refusal.culprit,
        "near_miss": refusal.near_miss,
        "route": passage.route.name if passage.route else None,
        "allow_with": advise(refusal, policy, place),
    }


def _what(kind: CorsRequest | PreflightRequest | None) -> str:
    return "preflight" if isinstance(kind, PreflightRequest) else "request"
