"""`corsproxy explain`: what becomes of a request, and which edit of the file would allow it."""

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import click

from corsproxy.cli.explained import told, what_refuses
from corsproxy.cli.failure import fail, with_way_out
from corsproxy.cli.page import Page, as_sent, page_options
from corsproxy.cli.whose import known, path_for
from corsproxy.config.amend import amend, unified_diff
from corsproxy.config.listeners import EVERY_INTERFACE
from corsproxy.config.loader import load_file, load_text
from corsproxy.config.problems import ConfigError
from corsproxy.config.settings import Config
from corsproxy.core.advice import Change
from corsproxy.core.browser import Finding, PageRequest, origin_of
from corsproxy.core.explanation import Explanation
from corsproxy.core.explanation import explain as explain_request
from corsproxy.core.fields import is_token
from corsproxy.core.limits import Listener
from corsproxy.core.messages import Client
from corsproxy.core.routes import Route

_REFUSED = 3
_EDITS = 200  # more than any request asks for
_DANGER = re.compile(r"dangerously_allow: \[(\w+)\]")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks about; `target` is a path or a URL."""

    target: str
    page: Page
    reads: tuple[bytes, ...]

    @classmethod
    def read(cls, target: str, reads: tuple[str, ...], page: Page) -> Self:
        target = as_sent(target)
        if not target.startswith("/") and origin_of(target) == b"null":
            raise click.UsageError(f"{target!r} is no path and no http:// or https:// address")
        return cls(target, page, tuple(map(_name, reads)))

    def of(self, config: Config) -> PageRequest | Finding:
        """Return the request as a browser would keep it, to the proxy that a file describes."""
        return self.page.request(
            _base(config) + self.target if self.target.startswith("/") else self.target
        )

    def explained(self, config: Config) -> Explanation | Finding:
        request = self.of(config)
        if isinstance(request, Finding):
            return request
        scheme = "https" if config.tls else "http"
        loopback = all(listener.loopback for listener in config.listen)
        client = Client("127.0.0.1", scheme, loopback)
        return explain_request(config.table, request, client, self.reads)


@click.command()
@click.argument("target", metavar="PATH-OR-URL")
@click.option("-c", "--config", "file", type=click.Path(path_type=Path), envvar="CORSPROXY_CONFIG",
              default=Path("corsproxy.yaml"),
              help="The route table (default: ./corsproxy.yaml).")  # fmt: skip
@page_options
@click.option("--read", "reads", metavar="NAME", multiple=True,
              help="A header of the answer that the page reads; may be repeated.")  # fmt: skip
def explain(target: str, file: Path, **options: Any) -> None:  # noqa: ANN401 as click hands them
    """Say what would become of a page's request: nothing is sent to anyone.

    Names the route, the preflight of the browser, the answers of the proxy, and whether the page
    may read them, each with the rule of the standard; and what to change in the file if not.

    Exits 0 if the request is allowed, 3 if it is refused, 2 on a wrong file.
    """
    asked = _Asked.read(target, options.pop("reads"), Page.read(**options))
    try:
        config = load_file(file, os.environ)
    except ConfigError as error:
        fail([str(problem) for problem in with_way_out(error.problems, file)], 2)
    whole = not asked.target.startswith("/")
    if whole:
        _refuse_upstream(config, asked.target)
    explained = asked.explained(config)
    if isinstance(explained, Finding):
        click.echo(f"Refused by the browser: {explained.what}  ({explained.section})")
        raise SystemExit(_REFUSED)
    for line in told(explained, asked.page):
        click.echo(line)
    if whole:
        _note(config, asked.target)
    if not explained.allowed:
        _show_change(explained, asked, file)
        raise SystemExit(_REFUSED)


def _refuse_upstream(config: Config, url: str) -> None:
    """End where a URL is an upstream's own, which a page's console may well show."""
    if instead := path_for(config, url):
        click.echo(
            f"{click.style('Refused', fg='red')}: {origin_of(url).decode()} is the upstream "
            f"itself, not the proxy: let the page call {_base(config)}{instead}"
        )
        raise SystemExit(_REFUSED)


def _note(config: Config, url: str) -> None:
    if not known(config, url):
        server = origin_of(url).decode()
        click.echo(f"\nnote: nothing of this file listens at {server}; is a proxy before it there?")


@dataclass(frozen=True, slots=True)
class _Mended:
    """The file's text after the edits, and the dangers that they take on by name."""

    text: str
    dangers: tuple[str, ...] = ()

    def with_change(self, place: str, change: Change | None) -> "_Mended | None":
        text = amend(self.text, place, change) if change else None
        if change is None or text is None or text == self.text:
            return None
        new = (str(change.entry),) if change.key == "dangerously_allow" else ()
        return _Mended(text, (*self.dangers, *new))


def _show_change(explained: Explanation, asked: _Asked, file: Path) -> None:
    before = file.read_bytes().decode()
    after = _mend(before, explained, asked, file)
    if isinstance(after, str):
        click.echo(f"No edit of the policy allows it{after}.")
        return
    click.echo(f"This edit of {file} allows it:\n")
    for line in unified_diff(before, after.text, str(file)).split("\n")[:-1]:
        click.secho(line, fg={"+": "green", "-": "red"}.get(line[:1]))
    for danger in after.dangers:
        click.echo(f"It takes on a danger by its name: {danger}")


def _mend(text: str, explained: Explanation, asked: _Asked, file: Path) -> _Mended | str:
    """Return the file with the edits after which the request is allowed, or what stays refused.

    Each edit is tried: what is not known to help is not shown.
    """
    route, change, stays = explained.match, explained.change, ""
    mended: _Mended | None = _Mended(text)
    for _ in range(_EDITS):
        if mended is None or not isinstance(route, Route):
            break
        mended = mended.with_change(route.policy_place, change)
        if mended is None:
            break
        try:
            with contextlib.chdir(file.parent):  # where relative names of files start from
                again = asked.explained(load_text(mended.text, str(file), os.environ))
        except ConfigError as error:
            change = _danger(error)
            continue
        if isinstance(again, Finding) or again.allowed:
            return mended
        change = again.change
        stays = f": still {what_refuses(again.refusal)}" if again.refusal else ""
    return stays if change is None else ""


def _danger(error: ConfigError) -> Change | None:
    """Return the danger to name, where that is all that is wrong."""
    errors = [problem for problem in error.problems if problem.level == "error"]
    found = [_DANGER.search(problem.write or "") for problem in errors]
    if not found or not all(found):
        return None
    return next(Change("dangerously_allow", match[1]) for match in found if match)


def _name(text: str) -> bytes:
    name = text.strip().encode(errors="replace")
    if not is_token(name):
        raise click.UsageError(f"--read {text!r}: write a header's name")
    return name


def _base(config: Config) -> str:
    scheme = "https" if config.tls else "http"
    listener = next((one for one in config.listen if not one.socket), Listener("localhost"))
    if listener.host in EVERY_INTERFACE:
        listener = Listener("localhost", listener.port)
    url = listener.url(scheme=scheme)
    return url if listener.port else url.rpartition(":")[0]
