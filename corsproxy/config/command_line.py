"""What `corsproxy run` serves by: a file, or one route that the command line describes."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from corsproxy.config.loader import load_file, load_mapping
from corsproxy.config.settings import Config
from corsproxy.core.advice import COMMAND_LINE

Options = Mapping[str, Any]  # as click hands them over: texts, tuples of texts, flags

LOCAL_ORIGINS = ["http://localhost:*", "http://127.0.0.1:*"]


def load(path: Path | None, upstream: str | None, options: Options) -> Config:
    """Load a file, or one route to `upstream`; raise `ConfigError`."""
    if path is None:
        return quick_config(upstream or "", options)
    loaded = load_file(path, os.environ)
    overrides = _addresses(options)
    return _overridden(loaded, overrides) if overrides else loaded


def _overridden(loaded: Config, overrides: Mapping[str, object]) -> Config:
    """Put what the command line says over a file; it is checked by the same rules."""
    document = {
        "listen": [str(listener) for listener in loaded.listen],
        "admin": str(loaded.admin or "off"),
        "cors": {"allow_origins": ["*"]},
        "routes": [{"upstream": "http://localhost"}],
        **overrides,
    }
    shell = load_mapping(document, COMMAND_LINE)
    log = replace(loaded.log, format=shell.log.format) if "log" in overrides else loaded.log
    return replace(loaded, listen=shell.listen, admin=shell.admin, log=log)


def _addresses(options: Options) -> dict[str, object]:
    chosen = {name: options[name] for name in ("listen", "admin", "workers") if options.get(name)}
    if options.get("log_format"):
        chosen["log"] = {"format": options["log_format"]}
    return chosen


def quick_table(upstream: str, options: Options) -> str:
    """Write the one route without a file as a route table, with no policy in it yet."""
    lines = [f"{key}: {_scalar(value)}" for key, value in _addresses(options).items()]
    return "\n".join([*lines, "routes:", "  - path: /", f"    upstream: {_scalar(upstream)}", ""])


def _scalar(value: object) -> str:
    """Write a value in YAML that is JSON, with nothing substituted in it."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${")


def quick_config(upstream: str, options: Options) -> Config:
    """Make the configuration of one route without a file; raise `ConfigError`.

    For the origins allowed it lets pass what a frontend needs: everything not narrowed.
    """
    document: dict[str, object] = _addresses(options)
    cors: dict[str, object] = {
        "allow_origins": list(options.get("allow_origins") or LOCAL_ORIGINS),
        "allow_methods": list(options.get("allow_methods") or ["*"]),
        "allow_headers": list(options.get("allow_headers") or ["*", "Authorization"]),
        "expose_headers": list(options.get("expose_headers") or ["*"]),
        "allow_credentials": not options.get("no_credentials"),
    }
    if options.get("max_age"):
        cors["max_age"] = options["max_age"]
    document["cors"] = cors
    document["routes"] = [{"path": "/", "upstream": upstream}]
    loaded = load_mapping(document, COMMAND_LINE)
    routes = [replace(route, policy_place=COMMAND_LINE) for route in loaded.table.routes]
    return replace(loaded, table=replace(loaded.table, routes=routes))
