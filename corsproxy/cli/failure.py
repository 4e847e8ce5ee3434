"""The end of a command that can't do what it was asked for."""

import errno
import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click

from corsproxy.config.problems import Problem


def fail(messages: Sequence[str], status: int) -> NoReturn:
    """Show what is wrong, and exit."""
    for message in messages:
        click.echo(message, err=True)
    raise SystemExit(status)


def with_way_out(
    problems: Sequence[Problem], file: Path, another: str = "-c names another"
) -> Sequence[Problem]:
    """Add how to come by a route table, where the trouble is that there is none."""
    missing = os.strerror(errno.ENOENT)
    write = f"`corsproxy init -o {shlex.quote(str(file))}` writes one; {another}"
    return [
        replace(problem, what=f"{problem.what}; {write}")
        if problem.line is None and problem.what.endswith(missing)
        else problem
        for problem in problems
    ]
