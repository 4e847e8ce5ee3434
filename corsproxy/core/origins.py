"""Web origins as browsers write them, and sets of the origins a policy allows.

An origin is compared byte for byte with what the browser sends (Fetch, CORS check, step 4), so a
text that no browser would ever send is refused when it is configured, with what to write instead.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from corsproxy.core import hosts
from corsproxy.core.hosts import HostSyntaxError

MAX_ORIGIN_LENGTH = 326  # scheme, "://", 253 octets of host, ":65535" and some room

DEFAULT_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_OPAQUE_SCHEMES = frozenset({"file", "data", "blob", "about", "javascript"})
_MAX_PORT = 65535
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class OriginSyntaxError(ValueError):
    """A text that is no origin. `what` says why, `write` what to write instead, if known."""

    def __init__(self, what: str, write: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.write = write


@dataclass(frozen=True, slots=True)
class Origin:
    """A tuple origin (HTML §7.1.1): scheme, host, and the port where it is not the default."""

    scheme: str
    host: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an origin as a browser serialises it; raise `OriginSyntaxError` on all else."""
        pattern = OriginPattern.parse(text)
        if pattern.subdomains or pattern.any_port:
            raise OriginSyntaxError("an origin has no wildcard")
        return cls(pattern.scheme, pattern.host, pattern.port)

    def __str__(self) -> str:
        """Serialise the origin (HTML §7.1.1, serialization of an origin)."""
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port else "")


