"""Serving until asked to stop: the loop, the signals, the lines shown at the start."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import click

from corsproxy import __version__
from corsproxy.app import App
from corsproxy.cli.probes import Probing
from corsproxy.config.settings import Config
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.learning import Learnt
from corsproxy.core.routes import Route
from corsproxy.gateway.probe import Prober
from corsproxy.reload import Reloader

log = logging.getLogger("corsproxy")

Start = Callable[[], Awaitable[Callable[[], Awaitable[None]]]]

_EVERYWHERE = "0.0.0.0"  # noqa: S104 a name that is no address to open; nothing is bound
_STOP = (signal.SIGINT, signal.SIGTERM)


def serve(start: Start) -> None:
    """Run `start` on the fastest loop there is, and what it returns when asked to stop."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_until_stopped(start))
    finally:
        for number in _STOP:  # to be asked once more must not turn a good end into a bad one
            signal.signal(number, signal.SIG_IGN)


class Lessons(Protocol):
    """Where what is learnt goes: the file, and what it says of itself at the end."""

    path: Path

    def write(self, learnt: Learnt) -> None:
        """Write what is known."""

    def told(self) -> str:
        """Say what became of the file."""


async def serve_app(
    config: Config,
    path: Path | None = None,
    load: Callable[[], Config] | None = None,
    lessons: Lessons | None = None,
    *,
    probe: bool = True,
) -> Callable[[], Awaitable[None]]:
    """Start a proxy, show where it listens, and return what drains it.

    With `path`, what `load` makes of that file is swapped in when it changes, and on SIGHUP; but
    not while it learns, for `lessons`. With `probe`, upstreams are asked whether they answer, while
    requests are served.
    """
    app = App(config, lessons.write if lessons else None)
    await app.start()
    _spare_the_collector()
    probing = Probing(Prober(app.pools)) if probe else None
    then = probing.apply if probing else None
    reloader = Reloader(path, load, app, then) if path and load and not lessons else None
    if reloader is not None:
        reloader.start()
    # before anything is said, for who reads it may act on it
    _on_hang_up(reloader.ask if reloader else _nothing_to_reload)
    for line in start_up_lines(config, app, lessons.path if lessons else None):
        click.echo(line)
    if probing is not None:
        probing.apply(config)

    async def drain() -> None:
        if reloader is not None:
            await reloader.stop()
        if probing is not None:
            await probing.stop()
        await app.drain()
        if lessons is not None:
            click.echo(lessons.told())

    return drain


def _spare_the_collector() -> None:
    """Look for cycles less often: what is loaded stays, and an exchange leaves none behind.

    A small GET takes a tenth less of the processor with 256 connections (42.9 to 38.2 µs), a sixth
    less with 1,024 (78.5 to 65.4; bench/connections.py). Many more cycles than these, which faults
    leave, would be memory that seems to leak.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 10)


def _nothing_to_reload() -> None:
    log.warning("nothing to reload: there is no file, or it is learnt from")


def start_up_lines(config: Config, app: App, learnt: Path | None = None) -> list[str]:
    """Name each route with its upstream and its origins, and the addresses to open.

    `learnt` is where what is learnt gets written, if it is.
    """
    names = [_match(route) for route in config.table.routes]
    width = max(map(len, names), default=0)
    lines = [f"corsproxy {__version__}"]
    for name, route in zip(names, config.table.routes, strict=True):
        origins = _origins(route.policy) if learnt is None or route.policy is None else "learning"
        lines.append(f"  {name:<{width}}  →  {route.upstream}   {origins}")
    if learnt is not None:
        lines.append(f"  learning: any page may do anything; what is used is written to {learnt}")
    shown = " ".join(address.replace(_EVERYWHERE, "localhost") for address in app.addresses)
    admin = f"   admin {app.admin_address}" if app.admin_address else ""
    lines.append(f"  listening on {shown}{admin}")
    if app.authority is not None:
        lines.append(f"  a certificate for development: trust {app.authority} in the browser")
    return lines


def set_up_logging() -> None:
    """Send the log to standard error; our own part of it at the level that the app sets."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        force=True,
    )


async def _until_stopped(start: Start) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        if stopped.is_set():  # asked twice: at once
            raise SystemExit(0)
        stopped.set()

    for number in _STOP:
        _on_signal(loop, number, stop)
    drain = await start()
    sys.stdout.flush()
    await stopped.wait()
    await drain()


def _on_signal(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, stop: Callable[[], None]
) -> None:
    try:
        loop.add_signal_handler(number, stop)
    except NotImplementedError:  # asyncio on Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _on_hang_up(act: Callable[[], None]) -> None:
    hang_up = getattr(signal, "SIGHUP", None)  # which Windows doesn't know
    if hang_up is not None:
        _on_signal(asyncio.get_running_loop(), hang_up, act)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 not on every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _match(route: Route) -> str:
    path = (route.path or b"/").decode("latin-1")
    if route.path_regex is not None:
        path = "~" + route.path_regex.pattern.decode("latin-1")  # as nginx marks one
    host = route.host or ""
    methods = f" ({', '.join(sorted(m.decode() for m in route.methods))})" if route.methods else ""
    return f"{host}{path}{methods}"


def _origins(policy: CorsPolicy | None) -> str:
    if policy is None:
        return "CORS is the upstream's own"
    reports = "   mode: report, nothing is refused" if policy.report else ""
    return f"origins: {policy.origins}{reports}"
