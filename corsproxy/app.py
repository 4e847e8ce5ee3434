"""One worker: the parts joined."""

import asyncio
import logging
import secrets
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from corsproxy.config.listeners import EVERY_INTERFACE
from corsproxy.config.settings import Config
from corsproxy.core.exchange import Exchange
from corsproxy.core.learning import Learnt, opened
from corsproxy.core.limits import ListenerTls
from corsproxy.gateway import certificates
from corsproxy.gateway.handler import Gateway
from corsproxy.gateway.noting import NotingGateway
from corsproxy.gateway.problems import Explainer
from corsproxy.gateway.server import ListenError, Listening, require_c_parser
from corsproxy.gateway.tls import load, server_context
from corsproxy.gateway.upstream import Pools
from corsproxy.observe import admin
from corsproxy.observe.access_log import AccessLog
from corsproxy.observe.learner import Learner
from corsproxy.observe.refusals import Refusals

GRACE = 8.0  # seconds; Docker kills ten after it asked
_FLUSH = 1.0  # seconds for what is written to leave


class App:
    """A proxy by one configuration at a time: started, given another one, and drained.

    With `learn` every page may do everything, and `learn` is called with what they did.
    """

    def __init__(self, config: Config, learn: Callable[[Learnt], None] | None = None) -> None:
        self._learner = Learner(learn) if learn else None
        config = self._open(config)
        self._config = config
        self._pools = Pools(config.limits)
        # a request that comes back with this name has been here before
        name = f"corsproxy-{secrets.token_hex(4)}"
        explainer = Explainer(config.log.explain)
        gateway = NotingGateway if learn else Gateway
        self._gateway = gateway(config.table, self._pools, explainer, name)
        self._log = AccessLog(config.log.format)
        self._refusals = Refusals()
        self._listenings: list[Listening] = []
        self._context: ssl.SSLContext | None = None
        self._admin: web.AppRunner | None = None
        self.admin_address: str | None = None
        self.authority: Path | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that are really listened on."""
        return tuple(listening.address for listening in self._listenings)

    @property
    def pools(self) -> Pools:
        """The connections to upstreams."""
        return self._pools

    async def start(self) -> None:
        """Begin to serve; raise `StartError` where that can't be, `OSError` on bad files."""
        require_c_parser()
        config = self._config
        self._pools.apply(config.limits, config.table.routes)
        self._observe(config)
        if config.tls is not None:
            tls = self._certificate(config)
            self._context = server_context(tls)
            self.authority = None if config.tls.cert else certificates.authority(tls)
        try:
            for listener in config.listen:
                listening = Listening(listener, self._gateway, config, self._context)
                await listening.open()
                self._listenings.append(listening)
            await self._start_admin()
        except BaseException:
            await self.drain(0)
            raise

    def apply(self, config: Config) -> list[str]:
        """Serve new requests by another configuration, and return the keys that need a restart.

        What is under way ends under the one it began with. Raises `OSError` on unusable files, and
        then changes nothing.
        """
        config = self._open(config)
        context = self._context
        if context is not None and config.tls is not None:
            tls = self._certificate(config)
            server_context(tls)  # which fails before anything is changed
            self._pools.apply(config.limits, config.table.routes)
            load(context, tls)
        else:
            self._pools.apply(config.limits, config.table.routes)
        self._gateway.routes = config.table
        self._gateway.explainer = Explainer(config.log.explain)
        self._observe(config)
        for listening in self._listenings:
            listening.apply(config)
        was = self._config
        self._config = config
        fixed = {
            "listen": was.listen != config.listen,
            "admin": was.admin != config.admin,
            "tls": (was.tls is None) != (config.tls is None),
        }
        return [key for key, changed in fixed.items() if changed]

    def _open(self, config: Config) -> Config:
        return replace(config, table=opened(config.table)) if self._learner else config

    def _observe(self, config: Config) -> None:
        logging.getLogger("corsproxy").setLevel(config.log.level.upper())
        self._log.flush()
        self._log = AccessLog(config.log.format)
        self._refusals = Refusals()
        reports = [self._log.report] if config.log.access else []
        reports += [self._learner.report] if self._learner else []
        self._gateway.report = _all_of(reports)
        self._gateway.refused = self._refusals.report

    def _certificate(self, config: Config) -> ListenerTls:
        if config.tls is not None and config.tls.cert is not None:
            return config.tls
        hosts = {listener.host for listener in config.listen}
        names = frozenset(host for host in hosts if host not in EVERY_INTERFACE)
        return certificates.development(certificates.cache_folder(), names)

    async def _start_admin(self) -> None:
        listener = self._config.admin
        if listener is None:
            return
        application = admin.create_app(lambda: not self._gateway.draining, lambda: self._refusals)
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
        self._log.flush()
        if self._learner is not None:
            await self._learner.finish()
        if self._admin is not None:
            await self._admin.cleanup()


def _all_of(reports: Sequence[Callable[[Exchange], None]]) -> Callable[[Exchange], None]:
    """Return what reports to all of these, or the one of them as it is."""
    if len(reports) == 1:
        return reports[0]

    def report(exchange: Exchange) -> None:
        for one in reports:
            one(exchange)

    return report


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until a condition holds, for `seconds` at most.

    Looked at, not told: what is waited for is many parts' business, and it is done once.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition() and loop.time() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
