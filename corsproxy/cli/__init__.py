"""ASKS: argv becomes one call.

Rule 1: one file a command; a command reads its options, makes one call, and shows the outcome.
Rule 2: exit 0 done, 2 wrong usage or wrong file, 1 anything else.
"""

import click

from corsproxy import __version__
from corsproxy.cli.check import check
from corsproxy.cli.demo import demo
from corsproxy.cli.run import run
from corsproxy.cli.schema import schema


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="corsproxy %(version)s")
def main() -> None:
    """Answer CORS for servers that do not: a reverse proxy with a route table."""


for command in (run, check, demo, schema):
    main.add_command(command)
