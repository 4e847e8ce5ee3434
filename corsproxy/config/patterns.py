"""What an origin, a path or a host has to look like, as one item of the route table."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from corsproxy.config import origin_hints
from corsproxy.config.problems import WrongValueError
from corsproxy.config.scalars import kind_of, text
from corsproxy.core import targets
from corsproxy.core.hosts import HostSyntaxError
from corsproxy.core.origins import OriginPattern, OriginSyntaxError

PATH_PATTERN = r"^/[^\x00-\x20\x7f?#*]*$"

_ASCII = "".join(map(chr, range(0x21, 0x7F)))

Origin = OriginPattern | str  # "*" and "null" stay text


def origin(value: object) -> Origin:
    """Read an entry of `allow_origins`; raise `WrongValueError` for what is none."""
    if isinstance(value, dict | list):
        raise WrongValueError(f"expected an origin, got {kind_of(value)}")
    if isinstance(value, int) and not isinstance(value, bool):
        raise origin_hints.port_alone(str(value))
    entry = text(value)
    if entry in {"*", "null"}:
        return entry
    try:
        return OriginPattern.parse(entry)
    except OriginSyntaxError as error:
        raise origin_hints.explain(entry, error) from error


def timing_origin(value: object) -> Origin:
    """Read an entry of `timing_allow_origin`: as in `allow_origins`, but never the opaque one."""
    entry = origin(value)
    if entry == "null":
        raise WrongValueError("the opaque origin 'null' is everyone's", '"*"')
    return entry


def origin_regex(value: object) -> re.Pattern[str]:
    """Read an entry of `allow_origin_regex`; raise `WrongValueError` where it does not compile."""
    pattern = text(value)
    if meant := origin_hints.wildcard(pattern):
        what = "this is no regular expression, but a pattern"
        raise WrongValueError(what, f"{meant} in allow_origins")
    if within := re.fullmatch(r"/(.+)/[a-z]*", pattern):
        what = "a regular expression stands without slashes around it"
        raise WrongValueError(what, "'" + within[1].replace(r"\/", "/") + "'")
    with _compiling():
        return re.compile(pattern)


def path_regex(value: object) -> re.Pattern[bytes]:
    """Read a regular expression over a whole path, as octets."""
    pattern = text(value)
    if not pattern.isascii():
        raise WrongValueError("paths travel in ASCII", quote(pattern, safe=_ASCII))
    with _compiling():
        return re.compile(pattern.encode())


def path(value: object) -> bytes:
    """Read a path prefix, its trailing slash off; raise `WrongValueError` for what can't match."""
    prefix = text(value)
    if prefix.startswith("^"):
        raise WrongValueError("this looks like a regular expression", "it in path_regex")
    if "://" in prefix:
        raise WrongValueError("a path has no scheme and no host", "the host in `host`")
    if not prefix.startswith("/"):
        raise WrongValueError("a path starts with a slash", f"/{prefix}")
    if mark := re.search(r"[?#]", prefix):
        raise WrongValueError("a path ends before the query", prefix[: mark.start()])
    if re.search(r"[\x00-\x20\x7f]", prefix) or not prefix.isascii():
        raise WrongValueError("paths travel in ASCII, without blanks", quote(prefix, safe=_ASCII))
    if prefix.endswith(("/*", "/**")):
        raise WrongValueError(
            "a path stands for all below it", prefix.rstrip("*").rstrip("/") or "/"
        )
    octets = prefix.encode()
    if targets.comparable(octets) != octets:
        write = targets.comparable(octets).decode()
        raise WrongValueError(
            "letters, digits and -._~ are compared as they are, not encoded", write
        )
    if targets.depth_below(octets) is not None:
        raise WrongValueError("a path has no dot segments: '/a/../b' is '/b'")
    return octets.rstrip(b"/") or b"/"


def host(value: object) -> str:
    """Read the host of a route: a name, or `*.` and a name."""
    name = text(value)
    if name == "*":
        raise WrongValueError("a route serves every host where `host` is left out")
    if "://" in name:
        raise WrongValueError("a host has no scheme", name.partition("://")[2].rstrip("/") or None)
    if name != name.lower():
        raise WrongValueError("hosts are compared in lower case", name.lower())
    try:
        targets.check_host_pattern(name)
    except HostSyntaxError as error:
        raise WrongValueError(error.what, error.write) from error
    return name


def route_name(value: object) -> str:
    """Read the name of a route, which stands in logs and metrics."""
    name = text(value)
    if not name.isprintable():
        raise WrongValueError("a name is printable")
    return name


def cookie_domain(value: object) -> str:
    """Read the Domain that cookies get; `strip` (the empty text) takes it off."""
    name = text(value)
    if name == "strip":
        return ""
    if name.startswith("."):
        raise WrongValueError("browsers ignore the leading dot (RFC 6265 §5.2.3)", name.lstrip("."))
    return host(name)


def cookie_path(value: object) -> str:
    """Read the Path that cookies get (RFC 6265 §4.1.1, path-value)."""
    name = text(value)
    if not name.startswith("/"):
        raise WrongValueError("the Path of a cookie starts with a slash", f"/{name}")
    if ";" in name or not (name.isascii() and name.isprintable()):
        raise WrongValueError("the Path of a cookie is ASCII without semicolons")
    return name


def test_path(value: object) -> str:
    """Read the path of a policy's test, or the URL."""
    path = text(value)
    target = targets.parse(path.encode())
    if target is None or target.path == b"*":
        write = None if "://" in path else f"/{path}"
        raise WrongValueError("a path starts with a slash, a URL with http://", write)
    return path


@contextmanager
def _compiling() -> Iterator[None]:
    """Turn what `re.compile` raises into a `WrongValueError`, and pass over what it warns of."""
    what = "the regular expression does not compile"
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except re.error as error:
        place = "" if error.pos is None else f" at column {error.pos + 1}"
        raise WrongValueError(f"{what}: {error.msg}{place}") from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise WrongValueError(f"{what}: {error}") from error
