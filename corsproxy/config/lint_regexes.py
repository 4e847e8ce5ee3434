"""Regular expressions over origins that let in whom they should not, or nobody."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from corsproxy.config import regexes
from corsproxy.config.public_suffixes import PublicSuffixes
from corsproxy.config.report import Report
from corsproxy.config.tree import Node
from corsproxy.core import hosts
from corsproxy.core.origins import Origin, OriginPattern, OriginSyntaxError

_LONGEST = 1000  # characters of an expression that somebody can still read
# whoever's they are: an expression that matches one stands for any origin
_ANYBODY = ("https://a.invalid", "http://a.invalid", "https://evil.invalid")
_NEVER_SENT = (
    "browsers send no trailing slash",
    "browsers send origins in lower case",
    "browsers leave out the default port",
    "an origin is scheme://host[:port]",
    "the scheme is missing",
    "pages from",
)


class Stranger(NamedTuple):
    """An origin that anyone can have and an expression matches, and what to write instead."""

    origin: str
    write: str | None

    @property
    def anybody(self) -> bool:
        """Whether the expression stands for any origin at all."""
        return self.origin in _ANYBODY


@dataclass(frozen=True, slots=True)
class Regexes:
    """Judges expressions, each of which has to match a whole origin."""

    suffixes: PublicSuffixes
    report: Report

    def check(self, regex: re.Pattern[str], node: Node) -> Stranger | None:
        """Tell what is wrong with an expression; return who should not get in by it, and does."""
        if regexes.is_explosive(regex):
            what = "a repeat in a repeat: one long origin would keep the proxy busy for hours"
            self.report.add(node, what, "one repeat: [a-z]+, or ([a-z]+\\.)+ with a separator")
            return None
        if len(regex.pattern) > _LONGEST:
            what = f"longer than {_LONGEST} characters: nobody can tell whom it lets in"
            self.report.add(node, what, "the origins in allow_origins", level="warning")
            return None
        origins = self._samples(regex, node)
        stranger = self._stranger(regex, origins)
        written = regexes.with_dots_escaped(regex.pattern)
        if stranger is None and written != regex.pattern:
            what = "'.' stands for any character, not only for a dot"
            self.report.add(node, what, f"'{written}'", level="warning")
        return stranger

    def _samples(self, regex: re.Pattern[str], node: Node) -> list[Origin]:
        """Return origins that an expression matches; warn where it can't match any."""
        origins = []
        wrong: list[tuple[str, str, str | None]] = []
        for text in regexes.samples(regex):
            try:
                origins.append(Origin.parse(text))
            except OriginSyntaxError as error:
                wrong.append((text, error.what, error.write))
        if wrong and not origins and all(why.startswith(_NEVER_SENT) for _, why, _ in wrong):
            text, why, near = wrong[0]
            what = f"it matches no origin, but '{text}' and the like: {why}"
            self.report.add(node, what, near and f"'{re.escape(near)}'", level="warning")
        return origins

    def _stranger(self, regex: re.Pattern[str], origins: list[Origin]) -> Stranger | None:
        for anybody in _ANYBODY:
            if regex.fullmatch(anybody):
                return Stranger(anybody, None)
        for origin in origins:
            for stranger in self._near(origin, regex.pattern):
                if regex.fullmatch(stranger.origin):
                    return stranger
        return None

    def _near(self, origin: Origin, pattern: str) -> list[Stranger]:
        """Return origins that look like one, and that others can have."""
        host, scheme = origin.host, origin.scheme

        def at(other: str) -> str:
            return str(OriginPattern(scheme, other, origin.port))

        ended = "the whole host, and after it nothing but (:[0-9]+)? for a port"
        near = [Stranger(at(f"{host}.evil.invalid"), ended)]
        if hosts.is_address(host) or hosts.is_loopback(host):
            return near
        if "." in host:
            near.append(Stranger(at(host.rpartition(".")[0] + ".invalid"), ended))
        registered = self.suffixes.registered(host)
        if registered:
            dotted = regexes.with_dots_escaped(pattern)
            name = re.escape(registered).replace(r"\-", "-")
            begun = rf"'{scheme}://([a-z0-9-]+\.)*{name}'" if name in dotted else "the names"
            near.append(Stranger(at(f"evil{registered}"), begun))
            if below := host.removesuffix(registered).removesuffix("."):
                near.append(Stranger(at(f"{below}x{registered}"), f"'{dotted}'"))
        return near
