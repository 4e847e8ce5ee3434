"""What of a learnt policy a person has to decide: what was used need not be what is meant."""

from collections.abc import Iterator
from dataclasses import dataclass

from corsproxy.core import hosts
from corsproxy.core.dangers import insecure
from corsproxy.core.learning import MAX_HEADERS, MAX_METHODS, MAX_ORIGINS, Usage

# of Angular, Astro, create-react-app, Parcel, Storybook, Vite, webpack, and common servers
_DEVELOPMENT = frozenset(
    {1234, 3000, 3001, 3333, 4173, 4200, 4321, 5000, 5173, 5174, 6006, 8000, 8080, 8081, 8888, 9000}
)
_KEYS = {
    "origins": ("allow_origins", MAX_ORIGINS),
    "methods": ("allow_methods", MAX_METHODS),
    "headers": ("allow_headers", MAX_HEADERS),
    "exposed": ("expose_headers", MAX_HEADERS),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A question about what stands under a key of a policy."""

    key: str
    what: str


def decisions(usage: Usage) -> tuple[Decision, ...]:
    """Return what has to be decided, in the order of the keys of a policy."""
    return tuple(_decisions(usage))


def _decisions(usage: Usage) -> Iterator[Decision]:
    policy = usage.policy
    for pattern in policy.origins.patterns:
        if hosts.is_loopback(pattern.host) or pattern.port in _DEVELOPMENT:
            what = f"{pattern} looks like a development server: not for production"
            yield Decision("allow_origins", what)
    if "authorization" in usage.headers:
        yield Decision("allow_headers", "Authorization carries tokens: does every page need it?")
    if usage.exposed:
        what = "the upstream sent all of these; keep those that a page reads, which can't be seen"
        yield Decision("expose_headers", what)
    yield from _about_credentials(usage)
    if policy.origins.null:
        what = '"null" comes from sandboxed frames, files, and redirects across origins; any site '
        yield Decision("dangerously_allow", what + "can send it: take both out if you can")
    for pattern in insecure(policy):
        what = f"with credentials, anyone on the network can be {pattern}: https instead?"
        yield Decision("dangerously_allow", what)
    for kind, (key, most) in _KEYS.items():
        if kind in usage.left_out:
            what = f"not all is here: {most} at most, no name of great length, and no '*'"
            yield Decision(key, what)


def _about_credentials(usage: Usage) -> Iterator[Decision]:
    if not usage.credentialed:
        return
    if sent := sorted(usage.credentialed - (usage.cookies_set - usage.cookies)):
        what = f"cookies, or what the browser logs in with, came from {', '.join(sent)}"
        yield Decision("allow_credentials", what)
    if others := sorted(set(usage.origins) - usage.credentialed):
        what = f"none from {', '.join(others)}: a route of its own would keep them out"
        yield Decision("allow_credentials", what)
    if unsent := sorted(usage.cookies_set - usage.cookies):
        what = f"{', '.join(unsent)} was sent cookies and sent none back: are they needed?"
        yield Decision("allow_credentials", what)
