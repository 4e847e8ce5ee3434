"""docs/cors.md claims nothing without its rule in a standard and a test that shows it."""

import ast
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "cors.md"
TEXT = PAGE.read_text("utf-8")
TARGETS = dict(re.findall(r"^\[([a-z-]+)\]: (\S+)$", TEXT, re.MULTILINE))
RULE = re.compile(r"\[((?:Fetch|RFC|Local)[^\]]*)\]\[([a-z-]+)\]")
SHOWN = re.compile(r"\[`(test_\w+)`\]\[([a-z-]+)\]")

FETCH = "https://fetch.spec.whatwg.org/#"
# the standard's own anchors, and the sections they stand in (its review draft of June 2026)
SECTIONS = {
    FETCH + "cors-safelisted-method": "Fetch §2.2.1",
    FETCH + "concept-method-normalize": "Fetch §2.2.1",
    FETCH + "cors-safelisted-request-header": "Fetch §2.2.2",
    FETCH + "cors-safelisted-response-header-name": "Fetch §2.2.2",
    FETCH + "cors-non-wildcard-request-header-name": "Fetch §2.2.2",
    FETCH + "serializing-a-request-origin": "Fetch §2.2.5",
    FETCH + "set-cookie-header": "Fetch §3.1.2",
    FETCH + "origin-header": "Fetch §3.2",
    FETCH + "http-requests": "Fetch §3.3.2",
    FETCH + "http-responses": "Fetch §3.3.3",
    FETCH + "http-access-control-allow-origin": "Fetch §3.3.3",
    FETCH + "http-access-control-allow-credentials": "Fetch §3.3.3",
    FETCH + "http-access-control-max-age": "Fetch §3.3.3",
    FETCH + "http-new-header-syntax": "Fetch §3.3.4",
    FETCH + "cors-protocol-and-credentials": "Fetch §3.3.5",
    FETCH + "http-redirect-fetch": "Fetch §4.5",
    FETCH + "cors-preflight-fetch": "Fetch §4.8",
    FETCH + "cors-preflight-cache": "Fetch §4.9",
    FETCH + "cors-check": "Fetch §4.10",
    FETCH + "cors-protocol-and-http-caches": "Fetch, Background reading",
    "https://www.rfc-editor.org/rfc/rfc6455#section-10.2": "RFC 6455 §10.2",
    "https://wicg.github.io/local-network-access/": "Local Network Access",
}
ORDER = [
    "Requests without a preflight",
    "Requests with a preflight",
    "Each header",
    "Credentials",
    "Max-age",
]


def claims() -> list[str]:
    """Return each item, paragraph and row of a table below the first heading."""
    body = TEXT.partition("\n## ")[2].partition("\n[methods]:")[0]
    blocks = re.split(r"\n(?=- |\||\n)", body)
    found = [block.strip() for block in blocks]
    return [b for b in found if b and not re.match(r"## |\|-|\| header \||Requests without", b)]


def test_it_goes_from_the_simple_to_the_rest():
    headings = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)

    assert headings[: len(ORDER)] == ORDER


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim[:60])
def test_every_claim_has_its_rule_and_its_test(claim: str):
    assert RULE.search(claim)
    assert SHOWN.search(claim)


@pytest.mark.parametrize(("label", "name"), sorted(set(RULE.findall(TEXT))))
def test_every_rule_is_where_its_link_leads(label: str, name: str):
    assert SECTIONS[TARGETS[name]] == label


@pytest.mark.parametrize(("test", "name"), sorted(set(SHOWN.findall(TEXT))))
def test_every_test_is_there(test: str, name: str):
    tree = ast.parse((PAGE.parent / TARGETS[name]).read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)

    assert test in {node.name for node in tree.body if isinstance(node, functions)}


def test_no_target_is_left_over():
    used = {name for _, name in (*RULE.findall(TEXT), *SHOWN.findall(TEXT))}

    assert set(TARGETS) == used
