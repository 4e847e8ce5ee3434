"""A refusal, and the line of the route table that would allow what was refused."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from corsproxy.core.cors import CorsPolicy
from corsproxy.core.methods import CARRIED_METHODS, FORBIDDEN_METHODS
from corsproxy.core.verdicts import Reason, Refusal

# what is called so where others name a file; the place of a policy that stands in none
COMMAND_LINE = "command line"
_OPTIONS = {
    "allow_origins": "--allow-origin",
    "allow_methods": "--allow-method",
    "allow_headers": "--allow-header",
}
# what YAML 1.1 takes for something other than text
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Change:
    """An edit of a policy: `entry` joins the list under `key`, or is its value if a boolean.

    `instead_of` is the entry of that list which gives way to it.
    """

    key: str
    entry: str | bool
    instead_of: str | None = None


def advise(refusal: Refusal, policy: CorsPolicy, place: str) -> str | None:
    """Return what to write to allow it, `place` being where the policy stands in the file.

    At `COMMAND_LINE` it is the options. None where nothing would: what is malformed, forbidden by
    Fetch or unknown to parsers of HTTP stays refused.
    """
    change = change_for(refusal)
    if change is None:
        return None
    written = {
        "allow_origins": [str(pattern) for pattern in policy.origins.patterns],
        "allow_methods": list(policy.methods),
        "allow_headers": list(policy.headers),
    }[change.key]
    if policy.origins.null and change.key == "allow_origins":
        written.append("null")
    if place == COMMAND_LINE:
        return _options(change.key, [*written, str(change.entry)])
    advice = f"{place}.{change.key}: {flow_list([*written, str(change.entry)])}"
    if refusal.reason is Reason.ORIGIN_NULL:
        advice += f" and {place}.dangerously_allow: [null_origin]"
    return advice


def _options(key: str, entries: Iterable[str]) -> str | None:
    """Write a list as options; the opaque origin is a danger that only a file can name."""
    if key == "allow_origins" and "null" in entries:
        return None
    return " ".join(f"{_OPTIONS[key]} {shlex.quote(entry)}" for entry in entries)


def change_for(refusal: Refusal) -> Change | None:
    """Return the edit that would allow it, None where nothing would."""
    culprit = refusal.culprit
    match refusal.reason:
        case Reason.ORIGIN_NOT_ALLOWED | Reason.ORIGIN_NULL:
            return Change("allow_origins", culprit)
        case Reason.METHOD_NOT_ALLOWED if _may_be_allowed(culprit.encode()):
            return Change("allow_methods", culprit)
        case Reason.HEADER_NOT_ALLOWED:
            return Change("allow_headers", culprit)
        case _:
            return None


def _may_be_allowed(method: bytes) -> bool:
    return method in CARRIED_METHODS and method not in FORBIDDEN_METHODS


def flow_list(entries: Iterable[str]) -> str:
    """Write texts as a YAML list in one line."""
    return "[" + ", ".join(quoted(entry) for entry in entries) + "]"


def quoted(entry: str) -> str:
    """Write a text as one YAML scalar, in quotes unless it needs none."""
    plain = entry.replace("-", "").replace("_", "").isalpha() and entry.lower() not in _NO_TEXT
    if plain and entry.isascii() and not entry.startswith("-"):
        return entry
    return '"' + entry.replace("\\", "\\\\").replace('"', '\\"') + '"'
