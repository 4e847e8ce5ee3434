"""Where a new key goes, and what a mapping holds; the edits are in test_amend and test_learnt."""

import pytest
import yaml

from corsproxy.config.splicing import Splicer, find, merged_pairs, own

PLACES = {
    "a mapping in lines": ("a:\n  b: 1  # one\nc: 2\n", "a:\n  b: 1  # one\n  new: 3\nc: 2\n"),
    "one in brackets": ("a: {b: 1}\n", "a: {b: 1, new: 3}\n"),
    "an empty one": ("a: {}\n", "a: {new: 3}\n"),
    "one that ends with an alias": (
        "x: &x 1\na:\n  c: 1\n  b: *x\n",
        "x: &x 1\na:\n  new: 3\n  c: 1\n  b: *x\n",
    ),
    "one with Windows' line ends": ("a:\r\n  b: 1\r\n", "a:\r\n  b: 1\r\n  new: 3\r\n"),
}


@pytest.mark.parametrize(("text", "after"), PLACES.values(), ids=PLACES)
def test_a_new_key_in(text: str, after: str):
    splicer = Splicer(text)
    mapping = splicer.at(("a",))
    assert isinstance(mapping, yaml.MappingNode)
    assert splicer.insert(*splicer.slot_for_key(mapping, "new: 3")) == after


def test_what_is_merged_is_found_after_what_stands_there():
    root = Splicer(
        "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 0}\nw: {<<: *y}\n"
    ).root
    assert isinstance(root, yaml.MappingNode)
    z = find(root, "z")
    assert {key: node.value for key, node in merged_pairs(z).items()} == {
        "a": "0",
        "b": "2",
        "c": "4",
    }
    assert isinstance(z, yaml.MappingNode)
    assert (own(z, "b"), own(root, "w") is not None) == (None, True)
    assert merged_pairs(None) == {}


def test_a_place_that_is_not_there():
    splicer = Splicer("routes: [{path: /}]")
    assert splicer.at(("routes", 1)) is None
    assert splicer.at(("cors", 0, "x")) is None
