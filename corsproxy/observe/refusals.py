"""What was refused to pages, how often, and what would allow it: told once each, and counted."""

import logging
from collections import Counter
from typing import NamedTuple

from corsproxy.core.advice import advise, change_for, quoted
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.messages import Passage
from corsproxy.core.verdicts import Reason, Refusal

log = logging.getLogger("corsproxy.observe")

_MOST = 1024  # kinds that are counted apart; anybody can send new ones
_MOST_TOLD = 100
_LONGEST = 1000  # characters of advice
_NOBODY = ".invalid"  # a name that no page can have (RFC 6761 §6.4): `diagnose` asks by one


class _Kind(NamedTuple):
    place: str
    refusal: Refusal
    enforced: bool


class Refusals:
    """Counts what is refused by place in the file, reason and culprit, boundedly.

    The first of a kind is a line in the log, with what to write to allow it.
    """

    def __init__(self) -> None:
        self._counts = Counter[_Kind]()
        self._advice: dict[_Kind, str | None] = {}
        self._others = 0

    def report(self, passage: Passage) -> None:
        """Count a request that a policy refused, or would refuse if it were in force."""
        place = passage.route.policy_place if passage.route else "cors"
        refusal = passage.verdict.refusal or passage.verdict.reported
        if refusal is None or _is_nobody(refusal):
            return
        if passage.policy is not None:
            enforced = passage.verdict.refusal is not None
            self._count(_Kind(place, refusal, enforced), passage.policy)

    def _count(self, kind: "_Kind", policy: CorsPolicy) -> None:
        if kind in self._counts:
            self._counts[kind] += 1
        elif len(self._counts) < _MOST:
            self._counts[kind] = 1
            self._advice[kind] = _advice(kind, policy)
            self._tell(kind)
        else:
            self._others += 1

    def _tell(self, kind: "_Kind") -> None:
        if len(self._counts) > _MOST_TOLD:
            return
        refusal, advice = kind.refusal, self._advice[kind]
        does = "refuses" if kind.enforced else "would refuse, but for mode: report,"
        near = f" ({refusal.near_miss})" if refusal.near_miss else ""
        mend = f"; to allow it: {advice}" if advice else ""
        log.warning(
            "%s %s %s: %s%s%s", kind.place, does, refusal.culprit, refusal.reason, near, mend
        )
        if len(self._counts) == _MOST_TOLD:
            log.warning("what else is refused is only counted: see /refused on the admin listener")

    def told(self) -> dict[str, object]:
        """Return what was refused, the most frequent first, as JSON has it."""
        rows = [
            {
                "place": kind.place,
                "reason": kind.refusal.reason.value,
                "culprit": kind.refusal.culprit,
                "near_miss": kind.refusal.near_miss,
                "allow_with": self._advice[kind],
                "enforced": kind.enforced,
                "count": count,
            }
            for kind, count in self._counts.most_common()
        ]
        return {"refused": rows, "others": self._others}


def _is_nobody(refusal: Refusal) -> bool:
    return refusal.reason is Reason.ORIGIN_NOT_ALLOWED and refusal.culprit.endswith(_NOBODY)


def _advice(kind: _Kind, policy: CorsPolicy) -> str | None:
    """Return what to write, shortened where it would be a long list, which each would hold anew."""
    advice, change = advise(kind.refusal, policy, kind.place), change_for(kind.refusal)
    if change is None or advice is None or len(advice) <= _LONGEST:
        return advice
    return f"{kind.place}.{change.key}: add {quoted(str(change.entry))}"
