"""DESCRIBES: YAML becomes a frozen `Config`, or a list of problems. The one room with YAML.

Rule 1: every problem is told at once, with its place, the value, the reason, and what to write.
Rule 2: what is wrong is taken out, and the rest is judged as if it had not been written.
Rule 3: a document becomes values of `core`; nobody outside this room sees a model or a node.
Rule 4: who serves has it done by another process (`apart`): it takes as much memory as serving.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from corsproxy.config.problems import ConfigError, Problem
from corsproxy.config.settings import Config, LogSettings

if TYPE_CHECKING:
    from corsproxy.config.loader import load_file, load_mapping, load_text

__all__ = [
    "Config",
    "ConfigError",
    "LogSettings",
    "Problem",
    "load_file",
    "load_mapping",
    "load_text",
]


def __getattr__(name: str) -> object:
    """Import what loads when it is first asked for."""
    if name in ("load_file", "load_mapping", "load_text"):
        return getattr(import_module("corsproxy.config.loader"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
