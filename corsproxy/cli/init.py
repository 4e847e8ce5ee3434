"""`corsproxy init`: a commented route table to start from."""

import json
from pathlib import Path

import click

from corsproxy.config.loader import load_text
from corsproxy.config.problems import ConfigError

_STARTER = """\
# The route table of corsproxy. Serve it with `corsproxy run`; after a change: `corsproxy check`.
# All keys: docs/configuration.md. Hints while you type, from what `corsproxy schema` prints:
# yaml-language-server: $schema=./corsproxy.schema.json

listen: 127.0.0.1:8080        # `:8080` for all interfaces
admin: 127.0.0.1:8081         # health, never for pages; `off` turns it off

cors:                         # which pages may do what; a route can say otherwise key by key
  allow_origins:              # as browsers send them: no path, no slash at the end
    - http://localhost:3001   # the page; `http://localhost:*` would be any port
  allow_methods: [PUT, DELETE, PATCH]   # GET, HEAD and POST need no leave
  allow_headers: [Content-Type, Authorization]   # Content-Type for JSON
  expose_headers: []          # what a page may read of a response: [X-Total-Count]
  allow_credentials: false    # `true` for cookies
  max_age: 10m                # how long a browser remembers a preflight

routes:                       # the first that matches wins
  - path: /                   # /api stands for /api and all below it
    upstream: {upstream}
    # strip_prefix: true      # take the path off before forwarding
    # cookies: local          # make the cookies of an API elsewhere work on localhost

tests:                        # `corsproxy check` tries them, and sends nothing
  - {{path: /, origin: "http://localhost:3001", method: PUT, expect: allow}}
  - {{path: /, origin: "https://evil.example", expect: refuse, reason: origin_not_allowed}}
"""


@click.command()
@click.option("--upstream", metavar="URL", default="http://localhost:8000", show_default=True,
              help="Where requests go.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write to a new file, not to standard output.")  # fmt: skip
def init(upstream: str, output: Path | None) -> None:
    """Write a commented route table to start from; it passes `corsproxy check`."""
    text = _STARTER.format(upstream=_scalar(upstream))
    try:
        load_text(text, "--upstream", {})
    except ConfigError as error:
        problem = error.problems[0]
        told = f"{problem.what}; write {problem.write}" if problem.write else problem.what
        raise click.UsageError(f"--upstream: {upstream}: {told}") from error
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{output} is there already, and stays as it is") from None
    except OSError as error:
        raise click.ClickException(f"{output} can't be written: {error.strerror}") from error
    click.echo(f"{output}: written; corsproxy run -c {output}")


def _scalar(text: str) -> str:
    """Write text as YAML; in quotes where it is not plainly a URL, and nothing substituted."""
    plain = text.isascii() and all(c.isalnum() or c in "/.-_:[]~" for c in text)
    return text if plain and ": " not in text and not text.endswith(":") else json.dumps(text)
