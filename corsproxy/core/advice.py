"""A refusal, and the line of the route table that would allow what was refused."""

from collections.abc import Iterable

from corsproxy.core.cors import FORBIDDEN_METHODS, CorsPolicy
from corsproxy.core.verdicts import Reason, Refusal

# what YAML 1.1 takes for something other than text
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def advise(refusal: Refusal, policy: CorsPolicy, place: str) -> str | None:
    """Return what to write to allow it, `place` being where the policy stands in the file.

    None where nothing would: what is malformed or forbidden by Fetch stays refused.
    """
    culprit = refusal.culprit
    origins = [str(pattern) for pattern in policy.origins.patterns]
    match refusal.reason:
        case Reason.ORIGIN_NOT_ALLOWED:
            return f"{place}.allow_origins: {_flow([*origins, culprit])}"
        case Reason.ORIGIN_NULL:
            danger = f"{place}.dangerously_allow: [null_origin]"
            return f"{place}.allow_origins: {_flow([*origins, culprit])} and {danger}"
        case Reason.METHOD_NOT_ALLOWED if culprit.upper().encode() not in FORBIDDEN_METHODS:
            return f"{place}.allow_methods: {_flow([*policy.methods, culprit])}"
        case Reason.HEADER_NOT_ALLOWED:
            return f"{place}.allow_headers: {_flow([*policy.headers, culprit])}"
        case _:
            return None


def _flow(entries: Iterable[str]) -> str:
    return "[" + ", ".join(_quoted(entry) for entry in entries) + "]"


def _quoted(entry: str) -> str:
    plain = entry.replace("-", "").replace("_", "").isalpha() and entry.lower() not in _NO_TEXT
    return entry if plain else f'"{entry}"'
