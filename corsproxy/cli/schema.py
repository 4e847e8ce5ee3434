"""`corsproxy schema`: the JSON Schema of the route table."""

import json

import click

from corsproxy.config.schema import schema as json_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of the route table, for editors and other tools."""
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
