"""`corsproxy schema` prints a JSON Schema that takes what `corsproxy check` takes."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import json

import pytest
from jsonschema import Draft202012Validator


@pytest.fixture
def schema(cli):
    status, out, err = cli("schema")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_it_is_a_valid_schema(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


TABLES = {
    "a route": ({"routes": [{"upstream": "http://a:1"}]}, True),
    "a value from the environment": ({"routes": [{"upstream": "${API}"}]}, True),
    "no route": ({}, False),
    "an unknown key": ({"routes": [{"upstream": "http://a:1", "upstrem": "x"}]}, False),
}


@pytest.mark.parametrize(("table", "good"), TABLES.values(), ids=TABLES)
def test_it_judges(schema, table, good):
    assert Draft202012Validator(schema).is_valid(table) is good
