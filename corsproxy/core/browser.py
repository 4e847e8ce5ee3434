"""The browser's half of the CORS protocol: what it asks first, and what it lets a page read.

Only requests of mode `cors` are meant, which is what `fetch()` and XMLHttpRequest make. Everything
is a pure function of the request and the answer; beside it stand `cors_check` (what becomes of an
answer), `preflight_cache` and `redirects`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

from corsproxy.core.fields import Field, Fields, is_token
from corsproxy.core.methods import SAFELISTED_METHODS, is_forbidden_method, normalise_method
from corsproxy.core.origins import DEFAULT_PORTS, OriginSyntaxError
from corsproxy.core.origins import Origin as WebOrigin
from corsproxy.core.safelist import UnsafeHeader, is_forbidden_header, unsafe_headers

_HTTP_WHITESPACE = b" \t\r\n"  # which fetch() takes off the ends of values (§2.2.2, normalize)


class Failure(StrEnum):
    """Why a browser stops: stable codes."""

    METHOD_FORBIDDEN = "method_forbidden"
    ORIGIN_MISSING = "origin_missing"
    ORIGIN_SEVERAL = "origin_several"
    ORIGIN_WILDCARD = "origin_wildcard"
    ORIGIN_DIFFERENT = "origin_different"
    CREDENTIALS_MISSING = "credentials_missing"
    STATUS_NOT_OK = "status_not_ok"
    LIST_MALFORMED = "list_malformed"
    METHOD_MISSING = "method_missing"
    HEADER_MISSING = "header_missing"
    HEADER_UNREADABLE = "header_unreadable"
    REDIRECT_UNUSABLE = "redirect_unusable"
    REDIRECT_LIMIT = "redirect_limit"
    REDIRECT_CREDENTIALS = "redirect_credentials"
    MIXED_CONTENT = "mixed_content"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule came to: in words, where the rule stands, and the failure if it is one."""

    what: str
    section: str
    failure: Failure | None = None

    @property
    def passed(self) -> bool:
        """Whether the browser goes on."""
        return self.failure is None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A request of a page's script, of mode `cors` (Fetch §2.2.5).

    `origin` is the page's, serialised, or `null`; `urls` are all it has been led to, the current
    one last; `asks_always` is the use-CORS-preflight flag (upload listeners, streamed content).
    """

    origin: bytes
    urls: tuple[str, ...]
    method: bytes = b"GET"
    headers: Fields = ()
    credentials: bool = False
    asks_always: bool = False

    @classmethod
    def from_script(
        cls, origin: bytes, url: str, method: bytes, headers: Fields, *, credentials: bool
    ) -> Self | Finding:
        """Return what a browser makes of a script's words, or why it throws a TypeError."""
        if not is_token(method) or is_forbidden_method(method):
            what = f"no page can send {method.decode('latin-1')!a}: fetch() throws a TypeError"
            return Finding(what, "Fetch §2.2.1, forbidden method", Failure.METHOD_FORBIDDEN)
        normalised = ((name, value.strip(_HTTP_WHITESPACE)) for name, value in headers)
        return cls(
            origin=origin,
            urls=(url,),
            method=normalise_method(method),
            headers=tuple((n, v) for n, v in normalised if not is_forbidden_header(n, v)),
            credentials=credentials,
        )

    @property
    def url(self) -> str:
        """The current URL."""
        return self.urls[-1]

    @property
    def cross_origin(self) -> bool:
        """Whether CORS has a say: once on another origin, always (Fetch §4.1, tainting)."""
        return any(origin_of(url) != self.origin for url in self.urls)

    @property
    def tainted(self) -> bool:
        """Whether another origin than the page's led away from itself (redirect-taint)."""
        before, after = map(origin_of, self.urls[:-1]), map(origin_of, self.urls[1:])
        return any(self.origin != a != b for a, b in zip(before, after, strict=True))

    @property
    def sent_origin(self) -> bytes:
        """The value of the Origin field (Fetch §2.2.5, serializing a request origin)."""
        return b"null" if self.tainted else self.origin


@dataclass(frozen=True, slots=True)
class Preflight:
    """A CORS-preflight request: what it asks for, and all reasons why it is needed."""

    origin: bytes
    method: bytes
    headers: tuple[UnsafeHeader, ...]
    why: tuple[Finding, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that make it one, octet for octet; the browser adds its usual ones."""
        fields = [(b"Accept", b"*/*"), (b"Access-Control-Request-Method", self.method)]
        if self.headers:
            names = b",".join(header.name for header in self.headers)
            fields.append((b"Access-Control-Request-Headers", names))
        return (*fields, (b"Origin", self.origin))


def origin_of(url: str) -> bytes:
    """Return the serialised origin of an HTTP(S) URL; `null` for any other text."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
        shown = f"[{host}]" if ":" in host else host
        port = None if port == DEFAULT_PORTS.get(parts.scheme) else port
        origin = WebOrigin(parts.scheme, shown, port)
        if parts.scheme not in DEFAULT_PORTS or str(WebOrigin.parse(str(origin))) != str(origin):
            return b"null"
    except (ValueError, OriginSyntaxError):
        return b"null"
    return str(origin).encode()


def preflight_of(request: PageRequest) -> Preflight | None:
    """Return the preflight that a browser sends before a request, None where it needs none.

    What a browser remembers of earlier ones is for `PreflightCache.spares` to say (Fetch §4.4).
    """
    if not request.cross_origin:
        return None
    why = []
    if request.method not in SAFELISTED_METHODS:
        what = f"{shown(request.method)} is none of the safelisted methods GET, HEAD, POST"
        why.append(Finding(what, "Fetch §2.2.1, CORS-safelisted method"))
    elif request.asks_always:
        what = "the page listens to the upload, or streams it"
        why.append(Finding(what, "Fetch §2.2.5, use-CORS-preflight flag"))
    unsafe = unsafe_headers(request.headers)
    for header in unsafe:
        what = f"{shown(header.name)}: {header.why}"
        why.append(Finding(what, "Fetch §2.2.2, CORS-safelisted request-header"))
    if not why:
        return None
    return Preflight(request.sent_origin, request.method, unsafe, tuple(why))


def shown(value: bytes) -> str:
    """Write octets for people."""
    return ascii(value.decode("latin-1"))[1:-1]
