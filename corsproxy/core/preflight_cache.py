"""What a browser remembers of preflights, so as not to ask again (Fetch §4.9)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from corsproxy.core.browser import PageRequest
from corsproxy.core.cors_check import Grant
from corsproxy.core.methods import SAFELISTED_METHODS
from corsproxy.core.safelist import unsafe_headers

# Access-Control-Max-Age, as far as each engine honours it, in seconds
CAPS: Mapping[str, int] = {"Chromium": 7200, "Firefox": 86400, "Safari": 600}

_NO_WILDCARD = b"authorization"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing allowed, until a time: a method or a header's name in lower case."""

    origin: bytes
    url: str
    credentials: bool
    until: float
    method: bytes | None = None
    header: bytes | None = None

    def is_for(self, request: PageRequest) -> bool:
        """Tell whether it is about such requests; what credentials got, serves all."""
        return (
            self.origin == request.sent_origin
            and self.url == request.url
            and (self.credentials or not request.credentials)
        )


@dataclass(frozen=True, slots=True)
class PreflightCache:
    """A browser's CORS-preflight cache, for one network partition.

    `cap` is the longest time it remembers, in seconds; times are seconds of any one clock.
    """

    cap: int
    entries: tuple[Entry, ...] = ()

    def spares(self, request: PageRequest, now: float) -> bool:
        """Tell whether what is remembered makes the preflight of a request needless (§4.4)."""
        known = [e for e in self.entries if e.until > now and e.is_for(request)]
        methods = {entry.method for entry in known}
        if (request.asks_always or request.method not in SAFELISTED_METHODS) and not (
            methods & {request.method, b"*"}
        ):
            return False
        names = {entry.header for entry in known}
        return all(
            header.name in names or (b"*" in names and header.name != _NO_WILDCARD)
            for header in unsafe_headers(request.headers)
        )

    def remember(self, request: PageRequest, grant: Grant, now: float) -> Self:
        """Return the cache with what a preflight allowed (§4.8, steps 7.8 to 7.15)."""
        entry = Entry(
            request.sent_origin,
            request.url,
            request.credentials,
            now + min(grant.max_age, self.cap),
        )
        new = [replace(entry, method=method) for method in dict.fromkeys(grant.methods)]
        names = dict.fromkeys(name.lower() for name in grant.headers)
        new += [replace(entry, header=name) for name in names]
        renewed = {replace(entry, until=0.0) for entry in new}
        kept = [e for e in self.entries if e.until > now and replace(e, until=0.0) not in renewed]
        return replace(self, entries=(*kept, *new))

    def forget(self, request: PageRequest) -> Self:
        """Return the cache without what a request that failed has in it (§4.1, clear)."""
        gone = (request.sent_origin, request.url)
        return replace(self, entries=tuple(e for e in self.entries if (e.origin, e.url) != gone))
