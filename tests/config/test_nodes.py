from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.config import Config, ConfigError, load_text, nodes
from corsproxy.config.problems import Problem
from corsproxy.config.report import Report
from corsproxy.config.tree import Node, Place

NO_ROUTES = (
    "1:1: a route table has at least one route; "
    "write routes: [{path: /, upstream: http://localhost:8000}]"
)
NO_MAPPING = "not YAML: mapping values are not allowed in this context"
NO_COLON = "not YAML: while scanning a simple key, could not find expected ':'"
ALIAS = "an unquoted * is YAML's sign for an alias"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("- *", [f'1:3: "*": {ALIAS}; write "*"'], id="a star as an item"),
        pytest.param("cors: *", [f'1:7: "*": {ALIAS}; write "*"'], id="a star as a value"),
        pytest.param("[*, b]", [f'1:2: "*": {ALIAS}; write "*"'], id="a star in a flow"),
        pytest.param(
            "é:\n  - *.example.com",
            [f'2:5: "*.example.com": {ALIAS}; write "*.example.com"'],
            id="a pattern",
        ),
        pytest.param("- *foo", [f'1:3: "*foo": {ALIAS}; write "*foo"'], id="no such anchor"),
        pytest.param(
            "a:\n\t- b",
            [
                (
                    "2:1: not YAML: while scanning for the next token, found character that cannot "
                    "start any token: YAML indents with blanks, not with tabs"
                )
            ],
            id="a tab",
        ),
        pytest.param(
            r'- "a\.b"',
            [
                (
                    "1:5: not YAML: while parsing a quoted scalar, found unknown escape character; "
                    "write it in single quotes, where a \\ is itself"
                )
            ],
            id="a backslash in double quotes",
        ),
        pytest.param(
            "routes:\n- path:/a\n  upstream: http://a\n",
            [f"3:11: {NO_MAPPING}: a blank is missing behind a colon in line 2; write path: /a"],
            id="no blank behind a colon, and a key under it",
        ),
        pytest.param(
            "routes:\n- path: /a\n  upstream:http://a\n",
            [
                f"4:1: {NO_COLON}: a blank is missing behind a colon in line 3; write upstream: http://a"
            ],
            id="no blank behind a colon at the end",
        ),
        pytest.param(
            "a:\n- http://c\n-http://a\nb: 1\n",
            [f"4:1: {NO_COLON}: a blank is missing behind the dash in line 3; write - http://a"],
            id="no blank behind a dash",
        ),
        pytest.param(
            "a:\n- localhost:3001\n- http://a\n b: c\n",
            [f"4:3: {NO_MAPPING}"],
            id="colons that have none behind them",
        ),
        pytest.param(
            "a: b: c", ["1:5: not YAML: mapping values are not allowed in this context"], id="colon"
        ),
        pytest.param(
            "é\n\x07", ["2:1: not YAML: control characters are not allowed"], id="a control"
        ),
        pytest.param("a: \ud800", ["1:4: the file is not UTF-8"], id="half a character"),
        pytest.param("[" * 100_000, ["1:51: nested too deep"], id="depth"),
        pytest.param(
            "a: &a [*a]", ["1:1: aliases make the document too large"], id="an alias in itself"
        ),
        pytest.param(
            "a: &a [x]\n"
            + "".join(
                f"{c}: &{c} [{f'*{p}, ' * 9}]\n"
                for p, c in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            ["1:1: aliases make the document too large"],
            id="a bomb of aliases",
        ),
        pytest.param(
            "a: 1\n---\nb: 2",
            ["2:1: not YAML: expected a single document in the stream, but found another document"],
            id="two documents",
        ),
        pytest.param(
            "listen: !!python/name:os.system ''",
            [NO_ROUTES, "1:9: listen: the tag !!python/name:os.system is not known here"],
            id="a tag that would make an object",
        ),
        pytest.param(
            "listen: !!set {a}",
            [NO_ROUTES, "1:9: listen: the tag !!set is not known here"],
            id="a set",
        ),
        pytest.param(
            "listen: !!int x",
            [NO_ROUTES, "1:9: listen: 'x' can't be read as !!int"],
            id="no number",
        ),
        pytest.param(
            "listen: 010",
            [
                NO_ROUTES,
                (
                    "1:9: listen: YAML 1.1 reads 010 as octal 8; "
                    'write 10 for the number, "010" for the text'
                ),
            ],
            id="an octal number",
        ),
        pytest.param(
            f"listen: {'9' * 50}", [NO_ROUTES, "1:9: listen: the number is too long"], id="digits"
        ),
        pytest.param("? [a]\n: b", [NO_ROUTES, "1:3: a key is text"], id="a list as a key"),
        pytest.param(
            "listen: :80\nlisten: :81",
            [NO_ROUTES, "2:1: listen: the key stands here twice, first in line 1"],
            id="a key twice",
        ),
        pytest.param(
            "log: {<<: 5}",
            [NO_ROUTES, "1:6: log: '<<' merges mappings, and this is none"],
            id="a merge of nothing",
        ),
        pytest.param(
            "log: &l\n  <<: *l\n",
            [NO_ROUTES, "1:6: log: a mapping can't merge itself"],
            id="a mapping that merges itself",
        ),
        pytest.param(
            "log: &l\n  <<: [{level: info}, *l]\n",
            [NO_ROUTES, "1:6: log: a mapping can't merge itself"],
            id="a mapping among others that it merges",
        ),
        pytest.param(
            "log: &l\n  <<: &m {<<: *l}\n",
            [NO_ROUTES, "2:7: log: a mapping can't merge itself"],
            id="two mappings that merge each other",
        ),
        pytest.param(
            "log: &l\n  <<: {<<: {<<: *l}}\n",
            [NO_ROUTES, "2:12: log: a mapping can't merge itself"],
            id="three of them",
        ),
        pytest.param(
            "a0: &a0 {}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}}}\n" for i in range(1, 300)),
            ["1:1: aliases make the document too large"],
            id="a long chain of merges",
        ),
    ],
)
def test_what_is_no_plain_yaml_is_told(
    text: str, problems: list[str], tell: Callable[..., list[str]]
):
    assert tell(text) == problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", False),
        ("Yes", True),
        ("~", None),
        ("", None),
        ("0x1F", 31),
        ("1_000", 1000),
        ("1.5", 1.5),
        (".inf", float("inf")),
        ("2001-01-01", "2001-01-01"),
        ("8080:30", "8080:30"),
        ("190:20:30.15", "190:20:30.15"),
        ("=", "="),
        ("!!str 5", "5"),
        ("'on'", "on"),
    ],
)
def test_a_scalar_gets_a_plain_type(text: str, value: object, report: Report):
    root = nodes.parse(f"k: {text}", report)
    assert root is not None
    assert report.problems == []
    assert root.plain() == {"k": value}


