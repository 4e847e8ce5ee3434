"""What to change. Each failure has its mend at a real server, in tests/cli; here what is left."""

# ruff: noqa: ANN001, ANN002 the parameters are in the table
import pytest

from corsproxy.core.browser import Failure, Finding, PageRequest
from corsproxy.core.diagnosis import Answer, Diagnosis, answered, request_message
from corsproxy.core.mends import mend

PAGE, URL = b"https://app.example", "https://api.example/a"
ALLOW = (b"Access-Control-Allow-Origin", b"*")


def diagnosed(status, *fields, urls=(URL,), content=b""):
    request = PageRequest(origin=PAGE, urls=urls)
    last = answered(request, request_message(request), Answer(status, fields, content))
    return Diagnosis(request=request, steps=(last,))


def ended(failure):
    done = diagnosed(302, ALLOW)
    return Diagnosis(request=done.request, steps=done.steps, end=Finding("", "", failure))


SEND = "Access-Control-Allow-Origin: https://app.example and Vary: Origin"
REFUSAL = b'{"reason": "origin_not_allowed", "allow_with": "cors.allow_origins: [\\"x\\"]"}'
PROBLEM = (b"Content-Type", b"application/problem+json")
BETWEEN = ("https://api.example/", "https://b.example/", "https://c.example/d")

MENDS = {
    "nothing to mend": (diagnosed(200, ALLOW), None),
    "a redirect without CORS": (
        diagnosed(302),
        (
            f"The redirect itself is checked, too: send {SEND} on it, or have the page ask where "
            "it leads"
        ),
    ),
    "an origin that redirects made null": (
        diagnosed(200, (ALLOW[0], PAGE), urls=BETWEEN),
        (
            "Redirects between other origins make the origin `null`: have the page ask for "
            "https://c.example/d itself"
        ),
    ),
    "another page's answer from a cache": (
        diagnosed(200, (ALLOW[0], b"https://b.example"), (b"Age", b"9")),
        (
            "A cache answered (Age), perhaps with what another page got: empty it. Allow the "
            f"page's origin: send {SEND}"
        ),
    ),
    "a refusal of corsproxy that says how": (
        diagnosed(403, PROBLEM, content=REFUSAL),
        'Write cors.allow_origins: ["x"] in the route table of corsproxy',
    ),
    "a refusal of corsproxy that nothing allows": (
        diagnosed(403, PROBLEM, content=b'{"reason": "origin_malformed", "culprit": "x/"}'),
        "corsproxy refused it (origin_malformed x/): see its log",
    ),
    "mixed content": (
        ended(Failure.MIXED_CONTENT),
        (
            "Serve the address over https, or the page from the same https origin through a "
            "proxy; no CORS header helps"
        ),
    ),
    "a circle": (
        ended(Failure.REDIRECT_LIMIT),
        "The redirects lead in a circle: end it on the server",
    ),
    "a redirect to nowhere": (
        ended(Failure.REDIRECT_UNUSABLE),
        f"Have {URL} redirect to an http(s) address with no name or password in it",
    ),
}


@pytest.mark.parametrize(("diagnosis", "said"), MENDS.values(), ids=MENDS)
def test_what_to_change(diagnosis, said):
    assert mend(diagnosis) == said
