from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.config import Config, ConfigError, load_text
from corsproxy.config.environment import substitute
from corsproxy.config.report import Report
from corsproxy.config.scalars import Substituted
from corsproxy.config.tree import Node, from_data

ENVIRON = {"A": "1", "EMPTY": "", "NESTED": "${A}", "B_2": "b"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("${A}", "1", id="a name"),
        pytest.param("x${A}y${B_2}z", "x1ybz", id="names within text"),
        pytest.param("${EMPTY}", "", id="an empty value is a value"),
        pytest.param("${EMPTY:-d}", "d", id="a default stands for an empty value"),
        pytest.param("${NO:-d e:f}", "d e:f", id="a default for a missing name"),
        pytest.param("${NO:-}", "", id="an empty default"),
        pytest.param("${NESTED}", "${A}", id="a value is not looked into"),
        pytest.param("$${A}", "${A}", id="an escaped reference"),
        pytest.param("$A $ $$", "$A $ $$", id="no reference"),
    ],
)
def test_references_are_replaced(
    text: str, expected: str, tree: Callable[[object], Node], report: Report
):
    root = tree({"k": [text]})
    substitute(root, ENVIRON, report)
    assert root.plain() == {"k": [expected]}
    assert report.problems == []


@pytest.mark.parametrize(("text", "marked"), [("${A}", True), ("$${A}", False), ("A", False)])
def test_only_what_came_from_the_environment_is_marked_so(
    text: str, marked: bool, tree: Callable[[object], Node], report: Report
):
    root = tree({"k": text})
    substitute(root, ENVIRON, report)
    assert isinstance(root.at(("k",)).scalar, Substituted) is marked


NOT_THERE = "NO is not in the environment; write ${NO:-default}, or set it"
NO_REFERENCE = "this is no ${NAME} or ${NAME:-default}; write $${ for a literal ${"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("${NO}", [NOT_THERE]),
        ("${}", [NO_REFERENCE]),
        ("${1A}", [NO_REFERENCE]),
        ("${A", [NO_REFERENCE]),
        ("${A:-${NO}}", [NO_REFERENCE, NOT_THERE]),
    ],
)
def test_what_cannot_be_replaced_is_told_with_its_place(
    text: str, what: list[str], tell: Callable[..., list[str]]
):
    table = f"routes: [{{upstream: 'http://a', cors: off, name: '{text}'}}]"
    assert tell(table, ENVIRON) == [f'1:50: routes[0].name: "{text}": {w}' for w in what]


def test_a_value_may_stand_for_a_number_or_a_boolean(load: Callable[..., Config]):
    config = load(
        """
        cors: {allow_origins: ["https://a.com"], allow_credentials: "${C}", max_age: "${M}"}
        limits: {connections: "${N}", keepalive: "${O}"}
        admin: "${O}"
        routes: [{upstream: "http://${H}", cors: "${O}"}]
        """,
        {"C": "yes", "M": "600", "N": "7", "O": "false", "H": "legacy"},
    )
    policy = config.table.default
    assert policy is not None
    assert (policy.credentials, policy.max_age) == (True, 600)
    assert (config.limits.connections, config.limits.keepalive) == (7, None)
    assert (config.admin, config.table.routes[0].policy) == (None, None)


def shape(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: shape(child) for key, child in value.items()}
    return [shape(child) for child in value] if isinstance(value, list) else "scalar"


@given(st.text(), st.text())
def test_a_value_never_changes_the_structure(value: str, other: str):
    data = {"a": ["${A}", "x${B}"], "${A}": {"b": "${A}${B}"}}
    root, report = from_data(data), Report("t.yaml")
    substitute(root, {"A": value, "B": other}, report)
    assert shape(root.plain()) == shape(data)
    assert root.plain() == {"a": [value, "x" + other], "${A}": {"b": value + other}}


def outcome(table: str, environ: Mapping[str, str]) -> object:
    try:
        return load_text(table, "t", environ).table.routes[0].name
    except ConfigError as error:
        return {problem.path for problem in error.problems}


@given(st.text())
def test_a_value_makes_another_text_or_a_problem_at_its_place(value: str):
    table = "routes: [{upstream: 'http://a', cors: off, name: '${A}'}]"
    assert outcome(table, {"A": value}) in [value, {"routes[0].name"}]
