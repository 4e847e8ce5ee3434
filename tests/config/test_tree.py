from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.config.tree import Node, from_data

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(documents)
def test_a_tree_holds_the_data_it_is_made_of(data: object):
    assert from_data(data).plain() == data


def test_what_yaml_could_not_hold_is_refused():
    with pytest.raises(TypeError, match="bytes is no plain data"):
        from_data({"a": [b"octets"]})


def test_what_is_taken_out_leaves_the_paths_of_the_rest(tree: Callable[[object], Node]):
    root = tree({"routes": [{"a": 1}, {"a": 2}, {"a": 3}]})
    root.prune(("routes", 1))
    assert root.plain() == {"routes": [{"a": 1}, {"a": 3}]}
    assert root.at(("routes", 1, "a")).path == ("routes", 2, "a")
    assert root.get("routes", 2, "a") is root.at(("routes", 1, "a"))
    assert root.get("routes", 1) is None


def test_a_location_passes_over_the_tags_of_unions(tree: Callable[[object], Node]):
    root = tree({"cors": {"max_age": 5}})
    assert root.at(("cors", "policy", "max_age")).path == ("cors", "max_age")
    assert root.at(("cors", "max_age", "deeper")).path == ("cors", "max_age")


def test_what_was_taken_out_is_remembered_one_level_up(tree: Callable[[object], Node]):
    root = tree({"cors": {"allow_origins": ["a", "b"], "max_age": 5}, "log": {}})
    root.prune(("cors", "allow_origins", 0))
    cors = root.get("cors")
    assert cors is not None
    assert cors.is_damaged("allow_origins")
    assert cors.is_damaged("max_age", "allow_origins")
    assert not cors.is_damaged("max_age")
    root.prune(())
    root.prune(("nothing", "here"))
    assert not root.damaged
