"""The file that `corsproxy run --learn` writes: checked before it begins, and written whole."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

from corsproxy.config.learnt import is_ours, written
from corsproxy.config.loader import load_text
from corsproxy.config.policy_tests import run_tests
from corsproxy.config.problems import ConfigError
from corsproxy.config.settings import Config
from corsproxy.config.splicing import NotEditableError
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.learning import TOP, Learnt, Usage

_SAMPLE = Usage(
    origins=("http://localhost:3001",),
    methods=("PUT",),
    headers=("content-type",),
    exposed=("x-b",),
    cookies=frozenset({"http://localhost:3001"}),
)


def _as_learnt(policy: CorsPolicy) -> CorsPolicy:
    wanted = _SAMPLE.policy
    return replace(
        policy,
        origins=wanted.origins,
        methods=wanted.methods,
        headers=wanted.headers,
        expose=wanted.expose,
        credentials=wanted.credentials,
        report=False,
    )


class LearnError(Exception):
    """A file that can't be written, or should not; the text says why, and what to do."""


class LearntFile:
    """The table that is served, written to `path` with what was learnt in its policies."""

    def __init__(self, path: Path, table: str, environ: Mapping[str, str]) -> None:
        """Make the file of a table's text; its references to the environment stay in it."""
        self.path = path
        self._table = table
        self._environ = environ
        self._there = self._tried = False

    @classmethod
    def of_table(cls, path: Path, table: Path) -> Self:
        """Make the file of a table in another one; raise `LearnError`."""
        try:
            if path.exists() and path.samefile(table):
                raise LearnError("this table is being served: name another file")
            return cls(path, table.read_bytes().decode("utf-8-sig"), os.environ)
        except (OSError, UnicodeDecodeError) as error:
            raise LearnError(f"{table} can't be read: {error}") from error

    def check(self, config: Config) -> None:
        """Try whether it will do, before anything is learnt; raise `LearnError`."""
        if self._is_there() and not self._is_ours():
            raise LearnError("it is there, and was not written by --learn: name another file")
        places = [route.place for route in config.table.routes if route.policy is not None]
        sample = Learnt(dict.fromkeys([*places, TOP], _SAMPLE))
        try:
            loaded = self._loaded(written(self._table, sample))
        except NotEditableError:
            loaded = None
        except ConfigError as error:
            problem = error.problems[0]
            raise LearnError(f"what would be written can't be served:\n{problem}") from error
        routes = loaded.table.routes if loaded else ()
        if not routes or any(r.policy and r.policy != _as_learnt(r.policy) for r in routes):
            what = "the policies of the table can't be rewritten: write each out, without aliases"
            raise LearnError(what)
        self._try_to_write()

    def write(self, learnt: Learnt) -> None:
        """Write what is known, all at once; raise `OSError`, `ConfigError`."""
        self._tried = True
        text = written(self._table, learnt)
        outcomes = run_tests((config := self._loaded(text)).tests, config.table)
        failed = [f"decide: {ascii(one.problem.what)[1:-1]}" for one in outcomes if one.problem]
        if failed:
            text = written(self._table, learnt, failed)
        self._replace(text)
        self._there = True

    def told(self) -> str:
        """Say what became of the file."""
        if self._there and self.path.exists():
            return f"{self.path}: written; look through it, and corsproxy check {self.path}"
        if self._tried:
            return f"{self.path}: not written; the log says why"
        return f"{self.path}: not written, for no page used the proxy"

    def _loaded(self, text: str) -> Config:
        return load_text(text, str(self.path), self._environ, self.path.absolute().parent)

    def _is_there(self) -> bool:
        try:
            return self.path.exists()
        except OSError as error:  # such as a name that is too long
            raise LearnError(f"it can't be written: {error.strerror}") from error

    def _is_ours(self) -> bool:
        try:
            return is_ours(self.path.read_text("utf-8", errors="replace"))
        except OSError as error:
            raise LearnError(f"it can't be read: {error.strerror}") from error

    def _mode(self) -> int:
        """Return the rights of the file: for its owner alone, for a table may hold secrets."""
        return self.path.stat().st_mode & 0o777 if self.path.exists() else 0o600

    @property
    def _beside(self) -> Path:
        return self.path.with_name(f".{self.path.name}.{os.getpid()}")

    def _try_to_write(self) -> None:
        try:
            self._beside.touch()
            self._beside.unlink()
        except OSError as error:
            raise LearnError(f"it can't be written: {error.strerror}") from error

    def _replace(self, text: str) -> None:
        """Put a whole new file in the place, so that nobody ever reads half of one."""
        beside = self._beside
        try:
            beside.touch(self._mode())
            beside.write_text(text, "utf-8", newline="")
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)
