"""DESCRIBES: YAML becomes a frozen `Config`, or a list of problems. The one room with YAML.

Rule 1: every problem is told at once, with its place, the value, the reason, and what to write.
Rule 2: what is wrong is taken out, and the rest is judged as if it had not been written.
Rule 3: a document becomes values of `core`; nobody outside this room sees a model or a node.
"""

from corsproxy.config.loader import load_file, load_mapping, load_text
from corsproxy.config.problems import ConfigError, Problem
from corsproxy.config.schema import schema
from corsproxy.config.settings import Config, LogSettings

__all__ = [
    "Config",
    "ConfigError",
    "LogSettings",
    "Problem",
    "load_file",
    "load_mapping",
    "load_text",
    "schema",
]
