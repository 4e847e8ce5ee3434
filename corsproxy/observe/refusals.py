"""What was refused to pages, how often, and what would allow it: told once each, and counted."""

import logging
from collections import Counter

from corsproxy.core.advice import advise
from corsproxy.core.exchange import Exchange
from corsproxy.core.messages import Passage
from corsproxy.core.verdicts import Refusal

log = logging.getLogger("corsproxy.observe")

_MOST = 1024  # kinds that are counted apart; anybody can send new ones
_MOST_TOLD = 100


class Refusals:
    """Counts what is refused by place in the file, reason and culprit, boundedly.

    The first of a kind is a line in the log, with what to write to allow it.
    """

    def __init__(self) -> None:
        self._counts = Counter[tuple[str, Refusal]]()
        self._advice: dict[tuple[str, Refusal], str | None] = {}
        self._others = 0

    def report(self, exchange: Exchange) -> None:
        """Count an exchange, if its page was refused."""
        if exchange.judged is not None and not exchange.same_origin:
            self._count(exchange.judged)

    def _count(self, passage: Passage) -> None:
        place = passage.route.policy_place if passage.route else "cors"
        refusal, policy = passage.verdict.refusal, passage.policy
        if refusal is None or policy is None:
            return
        kind = (place, refusal)
        if kind in self._counts:
            self._counts[kind] += 1
        elif len(self._counts) < _MOST:
            self._counts[kind] = 1
            self._advice[kind] = advise(refusal, policy, place)
            self._tell(place, refusal)
        else:
            self._others += 1

    def _tell(self, place: str, refusal: Refusal) -> None:
        if len(self._counts) > _MOST_TOLD:
            return
        near = f" ({refusal.near_miss})" if refusal.near_miss else ""
        advice = self._advice[place, refusal]
        mend = f"; to allow it: {advice}" if advice else ""
        log.warning("%s refuses %s: %s%s%s", place, refusal.culprit, refusal.reason, near, mend)
        if len(self._counts) == _MOST_TOLD:
            log.warning("what else is refused is only counted: see /refused on the admin listener")

    def told(self) -> dict[str, object]:
        """Return what was refused, the most frequent first, as JSON has it."""
        rows = [
            {
                "place": place,
                "reason": refusal.reason.value,
                "culprit": refusal.culprit,
                "near_miss": refusal.near_miss,
                "allow_with": self._advice[place, refusal],
                "count": count,
            }
            for (place, refusal), count in self._counts.most_common()
        ]
        return {"refused": rows, "others": self._others}
