"""`corsproxy check`: every mistake in a route table at once."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from corsproxy.config.loader import load_file
from corsproxy.config.problems import ConfigError, Problem


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("corsproxy.yaml"))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="How the findings are written.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit 1 on warnings, too.")
def check(file: Path, form: str, *, strict: bool) -> None:
    """Check a route table, and say of every mistake where it is and what to write instead.

    Exits 0 if all is well, 1 on warnings with --strict, 2 on errors.
    """
    try:
        config = load_file(file, os.environ)
        problems: Sequence[Problem] = config.warnings
        routes = len(config.table.routes)
    except ConfigError as error:
        problems, routes = error.problems, 0
    levels = {problem.level for problem in problems}
    if form == "json":
        click.echo(json.dumps([asdict(problem) for problem in problems], indent=2))
    else:
        _show(file, problems, routes)
    if "error" in levels:
        raise SystemExit(2)
    if strict and "warning" in levels:
        raise SystemExit(1)


def _show(file: Path, problems: Sequence[Problem], routes: int) -> None:
    for problem in problems:
        level = "" if problem.level == "error" else f"{problem.level}: "
        click.echo(f"{level}{problem}")
    errors = sum(problem.level == "error" for problem in problems)
    if errors:
        click.echo(f"{file}: {_count(errors, 'error')}")
    else:
        click.echo(f"{file}: good, {_count(routes, 'route')}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