def test_every_node_knows_its_place(report: Report):
    root = nodes.parse("a:\n  - é: {b: x}\n", report)
    assert isinstance(root, Node)
    node = root.at(("a", 0, "é", "b"))
    assert (node.path, node.scalar, node.text) == (("a", 0, "é", "b"), "x", "x")
    assert (node.place, node.key_place) == (Place(2, 12), Place(2, 9))


def test_anchors_and_merges_work_and_the_mapping_itself_wins(load: Callable[..., Config]):
    config = load(
        """
        cors: {allow_origins: ["https://a.com"]}
        routes:
          - &api {path: /a, upstream: "http://a", timeouts: &quick {idle: 5}}
          - {<<: *api, path: /b, timeouts: *quick}
          - {<<: [{path: /c}, *api]}
        """
    )
    routes = config.table.routes
    assert [(route.path, route.timeouts.idle) for route in routes] == [
        (b"/a", 5.0),
        (b"/b", 5.0),
        (b"/c", 5.0),
    ]


yamlish = st.text(st.sampled_from("routes:upstream cors{}[]&*!|>'\"\\#%@`-?<~,\n\t 01.é\x00\x85"))


def problems_of(text: str) -> Sequence[Problem]:
    try:
        return load_text(text, "t.yaml", {}).warnings
    except ConfigError as error:
        assert error.problems  # noqa: PT017 either outcome is good
        return error.problems


@given(st.text() | yamlish | st.text(st.characters()))
def test_any_text_loads_or_is_told_as_a_problem(text: str):
    problems = problems_of(text)
    assert all(str(problem).isprintable() for problem in problems)
    assert problems == problems_of(text)
