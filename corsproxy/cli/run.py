"""`corsproxy run`: serve a route table, or one route without a file."""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from corsproxy.cli.environment import unknown
from corsproxy.cli.failure import fail, with_way_out
from corsproxy.config.apart import Loading
from corsproxy.config.problems import ConfigError
from corsproxy.config.settings import Config

Options = Mapping[str, Any]  # as click hands them over: texts, tuples of texts, flags

_DEFAULT_FILE = Path("corsproxy.yaml")

_NOTHING_TO_SERVE = """\
corsproxy needs to know which upstream to stand in front of, and which pages may use it.

Two lines that work:

  corsproxy run --upstream http://localhost:8000 --allow-origin http://localhost:3001

  docker run -p 8080:8080 -e CORSPROXY_UPSTREAM=http://host.docker.internal:8000 \\
      -e CORSPROXY_ALLOW_ORIGIN=http://localhost:3001 corsproxy

Inside a container localhost is the container itself; host.docker.internal is the machine it runs on
(on Linux add --add-host=host.docker.internal:host-gateway).

Or write a route table and mount it:

  docker run -p 8080:8080 -v ./corsproxy.yaml:/etc/corsproxy/corsproxy.yaml:ro corsproxy

`corsproxy demo` shows the whole thing working, with nothing to configure."""

_NO_ORIGIN = """\
--allow-origin is missing: off loopback ({listen}) no page is allowed unless it is named. Such as:

  --allow-origin https://app.example.com    (or CORSPROXY_ALLOW_ORIGIN=https://app.example.com)"""

_DANGER = (
    "For a page without cookies: --no-credentials. A danger that is meant is named in a route "
    "table: corsproxy run -c FILE"
)


@click.command()
@click.option("-c", "--config", type=click.Path(path_type=Path), envvar="CORSPROXY_CONFIG",
              help="The route table (default: ./corsproxy.yaml).")  # fmt: skip
@click.option("--upstream", metavar="URL", envvar="CORSPROXY_UPSTREAM",
              help="Serve one route, / to this upstream, without a file.")  # fmt: skip
@click.option("--allow-origin", "allow_origins", metavar="ORIGIN", multiple=True,
              envvar="CORSPROXY_ALLOW_ORIGIN",
              help="A page's origin that may use the upstream; may be repeated. Left out on "
                   "loopback: http://localhost:* and http://127.0.0.1:*.")  # fmt: skip
@click.option("--allow-method", "allow_methods", metavar="METHOD", multiple=True,
              envvar="CORSPROXY_ALLOW_METHOD",
              help="Allow only these methods (default: all).")  # fmt: skip
@click.option("--allow-header", "allow_headers", metavar="NAME", multiple=True,
              envvar="CORSPROXY_ALLOW_HEADER",
              help="Allow only these request headers (default: all).")  # fmt: skip
@click.option("--expose-header", "expose_headers", metavar="NAME", multiple=True,
              envvar="CORSPROXY_EXPOSE_HEADER",
              help="Let pages read only these response headers (default: all).")  # fmt: skip
@click.option("--no-credentials", is_flag=True, envvar="CORSPROXY_NO_CREDENTIALS",
              help="Don't let pages send cookies.")  # fmt: skip
@click.option("--max-age", metavar="TIME", envvar="CORSPROXY_MAX_AGE",
              help="How long browsers may remember a preflight: 600, 10m, 2h.")  # fmt: skip
@click.option("--listen", metavar="ADDRESS", envvar="CORSPROXY_LISTEN",
              help="Where to listen (default: 127.0.0.1:8080).")  # fmt: skip
@click.option("--admin", metavar="ADDRESS", envvar="CORSPROXY_ADMIN",
              help="Where health is told (default: 127.0.0.1:8081); 'off': nowhere.")  # fmt: skip
@click.option("--workers", metavar="N", envvar="CORSPROXY_WORKERS",
              help="Processes on the same port (only 1 for now).")  # fmt: skip
@click.option("--learn", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              envvar="CORSPROXY_LEARN",
              help="Let any page do anything, on loopback only, and write a route table that "
                   "allows just what was used.")  # fmt: skip
@click.option("--log-format", type=click.Choice(["text", "json"]), envvar="CORSPROXY_LOG_FORMAT",
              help="How the log is written (default: text).")  # fmt: skip
@click.option("--no-probe", is_flag=True, envvar="CORSPROXY_NO_PROBE",
              help="Don't ask upstreams at the start whether they answer.")  # fmt: skip
