"""A changed file, or a signal, becomes a checked configuration that is swapped in."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from corsproxy.app import App
from corsproxy.config.problems import ConfigError
from corsproxy.config.settings import Config

log = logging.getLogger("corsproxy.reload")

_LOOK_INTERVAL = 2000  # milliseconds


class Reloader:
    """Gives an app the configuration that `load` makes of a file, again and again.

    What is wrong with a file is logged, and then changes nothing. `then` hears of each that was
    swapped in.
    """

    def __init__(
        self,
        path: Path,
        load: Callable[[], Config],
        app: App,
        then: Callable[[Config], None] | None = None,
    ) -> None:
        self._path = path
        self._load = load
        self._app = app
        self._then = then
        self._seen = _content(path)
        self._watch: asyncio.Task[None] | None = None
        self._asked: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()

    def ask(self) -> None:
        """Have the file loaded soon."""
        asked = asyncio.ensure_future(self.reload())
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)

    async def reload(self) -> None:
        """Load the file, changed or not (the files that it names may be), and swap it in.

        Requests are served meanwhile.
        """
        async with self._one_at_a_time:
            self._seen = _content(self._path)
            await self._swap_in()

    async def _swap_in(self) -> None:
        try:
            config = await asyncio.to_thread(self._load)
            fixed = self._app.apply(config)
        except ConfigError as error:
            log.error("%s is wrong, and changes nothing:\n%s", self._path, error)  # noqa: TRY400
            return
        except OSError as error:
            log.error("%s changes nothing: %s", self._path, error)  # noqa: TRY400
            return
        for warning in config.warnings:
            log.warning("%s", warning)
        routes = len(config.table.routes)
        log.info("reloaded %s: %d %s", self._path, routes, "route" if routes == 1 else "routes")
        if fixed:
            log.warning("a change of %s waits for a restart", ", ".join(fixed))
        if self._then is not None:
            self._then(config)

    def start(self) -> None:
        """Begin to watch the file."""
        self._watch = asyncio.ensure_future(self._follow())

    async def stop(self) -> None:
        """Watch no more."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    async def _follow(self) -> None:
        # later than the start, which need not wait for it
        from watchfiles import awatch  # noqa: PLC0415

        # the folder, for an editor or a mounted volume puts another file in the place; and a look
        # now and then, for a file on a network or shared with a virtual machine tells nothing
        changes = awatch(
            self._path.absolute().parent,
            watch_filter=self._may_matter,
            recursive=False,
            rust_timeout=_LOOK_INTERVAL,
            yield_on_timeout=True,
        )
        try:
            async for _ in changes:
                if (content := _content(self._path)) is not None and content != self._seen:
                    await self.reload()
        except Exception as error:  # noqa: BLE001 not to be watched must not end what serves
            log.warning("%s is not watched (%s): SIGHUP reloads it", self._path, error)

    def _may_matter(self, _change: object, path: str) -> bool:
        """Whether it is about the file, or a link that Kubernetes turns to another volume."""
        name = Path(path).name
        return name == self._path.name or name.startswith("..")


def _content(path: Path) -> bytes | None:
    """Return what stands in a file; None where there is none just now."""
    try:
        return path.read_bytes()
    except OSError:
        return None
