"""A refusal, and the line of the route table that would allow what was refused."""

import shlex
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from corsproxy.core.cors import CorsPolicy
from corsproxy.core.dangers import dangers
from corsproxy.core.fields import is_token
from corsproxy.core.methods import CARRIED_METHODS, FORBIDDEN_METHODS
from corsproxy.core.origins import MAX_ORIGIN_LENGTH, OriginPattern, OriginSet, parse_octets
from corsproxy.core.verdicts import Reason, Refusal

# what is called so where others name a file; the place of a policy that stands in none
COMMAND_LINE = "command line"
_OPTIONS = {
    "allow_origins": "--allow-origin",
    "allow_methods": "--allow-method",
    "allow_headers": "--allow-header",
}
_LONGEST = MAX_ORIGIN_LENGTH  # from here on a culprit is cut off
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
    after = _with(policy, change)
    entries = {
        "allow_origins": _written(after.origins),
        "allow_methods": after.methods,
        "allow_headers": after.headers,
    }[change.key]
    taken = dangers(after) if dangers(after) != dangers(policy) else ()
    if place == COMMAND_LINE:
        return _options(change.key, entries, taken)
    advice = f"{place}.{change.key}: {flow_list(entries)}"
    return f"{advice} and {place}.dangerously_allow: {flow_list(taken)}" if taken else advice


def _with(policy: CorsPolicy, change: Change) -> CorsPolicy:
    entry, origins = str(change.entry), policy.origins
    if change.key == "allow_methods":
        return replace(policy, methods=(*policy.methods, entry))
    if change.key == "allow_headers":
        return replace(policy, headers=(*policy.headers, entry))
    found = parse_octets(entry.encode())
    more = (OriginPattern(found.scheme, found.host, found.port),) if found else ()
    patterns = (*origins.patterns, *more)
    return replace(
        policy, origins=replace(origins, patterns=patterns, null=origins.null or not more)
    )


def _written(origins: OriginSet) -> list[str]:
    every = ["*"] if origins.any_origin else []
    null = ["null"] if origins.null else []
    return [*every, *map(str, origins.patterns), *null]


def _options(key: str, entries: Iterable[str], taken: Collection[str]) -> str | None:
    """Write a list as options; what is dangerous without credentials, too, only a file can name."""
    if "null_origin" in taken:
        return None
    options = [f"{_OPTIONS[key]} {shlex.quote(entry)}" for entry in entries]
    return " ".join([*options, "--no-credentials"] if taken else options)


def change_for(refusal: Refusal) -> Change | None:
    """Return the edit that would allow it, None where nothing would."""
    culprit = refusal.culprit
    match refusal.reason:
        case Reason.ORIGIN_NOT_ALLOWED | Reason.ORIGIN_NULL:
            return Change("allow_origins", culprit)
        case Reason.METHOD_NOT_ALLOWED if _may_be_allowed(culprit.encode()):
            return Change("allow_methods", culprit)
        case Reason.HEADER_NOT_ALLOWED if is_token(culprit.encode()) and len(culprit) < _LONGEST:
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
