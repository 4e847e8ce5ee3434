"""A refusal, and the line of the route table that would allow what was refused."""

from collections.abc import Iterable

from corsproxy.core.cors import FORBIDDEN_METHODS, CorsPolicy
from corsproxy.core.verdicts import Reason, Refusal


def advise(refusal: Refusal, policy: CorsPolicy, place: str) -> str | None:
    """Return the line that would allow it, `place` being where the policy stands in the file.

    None where no line would: what is malformed or forbidden by Fetch stays refused.
    """
    key, entries = _change(refusal, policy)
    return f"{place}.{key}: {_flow(entries)}" if entries else None


def _change(refusal: Refusal, policy: CorsPolicy) -> tuple[str, list[str]]:
    culprit = refusal.culprit
    match refusal.reason:
        case Reason.ORIGIN_NOT_ALLOWED:
            known = [str(pattern) for pattern in policy.origins.patterns]
            return "allow_origins", [*known, culprit]
        case Reason.ORIGIN_NULL:
            return "dangerously_allow", ["null_origin"]
        case Reason.METHOD_NOT_ALLOWED if culprit.upper().encode() not in FORBIDDEN_METHODS:
            return "allow_methods", [*policy.methods, culprit]
        case Reason.HEADER_NOT_ALLOWED:
            return "allow_headers", [*policy.headers, culprit]
        case _:
            return "", []


def _flow(entries: Iterable[str]) -> str:
    return "[" + ", ".join(_quoted(entry) for entry in entries) + "]"


def _quoted(entry: str) -> str:
    plain = entry.replace("-", "").replace("_", "").isalnum()
    return entry if plain else f'"{entry}"'
