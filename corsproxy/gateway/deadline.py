"""Deadlines that move with every piece, on one timer each."""

import asyncio
from collections.abc import Callable

_RESOLUTION = 0.002  # seconds: uvloop's clock counts milliseconds


class Deadline:
    """Calls `expired` once no later deadline was set in time.

    Moving the deadline only notes the new time: the timer looks again when it fires, so a
    thousand pieces cost a thousand assignments and not a thousand timers.
    """

    __slots__ = ("_at", "_expired", "_loop", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pending(self) -> bool:
        """Whether a deadline is set."""
        return self._at is not None

    def set(self, seconds: float | None) -> None:
        """Set the deadline `seconds` from now; None is for ever."""
        if seconds is None:
            self._at = None
            return
        self._at = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._at, self._look)
        elif self._timer.when() > self._at + _RESOLUTION:
            self._timer.cancel()
            self._timer = self._loop.call_at(self._at, self._look)

    def clear(self) -> None:
        """Forget the deadline; the timer, left as it is, will find nothing to do."""
        self._at = None

    def close(self) -> None:
        """Forget the deadline and the timer."""
        self._at = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._loop.time() < self._at:
            self._timer = self._loop.call_at(self._at, self._look)
            return
        self._at = None
        self._expired()
