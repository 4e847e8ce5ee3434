"""The end of a command that can't do what it was asked for."""

from collections.abc import Sequence
from typing import NoReturn

import click


def fail(messages: Sequence[str], status: int) -> NoReturn:
    """Show what is wrong, and exit."""
    for message in messages:
        click.echo(message, err=True)
    raise SystemExit(status)