@dataclass(frozen=True, slots=True)
class OriginPattern:
    """An entry of `allow_origins`: an origin, perhaps with a leading `*.` or with `:*`."""

    scheme: str
    host: str
    port: int | None = None
    subdomains: bool = False
    any_port: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `scheme://[*.]host[:port|:*]`; raise `OriginSyntaxError` with what to write."""
        _refuse_what_is_no_url(text)
        scheme, _, rest = text.partition("://")
        if not _SCHEME.fullmatch(scheme):
            raise OriginSyntaxError(f"{scheme!r} is no scheme")
        host, port = _split_port(rest, text)
        subdomains = host.startswith("*.")
        host = host.removeprefix("*.")
        try:
            hosts.check(host)
        except HostSyntaxError as error:
            raise OriginSyntaxError(error.what, _replace_host(text, host, error.write)) from error
        if subdomains and hosts.is_address(host):
            raise OriginSyntaxError("a wildcard stands for DNS labels, not for parts of an address")
        any_port = port == "*"
        number = None if any_port or port is None else _port_number(port, scheme, text)
        return cls(scheme, host, number, subdomains, any_port)

    @property
    def exact(self) -> bool:
        """Whether the pattern stands for one origin only."""
        return not (self.subdomains or self.any_port)

    def matches(self, origin: Origin) -> bool:
        """Tell whether `origin` is one of those the pattern stands for."""
        if origin.scheme != self.scheme or not (self.any_port or origin.port == self.port):
            return False
        if self.subdomains:
            # ".example.com" with a label before it: never the apex, never evilexample.com
            return origin.host.endswith("." + self.host) and len(origin.host) > len(self.host) + 1
        return origin.host == self.host

    def __str__(self) -> str:
        """Write the pattern as it is configured."""
        port = ":*" if self.any_port else f":{self.port}" if self.port else ""
        return f"{self.scheme}://{'*.' if self.subdomains else ''}{self.host}{port}"


@dataclass(frozen=True, slots=True)
class OriginSet:
    """The origins a policy allows, compiled for lookup.

    `any_origin` is `"*"`; `null` is the opaque origin, which no pattern and no regular expression
    ever matches (CVE-2019-9580).
    """

    patterns: tuple[OriginPattern, ...] = ()
    regexes: tuple[re.Pattern[str], ...] = ()
    any_origin: bool = False
    null: bool = False
    _exact: frozenset[bytes] = field(init=False, repr=False, compare=False)
    _wild: dict[str, tuple[OriginPattern, ...]] = field(init=False, repr=False, compare=False)
    _hosts: dict[str, tuple[OriginPattern, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        exact = frozenset(str(p).encode() for p in self.patterns if p.exact)
        object.__setattr__(self, "_exact", exact)
        object.__setattr__(self, "_wild", _by_host(p for p in self.patterns if not p.exact))
        object.__setattr__(self, "_hosts", _by_host(self.patterns))

    def allows(self, origin: bytes) -> bool:
        """Tell whether the octets of an Origin field are an allowed origin."""
        if origin in self._exact:
            return True
        if origin == b"null":
            return self.null
        if not (self._wild or self.regexes or self.any_origin):
            return False
        # what is no origin is never reflected, not even where any origin is allowed
        parsed = parse_octets(origin)
        return parsed is not None and (self.any_origin or self._allows_parsed(parsed))

    def _allows_parsed(self, origin: Origin) -> bool:
        if any(pattern.matches(origin) for pattern in self._candidates(origin.host)):
            return True
        text = str(origin)
        return any(regex.fullmatch(text) for regex in self.regexes)

    def _candidates(self, host: str) -> Iterator[OriginPattern]:
        """Yield the patterns of a host and of its parents: few, however many are configured."""
        while host and self._wild:
            yield from self._wild.get(host, ())
            host = host.partition(".")[2]

    def near_miss(self, origin: Origin) -> str | None:
        """Say what a refused origin differs by from an allowed one, if by one thing only."""
        for pattern in self._hosts.get(origin.host, ()):
            same_scheme = pattern.scheme == origin.scheme
            same_port = pattern.any_port or pattern.port == origin.port
            if same_scheme and same_port:
                return f"'{pattern}' covers the labels before {origin.host}, not itself"
            if same_scheme and not pattern.subdomains:
                return f"differs only by the port from '{pattern}'"
            if same_port and not pattern.subdomains:
                return f"{origin.scheme}, not {pattern.scheme}: '{pattern}' is allowed"
        for other in self._neighbours(origin.host):
            for pattern in self._hosts.get(other, ()):
                if pattern.matches(Origin(origin.scheme, other, origin.port)):
                    return f"'{origin.host}' and '{other}' are different origins"
        return None

    @staticmethod
    def _neighbours(host: str) -> tuple[str, ...]:
        if host in _LOOPBACK:
            return tuple(other for other in _LOOPBACK if other != host)
        return (host.removeprefix("www."),) if host.startswith("www.") else ("www." + host,)

    def __str__(self) -> str:
        """Name the origins in a few words, for people."""
        names = ["*"] if self.any_origin else [str(pattern) for pattern in self.patterns]
        names += [f"/{regex.pattern}/" for regex in self.regexes]
        if self.null:
            names.append("null")
        return " ".join(names) or "none"


def _by_host(patterns: Iterable[OriginPattern]) -> dict[str, tuple[OriginPattern, ...]]:
    hosts: dict[str, tuple[OriginPattern, ...]] = {}
    for pattern in patterns:
        hosts[pattern.host] = (*hosts.get(pattern.host, ()), pattern)
    return hosts


def parse_octets(origin: bytes) -> Origin | None:
    """Read the value of an Origin field; None where it is no serialised tuple origin."""
    if len(origin) > MAX_ORIGIN_LENGTH:
        return None
    try:
        return Origin.parse(origin.decode("ascii"))
    except (UnicodeDecodeError, OriginSyntaxError):
        return None


def _refuse_what_is_no_url(text: str) -> None:
    if not text:
        raise OriginSyntaxError("an origin can't be empty", "https://app.example.com")
    if re.search(r"[\x00-\x20\x7f,]", text):
        raise OriginSyntaxError("one origin an item, without blanks or commas", "a list of origins")
    if text.startswith(("^", "/")) or text.endswith("$"):
        raise OriginSyntaxError("this looks like a regular expression", "it in allow_origin_regex")
    if text == "null":
        raise OriginSyntaxError("'null' is what every opaque origin sends")
    if (scheme := text.partition(":")[0].lower()) in _OPAQUE_SCHEMES:
        raise OriginSyntaxError(
            f"pages from {scheme}: send 'Origin: null'", "http://localhost and serve them there"
        )
    if "://" not in text:
        schemed = _with_scheme(text)
        raise OriginSyntaxError("the scheme is missing", _valid(schemed) or _suggest(schemed))
    if not text.isascii():
        raise OriginSyntaxError("browsers send host names in Punycode", _suggest(text))
    if text != text.lower():
        raise OriginSyntaxError("browsers send origins in lower case", _suggest(text))
    rest = text.partition("://")[2]
    if tail := re.search(r"[/?#\\@]", rest):
        what = "browsers send no trailing slash" if rest[tail.start() :] == "/" else None
        beside = "precedes it" if tail[0] == "@" else "follows"
        what = what or f"an origin is scheme://host[:port], without {tail[0]!r} and what {beside}"
        raise OriginSyntaxError(what, _suggest(text))


def _with_scheme(text: str) -> str:
    text = hosts.bracketed(text) or text
    host = text.partition("/")[0].partition(":")[0].lower()
    return f"{'http' if host == 'localhost' or hosts.is_address(host) else 'https'}://{text}"


def _suggest(text: str) -> str | None:
    """Return the nearest text that is an origin or pattern, if there is one."""
    scheme, _, rest = text.partition("://")
    rest = re.split(r"[/?#\\]", rest.rpartition("@")[2])[0]
    try:
        rest = rest if rest.isascii() else rest.encode("idna").decode()
    except UnicodeError:
        return None
    scheme, rest = scheme.lower(), rest.lower()
    if scheme in DEFAULT_PORTS:
        rest = rest.removesuffix(f":{DEFAULT_PORTS[scheme]}")
    nearest = f"{scheme}://{rest}"
    return None if nearest == text else _valid(nearest)


def _valid(text: str) -> str | None:
    try:
        return str(OriginPattern.parse(text))
    except OriginSyntaxError:
        return None


def _split_port(rest: str, text: str) -> tuple[str, str | None]:
    if rest.startswith("["):
        host, bracket, tail = rest.partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise OriginSyntaxError("an IPv6 address stands in brackets", None)
        return host + bracket, tail[1:] if tail else None
    host, colon, port = rest.partition(":")
    if ":" in port:
        nearest = text.replace(rest, hosts.bracketed(rest) or rest)
        write = None if nearest == text else _valid(nearest) or _suggest(nearest)
        raise OriginSyntaxError("an IPv6 address stands in brackets", write)
    return host, port if colon else None


def _replace_host(text: str, host: str, write: str | None) -> str | None:
    scheme, _, rest = text.partition("://")
    return None if write is None else _valid(f"{scheme}://{rest.replace(host, write, 1)}")


def _port_number(port: str, scheme: str, text: str) -> int:
    if not _PORT.fullmatch(port) or int(port) > _MAX_PORT:
        raise OriginSyntaxError(f"{port!r} is no port: 1 to 65535, or '*' for any")
    if DEFAULT_PORTS.get(scheme) == int(port):
        raise OriginSyntaxError(f"browsers leave out the default port {port}", _suggest(text))
    return int(port)


def compile_origins(
    entries: Iterable[str], regexes: Iterable[str] = (), *, null: bool = False
) -> OriginSet:
    """Make a set of entries as configured; raise `OriginSyntaxError` or `re.error`."""
    entries = tuple(entries)
    return OriginSet(
        patterns=tuple(OriginPattern.parse(e) for e in entries if e not in ("*", "null")),
        regexes=tuple(re.compile(regex) for regex in regexes),
        any_origin="*" in entries,
        null=null or "null" in entries,
    )
