"""The forward proxy that the environment names for an upstream, as curl reads it."""

import re
from collections.abc import Mapping

from corsproxy.config.problems import WrongValueError
from corsproxy.config.urls import Url, forward_proxy
from corsproxy.core.upstreams import ForwardProxy


def from_environment(url: Url, environ: Mapping[str, str]) -> ForwardProxy | None:
    """Return the proxy of HTTP_PROXY or HTTPS_PROXY, unless NO_PROXY exempts the upstream.

    The lower-case names come first. Raise `WrongValueError` where the variable holds no such URL.
    """
    name = f"{url.scheme}_proxy"
    value = _lookup(name, environ)
    if not value or _exempt(url, _lookup("no_proxy", environ)):
        return None
    try:
        return forward_proxy(value if "://" in value else f"http://{value}")
    except WrongValueError as wrong:
        raise WrongValueError(f"{name.upper()} in the environment: {wrong.what}") from wrong


def _lookup(name: str, environ: Mapping[str, str]) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _exempt(url: Url, exceptions: str) -> bool:
    """Tell whether a list such as `localhost,.internal,10.0.0.1:8000` names the upstream."""
    return any(_names(entry, url) for entry in re.split(r"[\s,]+", exceptions.lower()) if entry)


def _names(entry: str, url: Url) -> bool:
    if entry == "*":
        return True
    match = re.fullmatch(r"\[(.*)\](?::([0-9]+))?|([^:]*):([0-9]+)", entry)
    host, port = (match[1] or match[3], match[2] or match[4]) if match else (entry, None)
    if port and int(port) != url.port:
        return False
    host = host.removeprefix("*").strip(".")
    return bool(host) and (
        url.host.rstrip(".") == host or url.host.rstrip(".").endswith(f".{host}")
    )
