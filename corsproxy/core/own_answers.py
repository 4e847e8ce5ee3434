"""What a browser makes of the CORS fields of an upstream, where the proxy leaves them alone."""

from corsproxy.core.browser import Finding, PageRequest
from corsproxy.core.cors import MAX_HEADER_OCTETS, CorsRequest, PreflightRequest
from corsproxy.core.cors_check import cors_check, preflight_check
from corsproxy.core.fields import members
from corsproxy.core.heads import leaves_alone
from corsproxy.core.messages import Passage, ResponseHead

_UNSAFE = b'"'  # makes any header one that is asked for, which those of a preflight are


def is_same_origin(kind: CorsRequest | PreflightRequest, passage: Passage) -> bool:
    """Tell whether a page asks its own origin, on which CORS has no say (Fetch §4.1)."""
    return kind.origins == (passage.client.scheme.encode() + b"://" + passage.host,)


def own_answer(
    kind: CorsRequest | PreflightRequest | None, passage: Passage, reply: ResponseHead
) -> Finding | None:
    """Return the rule that decides over an answer, None where the policy's own fields go out.

    None, too, for a preflight with more headers than a policy would look at. Whether the page sends
    credentials is not seen, so that a browser may be stricter yet.
    """
    if kind is None or not leaves_alone(passage.policy, reply.fields):
        return None
    origin = b", ".join(kind.origins)
    if isinstance(kind, CorsRequest):
        return cors_check(PageRequest(origin=origin, urls=("",)), reply.fields)
    if sum(map(len, kind.headers)) > MAX_HEADER_OCTETS:
        return None
    names = members(kind.headers)
    request = PageRequest(
        origin=origin,
        urls=("",),
        method=kind.methods[0],
        headers=tuple((name, _UNSAFE) for name in names),
    )
    return preflight_check(request, reply.status, reply.fields).findings[-1]
