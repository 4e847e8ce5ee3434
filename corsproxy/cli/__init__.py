"""ASKS: argv becomes one call.

Rule 1: one file a command; a command reads its options, makes one call, and shows the outcome.
Rule 2: exit 0 done, 2 wrong usage or wrong file, 1 anything else, 3 refused.
"""

from importlib import import_module

import click

from corsproxy import __version__

_COMMANDS = ("check", "demo", "diagnose", "explain", "init", "run", "schema")


class _Commands(click.Group):
    """Imports a command when it is asked for: a proxy that serves needs none of the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's own signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"corsproxy.cli.{cmd_name}"), cmd_name)
        return command if isinstance(command, click.Command) else None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="corsproxy %(version)s")
def main() -> None:
    """Answer CORS for servers that do not: a reverse proxy with a route table."""
