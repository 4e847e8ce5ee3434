"""Loading in a process of its own: what it takes goes with it, and nobody is held up by it.

pydantic, YAML and what they make are 13 MiB that a proxy never needs again, and a large table takes
tenths of a second. `python -m corsproxy.config.apart` reads a call from standard input, and writes
what came of it to standard output.
"""

import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import BinaryIO, cast

from corsproxy.config.problems import ConfigError, Problem
from corsproxy.config.settings import Config


class Loading:
    """A configuration on its way: the other process works while this one goes on."""

    def __init__(self, module: str, *arguments: object) -> None:
        """Begin to load: by the function `load` of a module, which is not imported here."""
        self._module, self._arguments = module, arguments
        command = [sys.executable, "-m", "corsproxy.config.apart"]
        self._process = subprocess.Popen(  # noqa: S603 nothing of it comes from a user
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        stdin = cast("BinaryIO", self._process.stdin)
        with suppress(BrokenPipeError):  # whose status says more
            pickle.dump((module, arguments), stdin)
            stdin.flush()

    def result(self) -> Config:
        """Wait for the configuration; raise `ConfigError` with the problems there are instead."""
        written, _ = self._process.communicate()
        if self._process.returncode != 0:
            # it finds no modules, as in a zipped application: then here
            return _load(self._module, self._arguments)
        config: Config | None
        problems: tuple[Problem, ...]
        config, problems = pickle.loads(written)  # noqa: S301 our own words
        if config is None:
            raise ConfigError(problems)
        return config


def _load(module: str, arguments: Sequence[object]) -> Config:
    config: Config = import_module(module).load(*arguments)
    return config


def main() -> None:
    """Make the call that is asked for."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    module, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 our own words
    outcome: tuple[Config | None, tuple[Problem, ...]]
    try:
        outcome = _load(module, arguments), ()
    except ConfigError as error:
        outcome = None, error.problems
    pickle.dump(outcome, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main()
