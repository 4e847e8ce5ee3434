"""One worker: the parts joined."""

import asyncio
import secrets
from collections.abc import Callable

from aiohttp import web

from corsproxy.config.settings import Config
from corsproxy.gateway.handler import Gateway
from corsproxy.gateway.problems import Explainer
from corsproxy.gateway.server import ListenError, Listening, require_c_parser
from corsproxy.gateway.upstream import Pools
from corsproxy.observe import admin
from corsproxy.observe.access_log import access_log

GRACE = 8.0  # seconds; Docker kills ten after it asked
_FLUSH = 1.0  # seconds for what is written to leave


class App:
    """A proxy by one configuration: started, and drained."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._pools = Pools(config.limits)
        explainer = Explainer(config.log.explain)
        # a request that comes back with this name has been here before
        name = f"corsproxy-{secrets.token_hex(4)}"
        self._gateway = Gateway(config.table, self._pools, explainer, name)
        if config.log.access:
            self._gateway.report = access_log(config.log.format)
        self._listenings = [
            Listening(
                listener,
                self._gateway,
                config.limits,
                config.timeouts.header,
                config.trusted_proxies,
            )
            for listener in config.listen
        ]
        self._admin: web.AppRunner | None = None
        self.admin_address: str | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that are really listened on."""
        return tuple(listening.address for listening in self._listenings)

    async def start(self) -> None:
        """Begin to serve; raise `StartError` where that can't be, `OSError` on bad files."""
        require_c_parser()
        for route in self._config.table.routes:
            if route.upstream.address.tls:
                self._pools.context(route.upstream.address.tls)
        try:
            for listening in self._listenings:
                await listening.open()
            await self._start_admin()
        except BaseException:
            await self.drain(0)
            raise

    async def _start_admin(self) -> None:
        listener = self._config.admin
        if listener is None:
            return
        application = admin.create_app(lambda: not self._gateway.draining)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        self._admin = runner
        site: web.BaseSite
        if listener.socket:
            site = web.UnixSite(runner, listener.socket)
        else:
            site = web.TCPSite(runner, listener.host or None, listener.port)
        try:
            await site.start()
        except OSError as error:
            raise ListenError(listener, error) from error
        bound = None if listener.socket else runner.addresses[0]
        self.admin_address = listener.url(bound)

    async def drain(self, grace: float = GRACE) -> None:
        """Stop accepting, let what is under way end within `grace` seconds, then close all."""
        self._gateway.draining = True
        for listening in self._listenings:
            listening.stop_accepting()
        await _until(lambda: not self._gateway.under_way, grace)
        for end in (Listening.close, Listening.abort):
            for listening in self._listenings:
                end(listening)
            await _until(lambda: not self._gateway.connections, min(grace, _FLUSH))
        self._pools.close()
        if self._admin is not None:
            await self._admin.cleanup()


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until a condition holds, for `seconds` at most.

    Looked at, not told: what is waited for is many parts' business, and it is done once.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition() and loop.time() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
