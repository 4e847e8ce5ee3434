"""Probes of a table's upstreams: made behind what serves, or at once for `check --probe`."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import click

from corsproxy.config.problems import Problem
from corsproxy.config.settings import Config
from corsproxy.core import probed, unreached
from corsproxy.core.messages import Client
from corsproxy.core.probing import Answers, Found, Probe, Trouble
from corsproxy.gateway.probe import Prober
from corsproxy.gateway.upstream import Pools

log = logging.getLogger("corsproxy")

PAUSES = (1.0, 2.0, 4.0)  # seconds between tries, for what is started together with the proxy

Places = Mapping[Probe, Sequence[int]]  # and the routes that would ask in this way


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of a probe: what there is to say, or that all is well."""

    problems: tuple[Problem, ...]
    well: Problem | None = None

    @property
    def usable(self) -> bool:
        """Whether requests can reach the upstream."""
        return all(problem.level != "error" for problem in self.problems)


def probes(config: Config) -> Places:
    """Return what to ask, each question once, with the routes that it is about."""
    found: dict[Probe, list[int]] = {}
    client = Client("127.0.0.1", "https" if config.tls else "http")
    for i, route in enumerate(config.table.routes):
        found.setdefault(Probe.of(route, config.table.default, client), []).append(i)
    return found


def tell(config: Config, probe: Probe, routes: Sequence[int], outcome: Answers | Trouble) -> Probed:
    """Say what came of a probe; what holds for several routes is said once."""
    found: dict[Found, list[int]] = {}
    if isinstance(outcome, Trouble):
        found[unreached.tell(probe, outcome)] = list(routes)
    else:
        for i in routes:
            for one in probed.judge(probe, config.table.routes[i], outcome):
                found.setdefault(one, []).append(i)
        if not found:
            said = f"{outcome.method} is answered with {outcome.plain.status}"
            return Probed((), _problem(config, Found("info", said), routes))
    return Probed(tuple(_problem(config, one, where) for one, where in found.items()))


def _problem(config: Config, found: Found, routes: Sequence[int]) -> Problem:
    first, *more = routes
    route, place = config.table.routes[first], config.upstream_places[first]
    what = f"{found.what}; {found.why}" if found.why else found.what
    if more:
        others = (
            config.table.routes[more[0]].place if len(more) == 1 else f"{len(more)} more routes"
        )
        what += f" (the same holds for {others})"
    line, column = place or (None, None)
    return Problem(
        config.file, what, f"{route.place}.upstream", str(route.upstream), found.write,
        line, column, found.level,
    )  # fmt: skip


async def probe_now(config: Config) -> list[Probed]:
    """Probe every upstream once, and say what came of each."""
    prober, wanted = Prober(Pools(config.limits)), probes(config)
    outcomes = await asyncio.gather(*map(prober.ask, wanted))
    return [
        tell(config, probe, routes, outcome)
        for (probe, routes), outcome in zip(wanted.items(), outcomes, strict=True)
    ]


def show(problem: Problem) -> None:
    """Write what was found to standard error, as warnings of a file are."""
    level = "info" if problem.level == "info" else "warning"
    click.echo(f"{level}: {problem}", err=True)


class Probing:
    """Probes upstreams while requests are served, each one once, and tells what it finds."""

    def __init__(
        self,
        prober: Prober,
        told: Callable[[Problem], None] = show,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._prober = prober
        self._told = told
        self._pauses = pauses
        self._config: Config
        self._wanted: Places = {}
        self._tasks: dict[Probe, asyncio.Task[None]] = {}

    def apply(self, config: Config) -> None:
        """Probe what a configuration has that the one before hadn't."""
        self._config, self._wanted = config, probes(config)
        for probe in self._tasks.keys() - self._wanted.keys():
            self._tasks.pop(probe).cancel()
        for probe in self._wanted:
            if probe not in self._tasks:
                self._tasks[probe] = asyncio.ensure_future(self._probe(probe))

    async def stop(self) -> None:
        """Probe no more, and leave nothing under way."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _probe(self, probe: Probe) -> None:
        try:
            outcome = await self._prober.ask(probe)
            for pause in self._pauses:
                if not (isinstance(outcome, Trouble) and outcome.may_pass):
                    break
                await asyncio.sleep(pause)
                outcome = await self._prober.ask(probe)
            for problem in tell(self._config, probe, self._wanted[probe], outcome).problems:
                self._told(problem)
        except Exception:
            log.exception("a bug in corsproxy, at the probe of %s", probe.upstream)
