"""Where a browser goes on after a redirect, and as whom (Fetch §4.5, HTTP-redirect fetch)."""

from dataclasses import replace
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from corsproxy.core.browser import Failure, Finding, PageRequest, origin_of
from corsproxy.core.fields import Fields

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})  # Fetch §2.2.3
MAX_REDIRECTS = 20

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_SECTION = "Fetch §4.5, HTTP-redirect fetch"
_ABOUT_CONTENT = frozenset(  # Fetch §2.2.2, request-body-header name
    {b"content-encoding", b"content-language", b"content-location", b"content-type"}
)


def redirected(request: PageRequest, status: int, fields: Fields) -> PageRequest | Finding | None:
    """Return the request that follows a redirect, or why there is none; None for other answers.

    The CORS check holds for the redirect itself, before this.
    """
    locations = [value for name, value in fields if name.lower() == b"location"]
    if status not in REDIRECT_STATUSES or not locations:
        return None
    url = _resolved(request.url, locations)
    if url is None:
        what = "the Location is no HTTP(S) address"
        return Finding(what, f"{_SECTION}, steps 5 and 6", Failure.REDIRECT_UNUSABLE)
    if len(request.urls) > MAX_REDIRECTS:
        what = f"a browser follows no more than {MAX_REDIRECTS} redirects"
        return Finding(what, f"{_SECTION}, step 7", Failure.REDIRECT_LIMIT)
    if "@" in urlsplit(url).netloc and (request.cross_origin or origin_of(url) != request.origin):
        what = "the Location has a name or password in it"
        return Finding(what, f"{_SECTION}, steps 9 and 10", Failure.REDIRECT_CREDENTIALS)
    return _following(request, status, url)


def _resolved(base: str, locations: list[bytes]) -> str | None:
    if len(set(locations)) > 1:
        return None
    location = quote(locations[0].strip(b" "), safe=_PRINTABLE)  # as browsers encode it (URL §4.4)
    try:
        url = urldefrag(urljoin(base, location)).url
    except ValueError:
        return None
    return None if origin_of(url) == b"null" else url


def _following(request: PageRequest, status: int, url: str) -> PageRequest:
    method, headers = request.method, request.headers
    to_get = status == 303 and method not in (b"GET", b"HEAD")  # noqa: PLR2004
    if to_get or (status in (301, 302) and method == b"POST"):
        method = b"GET"
        headers = _without(headers, _ABOUT_CONTENT)
    if origin_of(url) != origin_of(request.url):
        headers = _without(headers, frozenset({b"authorization"}))
    return replace(request, urls=(*request.urls, url), method=method, headers=headers)


def _without(headers: Fields, names: frozenset[bytes]) -> Fields:
    return tuple((name, value) for name, value in headers if name.lower() not in names)
