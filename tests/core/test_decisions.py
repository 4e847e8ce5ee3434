"""What a person is asked about a learnt policy, and the dangers that it has."""

import pytest

from corsproxy.core.dangers import dangers
from corsproxy.core.decisions import Decision, decisions
from corsproxy.core.learning import Usage

APP, PLAIN, DEV = "https://app.example", "http://app.example", "https://dev.example:5173"
SENT = (
    "expose_headers",
    "the upstream sent all of these; keep those that a page reads, which can't be seen",
)
NULL = (
    "dangerously_allow",
    (
        '"null" comes from sandboxed frames, files, and redirects across origins; any site can '
        "send it: take both out if you can"
    ),
)


def all_of(*origins: str) -> frozenset[str]:
    return frozenset(origins)


CASES = {
    "nothing": (Usage(origins=(APP,)), [], ()),
    "plain http without credentials": (Usage(origins=(PLAIN,)), [], ()),
    "the ports of development servers, and this machine": (
        Usage(origins=(DEV, "http://127.0.0.1:1", APP)),
        [
            (
                "allow_origins",
                f"{origin} looks like a development server: not for production",
            )
            for origin in ("http://127.0.0.1:1", DEV)
        ],
        (),
    ),
    "headers": (
        Usage(origins=(APP,), headers=("authorization", "x"), exposed=("etag",)),
        [("allow_headers", "Authorization carries tokens: does every page need it?"), SENT],
        (),
    ),
    "the opaque origin": (Usage(origins=("null",)), [NULL], ("null_origin",)),
    "credentials": (
        Usage(origins=(APP, PLAIN, "https://a.example"), cookies=all_of(APP, PLAIN)),
        [
            (
                "allow_credentials",
                f"cookies, or what the browser logs in with, came from {PLAIN}, {APP}",
            ),
            (
                "allow_credentials",
                "none from https://a.example: a route of its own would keep them out",
            ),
            (
                "dangerously_allow",
                f"with credentials, anyone on the network can be {PLAIN}: https instead?",
            ),
        ],
        ("insecure_origin_with_credentials",),
    ),
    "credentials on this machine": (
        Usage(origins=("http://localhost:1",), cookies=all_of("http://localhost:1")),
        [
            (
                "allow_origins",
                "http://localhost:1 looks like a development server: not for production",
            ),
            (
                "allow_credentials",
                "cookies, or what the browser logs in with, came from http://localhost:1",
            ),
        ],
        (),
    ),
    "cookies that never came back": (
        Usage(origins=(APP,), cookies_set=all_of(APP)),
        [("allow_credentials", f"{APP} was sent cookies and sent none back: are they needed?")],
        (),
    ),
    "too much of everything": (
        Usage(origins=(APP,), left_out=all_of("origins", "methods", "headers", "exposed")),
        [
            (key, f"not all is here: {most} at most, no name of great length, and no '*'")
            for key, most in (
                ("allow_origins", 64),
                ("allow_methods", 32),
                ("allow_headers", 128),
                ("expose_headers", 128),
            )
        ],
        (),
    ),
}


@pytest.mark.parametrize(("usage", "asked", "taken"), CASES.values(), ids=CASES)
def test_what_is_asked_of(usage: Usage, asked: list[tuple[str, str]], taken: tuple[str, ...]):
    assert decisions(usage) == tuple(Decision(*one) for one in asked)
    assert dangers(usage.policy) == taken
