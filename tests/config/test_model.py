from pathlib import Path

import pytest
from pydantic import BaseModel

from corsproxy.config import Config, load_file, nodes
from corsproxy.config.keys import models
from corsproxy.config.model import Table
from corsproxy.config.report import Report
from corsproxy.config.tree import Node

KEYS = [(path, name) for path, model in models(Table) for name in model.model_fields]


def written_paths(node: Node) -> set[tuple[str | int, ...]]:
    """Return the paths of all keys below a node, with 0 for any index."""
    path = tuple(part if isinstance(part, str) else 0 for part in node.path)
    return {path}.union(*(written_paths(child) for child in node.children.values()))


@pytest.fixture(scope="session")
def full(examples: list[Path]) -> Path:
    return next(path for path in examples if path.name == "full.yaml")


def test_the_full_example_has_every_key_that_may_be_written(full: Path):
    root = nodes.parse(full.read_text(), Report("full.yaml"))
    assert root is not None
    # a route's policy has the keys of the one at the top, and all tests have the same
    keys = {
        (*path, name)
        for path, name in KEYS
        if path[:3] != ("routes", 0, "cors") and (path[-2:] != ("tests", 0) or len(path) == 2)
    }
    assert keys - written_paths(root) == set()


def test_the_full_example_is_as_it_says(full: Path, certificates: Path):
    config = load_file(full, {"CERTS": str(certificates), "HTTPS_PROXY": "http://proxy:3128"})
    assert isinstance(config, Config)
    assert [route.name for route in config.table.routes] == [
        "users",
        "/v[0-9]+/reports(/.*)?",
        "embedded",
        "partner",
    ]
    assert str(config.table.routes[0].upstream) == "https://users.internal:8443/v2"


@pytest.mark.parametrize("model", dict.fromkeys(model for _, model in models(Table)))
def test_every_key_is_described_with_an_example(model: type[BaseModel]):
    assert model.__doc__
    for field in model.model_fields.values():
        assert field.description
        assert field.description.endswith(".")
        assert field.examples
