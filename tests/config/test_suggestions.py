import pytest

from corsproxy.config.keys import models
from corsproxy.config.model import Table
from corsproxy.config.suggestions import _ELSEWHERE, alike, named

KNOWN = ["allow_origins", "max_age", "upstream"]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("allowOrigins", "allow_origins"),
        ("ALLOW-ORIGINS", "allow_origins"),
        ("origins", "allow_origins"),
        ("backend", "upstream"),
        ("allow_origns", None),
        ("listen", None),
        ("", None),
    ],
)
def test_a_key_is_known_by_another_name(key: str, name: str | None):
    assert named(key, KNOWN) == name


@pytest.mark.parametrize(
    ("key", "name"), [("allow-origns", "allow_origins"), ("upstraem", "upstream"), ("zzz", None)]
)
def test_a_key_is_known_by_its_looks(key: str, name: str | None):
    assert alike(key, KNOWN) == name


def test_only_keys_that_exist_are_suggested():
    ours = {name for _, model in models(Table) for name in model.model_fields}
    assert set(_ELSEWHERE) <= ours