def run(config: Path | None, upstream: str | None, learn: Path | None, **options: object) -> None:
    """Serve a route table (-c FILE), or one route without a file (--upstream URL).

    Every option can also come from the environment: CORSPROXY_UPSTREAM, CORSPROXY_ALLOW_ORIGIN
    (several with a space between), CORSPROXY_CONFIG, CORSPROXY_LISTEN, CORSPROXY_ADMIN, ...
    """
    _warn_of_unknown(config or _DEFAULT_FILE)
    if upstream and config:
        raise click.UsageError("--upstream and --config exclude each other: one route, or a file")
    path = None if upstream else _file(config, options)
    _check_lists(options)
    if learn and (narrowing := _narrowing(options)):
        raise click.UsageError(f"{narrowing}: not with --learn, which finds this out")

    def begin() -> Loading:
        return Loading("corsproxy.config.command_line", path, upstream, options)

    loading = begin()
    # what serving takes is imported while the other process loads
    from corsproxy.cli.serving import serve, serve_app, set_up_logging  # noqa: PLC0415
    from corsproxy.gateway.server import StartError  # noqa: PLC0415

    try:
        loaded = loading.result()
    except ConfigError as error:
        fail(_told(error, path), 2)
    if learn is None and upstream and not options.get("allow_origins"):
        _refuse_strangers(loaded)
    learnt = None
    if learn is not None:
        # what writes it takes what the other process spares this one
        from corsproxy.cli.learning import learnt_file  # noqa: PLC0415

        learnt = learnt_file(learn, loaded, path, upstream, options)
    set_up_logging()
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    try:
        probe = not options["no_probe"]
        serve(lambda: serve_app(loaded, path, lambda: begin().result(), learnt, probe=probe))
    except StartError as error:
        fail([f"{error}{_elsewhere(loaded, error)}"], 1)
    except OSError as error:
        fail([f"can't start: {error}"], 1)


def _warn_of_unknown(path: Path) -> None:
    known = [str(option.envvar) for option in run.params if option.envvar]
    try:
        table = path.read_text("utf-8", errors="replace")
    except OSError:
        table = ""
    for warning in unknown(os.environ, known, table):
        click.echo(f"warning: {warning}", err=True)


def _check_lists(options: Options) -> None:
    """Refuse a list in one option: the loader would say how to write it in YAML."""
    for name in _LISTS:
        entries = [entry for text in options[name] for entry in re.split(r"[,\s]+", text) if entry]
        if entries and list(options[name]) != entries:
            option = _POLICY[name]
            variable = "CORSPROXY_" + option.removeprefix("--").replace("-", "_").upper()
            write = " ".join(f"{option} {shlex.quote(entry)}" for entry in entries)
            raise click.UsageError(
                f"{option} takes one at a time: write {write} (in {variable} with a blank between)"
            )


def _elsewhere(loaded: Config, error: Exception) -> str:
    """Name the option that moves a listener whose address is taken; it wins over a route table."""
    from corsproxy.gateway.server import ListenError  # noqa: PLC0415 as above

    if not isinstance(error, ListenError) or not error.taken:
        return ""
    if error.listener == loaded.admin:
        return " (the admin listener: --admin off, or another address with --admin)"
    return " (another address with --listen)"


def _refuse_strangers(loaded: Config) -> None:
    public = [listener for listener in loaded.listen if not listener.loopback]
    if public:
        fail([_NO_ORIGIN.format(listen=public[0])], 2)


def _told(error: ConfigError, path: Path | None) -> list[str]:
    if path is not None:
        return [str(problem) for problem in with_way_out(error.problems, path)]
    told = [str(problem) for problem in error.problems]
    dangers = any("dangerously_allow" in (problem.write or "") for problem in error.problems)
    return [*told, _DANGER] if dangers else told


def _file(path: Path | None, options: Options) -> Path:
    if path is None and not _DEFAULT_FILE.exists():
        fail([_NOTHING_TO_SERVE], 2)
    if names := _narrowing(options):
        raise click.UsageError(f"{names}: only with --upstream; a route table says this itself")
    return path or _DEFAULT_FILE


def _narrowing(options: Options) -> str:
    """Name the options that say what a policy does."""
    return ", ".join(option for name, option in _POLICY.items() if options.get(name))


_POLICY = {
    "allow_origins": "--allow-origin",
    "allow_methods": "--allow-method",
    "allow_headers": "--allow-header",
    "expose_headers": "--expose-header",
    "no_credentials": "--no-credentials",
    "max_age": "--max-age",
}
_LISTS = ("allow_origins", "allow_methods", "allow_headers", "expose_headers")
