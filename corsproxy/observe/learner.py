"""Learns from exchanges what pages use, and has it written down."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.exchange import Exchange
from corsproxy.core.learning import Learnt, lesson_of

log = logging.getLogger("corsproxy.learn")

_PAUSE = 2.0  # seconds between two times of writing
_MALFORMED = ProxyErrorType.HTTP_REQUEST_ERROR.token


class Learner:
    """Reads exchanges that have their heads; `write` is called with what is known, in a thread."""

    def __init__(self, write: Callable[[Learnt], None]) -> None:
        self.learnt = Learnt()
        self._write = write
        self._written = self.learnt
        self._writing: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    def report(self, exchange: Exchange) -> None:
        """Learn from an exchange; what is new is written within seconds."""
        if exchange.heads is None or exchange.error == _MALFORMED:
            return
        lesson = lesson_of(exchange.heads)
        if lesson is None:
            return
        self.learnt = self.learnt.learn(lesson)
        if self.learnt is not self._written and (self._writing is None or self._writing.done()):
            self._writing = asyncio.ensure_future(self._keep_writing())

    async def _keep_writing(self) -> None:
        while self._written is not self.learnt:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE):
                    await self._ending.wait()
            learnt = self.learnt
            if await asyncio.to_thread(self._save, learnt):
                self._written = learnt
            elif self._ending.is_set():
                return

    def _save(self, learnt: Learnt) -> bool:
        try:
            self._write(learnt)
        except Exception as error:  # noqa: BLE001 what serves goes on, and tries again
            log.error("what was learnt can't be written: %s", error)  # noqa: TRY400
            return False
        return True

    async def finish(self) -> None:
        """Write at once what is not written yet."""
        self._ending.set()
        if self._writing is not None:
            await self._writing
