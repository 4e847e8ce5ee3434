"""`corsproxy check`: every mistake in a route table at once, and its own tests."""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corsproxy.cli.failure import with_way_out
from corsproxy.cli.probes import Probed, probe_now
from corsproxy.config.excerpts import excerpt, lines_of
from corsproxy.config.loader import load_file
from corsproxy.config.policy_tests import Outcome, run_tests
from corsproxy.config.problems import ConfigError, Problem

if TYPE_CHECKING:
    from rich.text import Text

_COLOURS = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a file: problems, failed tests among them, and what came of its tests."""

    problems: Sequence[Problem]
    outcomes: Sequence[Outcome] = ()
    routes: int = 0
    probed: Sequence[Probed] = ()

    def has(self, level: str) -> bool:
        """Tell whether there is a problem of a level in the file itself."""
        return any(problem.level == level for problem in self.problems)

    @property
    def found(self) -> list[Problem]:
        """What was found by probes."""
        return [problem for one in self.probed for problem in one.problems]


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("corsproxy.yaml"))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="How the findings are written.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit 1 on warnings, too.")
@click.option("--probe", is_flag=True,
              help="If the file is good, ask upstreams, too: do they answer, is their certificate "
                   "good, do they answer CORS themselves?")  # fmt: skip
def check(file: Path, form: str, *, strict: bool, probe: bool) -> None:
    """Check a route table, and say of every mistake where it is and what to write instead.

    Its `tests` are run; nothing is sent to anyone, unless by --probe. Exits 0 if all is well, 1 on
    warnings with --strict and on upstreams that --probe can't use, 2 on errors and failed tests.
    """
    checked = _checked(file, probe=probe)
    if form == "json":
        told = [asdict(problem) for problem in (*checked.problems, *checked.found)]
        click.echo(json.dumps(told, indent=2))
    else:
        _show(file, checked)
    if checked.has("error"):
        raise SystemExit(2)
    levels = {"error", "warning"} if strict else {"error"}
    if (strict and checked.has("warning")) or any(one.level in levels for one in checked.found):
        raise SystemExit(1)


def _checked(file: Path, *, probe: bool) -> Checked:
    try:
        config = load_file(file, os.environ)
    except ConfigError as error:
        return Checked(with_way_out(error.problems, file, "`corsproxy check FILE` checks another"))
    outcomes = run_tests(config.tests, config.table)
    failures = [outcome.problem for outcome in outcomes if outcome.problem]
    problems = [*failures, *config.warnings, *config.notes]
    probed = asyncio.run(probe_now(config)) if probe and not failures else []
    return Checked(problems, outcomes, len(config.table.routes), probed)


def _show(file: Path, checked: Checked) -> None:
    from rich.console import Console  # noqa: PLC0415 nothing else is shown in colours
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True, emoji=False)
    lines = _lines(file) if checked.problems or checked.found else []
    for outcome in checked.outcomes:
        console.print(_outcome(outcome))
    for problem in (*checked.problems, *checked.found):
        console.print(_told(problem, lines))
    for one in checked.probed:
        if one.well is not None:
            console.print(Text.assemble(("ok", "green"), f": {one.well}"))
    console.print(_summary(file, checked))


def _lines(file: Path) -> list[str]:
    try:
        return lines_of(file.read_text("utf-8", errors="replace"))
    except OSError:
        return []


def _outcome(outcome: Outcome) -> "Text":
    from rich.text import Text  # noqa: PLC0415 as above

    test = outcome.test
    word, colour = ("FAILED", "bold red") if outcome.problem else ("passed", "green")
    return Text.assemble((word, colour), _printable(f" {test.name}: {test}: {outcome.said}"))


def _told(problem: Problem, lines: list[str]) -> "Text":
    from rich.cells import cell_len  # noqa: PLC0415 as above
    from rich.text import Text  # noqa: PLC0415

    colour = _COLOURS[problem.level]
    text = Text()
    if problem.level != "error":
        text.append(f"{problem.level}: ", colour)
    place, mark, rest = str(problem).partition(": ")
    text.append(place, "bold").append(mark + rest)
    if found := excerpt(problem, lines):
        margin = " " * len(str(found.line))
        before, wrong = found.text[: found.start], found.text[found.start :][: found.length]
        text.append(f"\n  {found.line} | {found.text}\n  {margin} | ")
        text.append(" " * cell_len(before))
        text.append("^" * max(1, cell_len(wrong)), colour)
    return text


def _summary(file: Path, checked: Checked) -> "Text":
    from rich.text import Text  # noqa: PLC0415 as above

    failed = sum(outcome.problem is not None for outcome in checked.outcomes)
    errors = sum(problem.level == "error" for problem in checked.problems) - failed
    tried = len(checked.outcomes)
    tests = f", {_count(tried, 'test')} passed" if tried else ""
    if failed:
        said = f"{failed} of {_count(tried, 'test')} failed"
    elif errors:
        said = _count(errors, "error")
    else:
        said = f"good, {_count(checked.routes, 'route')}{tests}"
    end = Text.assemble(f"{file}: ", (said, "bold red" if failed or errors else "green"))
    unusable = sum(not one.usable for one in checked.probed)
    if unusable:
        asked = _count(len(checked.probed), "upstream")
        end.append(f"; {unusable} of {asked} can't be used", "bold red")
    return end


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
