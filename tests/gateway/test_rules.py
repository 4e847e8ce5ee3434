"""Each of the proxy's rules has a row that holds it, and a line in docs/http.md that says so."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
ROOMS = ("core", "gateway", "observe", "end_to_end")
PAGE = TESTS.parent / "docs" / "http.md"

RULES = {
    1: "path octets",
    2: "query octets",
    3: "a bare question mark",
    4: "no way out of a prefix",
    5: "prefixes by segment",
    6: "stripping",
    7: "joined paths",
    8: "merged queries",
    9: "absolute form",
    10: "OPTIONS *",
    11: "CONNECT and TRACE",
    12: "methods as written",
    13: "fragments",
    14: "no controls in targets",
    15: "long targets",
    16: "versions",
    17: "OPTIONS without a preflight",
    18: "request values",
    19: "order and case of request fields",
    20: "hop-by-hop request fields",
    21: "Connection takes nothing of ours",
    22: "underscore twins",
    23: "nothing invented",
    24: "X-Forwarded-*",
    25: "Forwarded",
    26: "Via and loops",
    27: "Max-Forwards",
    28: "one sound Host",
    29: "the Host sent on",
    30: "Expect",
    31: "content with any method",
    32: "no content stays none",
    33: "framing kept, nothing held back",
    34: "codings untouched",
    35: "large request heads",
    36: "all other request fields",
    37: "length and coding",
    38: "other transfer codings",
    39: "a coding in HTTP/1.0",
    40: "unsound lengths",
    41: "unsound field lines",
    42: "bare LF",
    43: "bad chunks",
    44: "extensions and trailers",
    45: "nothing behind a framing error",
    46: "pipelining",
    47: "CRLF before a request",
    48: "content that nobody reads",
    49: "status lines",
    50: "order and case of response fields",
    51: "response values",
    52: "Date and Server",
    53: "hop-by-hop response fields",
    54: "HEAD",
    55: "1xx, 204 and 304",
    56: "sloppy upstreams",
    57: "clients of HTTP/1.0",
    58: "upstreams that close",
    59: "cut responses look cut",
    60: "no words of ours in content",
    61: "malformed response heads",
    62: "folded response lines",
    63: "interim responses",
    64: "unasked 101",
    65: "response trailers",
    66: "ranges",
    67: "validators and coded content",
    68: "nothing waits",
    69: "back-pressure",
    70: "addresses of upstreams",
    71: "cookies",
    72: "redirects",
    73: "frames untouched",
    74: "refused handshakes",
    75: "octets behind the 101",
    76: "other protocols, and h2c",
    77: "what asks for an upgrade",
    78: "ends of tunnels",
    79: "silent tunnels, and who may open one",
    80: "the map of failures",
    81: "retries",
    82: "clients that go",
    83: "early answers",
    84: "slow clients",
    85: "too much content",
    86: "many at once",
    87: "upstream connections",
    88: "the end",
    89: "reload",
    90: "the access log",
    91: "nothing stops the listener",
    92: "the wrong protocol on a port",
}
# What no row can hold, and why.
NOT_YET: dict[int, str] = {}
PARTLY: dict[int, str] = {}

_LABEL = re.compile(r"(?<![A-Za-z0-9])[Rr](\d+)(?:-[Rr]?(\d+))?(?![A-Za-z0-9])")
_LINE = re.compile(r"^\| R(\d+) \| ([^|]+) \| (?:`([^`|]+)`|(not yet)) \|$", re.MULTILINE)


def told(source: str) -> Iterator[str]:
    """What a test file says of itself: ids and other texts, docstrings, names, comments.

    Its own docstring isn't among them: it would hold a rule though every row were gone.
    """
    own = ast.get_docstring(ast.parse(source), clean=False)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
        elif token.type == tokenize.NAME and token.string.startswith("test_"):
            yield token.string.replace("_", " ")
        elif token.type == tokenize.STRING and token.string[0] in "\"'":
            text = ast.literal_eval(token.string)
            if text != own:
                yield text


def labels(source: str) -> set[int]:
    """Return the rules that a test file's rows name: `R5`, `R54/R55`, `R37-R39`."""
    found: set[int] = set()
    for text in told(source):
        for first, last in _LABEL.findall(text):
            found |= set(range(int(first), int(last or first) + 1))
    return found


@cache
def held() -> dict[str, set[int]]:
    """Return the rules of each test file, by its path below `tests/`."""
    paths = sorted(path for room in ROOMS for path in (TESTS / room).glob("test_*.py"))
    others = (path for path in paths if path != Path(__file__))
    return {path.relative_to(TESTS).as_posix(): labels(path.read_text("utf-8")) for path in others}


@pytest.mark.parametrize(
    ("rule", "what"),
    [pytest.param(rule, what, id=f"R{rule} {what}") for rule, what in RULES.items()],
)
def test_a_rule_has_a_row(rule: int, what: str):
    files = [name for name, rules in held().items() if rule in rules]
    assert bool(files) == (rule not in NOT_YET), f"R{rule}, {what}: {NOT_YET.get(rule, 'no row')}"


def test_no_row_names_a_rule_that_there_is_not():
    others = {name: rules - set(RULES) for name, rules in held().items() if rules - set(RULES)}
    assert others == {}


def test_there_are_92_rules():
    assert list(RULES) == list(range(1, 93))


def test_the_page_has_a_line_for_each_rule_and_names_a_file_that_holds_it():
    lines = {int(rule): (said, file) for rule, said, file, _ in _LINE.findall(PAGE.read_text())}
    assert list(lines) == list(RULES)
    assert {rule for rule, (_, file) in lines.items() if not file} == set(NOT_YET)
    assert {rule for rule, (said, _) in lines.items() if "not yet" in said} == set(PARTLY)
    wrong = {f"R{r}": f for r, (_, f) in lines.items() if f and r not in held().get(f, set())}
    assert wrong == {}


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        pytest.param('pytest.param(1, id="R5 a row")', {5}, id="an id"),
        pytest.param("# R5 R6/R7", {5, 6, 7}, id="a comment"),
        pytest.param("def test_r5_a_name(): ...", {5}, id="a name"),
        pytest.param("def test(): 'R5-R7: a docstring'", {5, 6, 7}, id="a range"),
        pytest.param("'R5: of the file'", set(), id="not the file's own docstring"),
        pytest.param("b'R5', R5, 'PR5', 'R5a'", set(), id="nothing else"),
    ],
)
def test_labels_are_found(source: str, rules: set[int]):
    assert labels(source) == rules
