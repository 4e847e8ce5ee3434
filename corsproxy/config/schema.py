"""The JSON Schema of the route table, for editors (draft 2020-12)."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from corsproxy.config.model import Table
from corsproxy.core.limits import Listener

Schema = dict[str, Any]

_ENVIRONMENT = {
    "description": "Text with a value from the environment in it: ${NAME} or ${NAME:-default}.",
    "type": "string",
    "pattern": r"\$\{",
}
_REFERENCE = {"$ref": "#/$defs/Environment"}
_REQUIRED = {
    "PolicyTest": ["path", "origin", "expect"],
    "Route": ["upstream"],
    "Upstream": ["url"],
}
_RULES = frozenset({"type", "pattern", "minLength", "enum", "const", "minimum", "maximum"})


def schema() -> Schema:
    """Return the JSON Schema of the route table. It takes what the models take, as far as it can.

    What it can't say (origins, hidden routes, named dangers), `corsproxy check` says.
    """
    made = Table.model_json_schema(schema_generator=_Generator)
    definitions = made.pop("$defs")
    for name, keys in _REQUIRED.items():
        definitions[name]["required"] = keys
    definitions["Route"]["not"] = {"required": ["path", "path_regex"]}
    definitions["UpstreamTls"]["dependentRequired"] = {"cert": ["key"], "key": ["cert"]}
    made["required"] = ["routes"]
    made["properties"]["routes"]["minItems"] = 1
    made["$defs"] = {**definitions, "Environment": _ENVIRONMENT}
    for model in (made, *definitions.values()):
        properties = model["properties"]
        model["properties"] = {name: _with_environment(one) for name, one in properties.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "The route table of corsproxy",
    }


class _Generator(GenerateJsonSchema):
    """Writes no null, which the loader refuses, and defaults as they would be written."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        inner = self.generate_inner(schema["schema"])
        default = schema.get("default")
        if isinstance(default, Listener):
            default = str(default)
        written = isinstance(default, str | int | float)
        return {**inner, "default": default} if written else inner

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False  # the key says it already


def _with_environment(schema: Schema) -> Schema:
    """Let a value also be text with a reference to the environment in it."""
    if "items" in schema:
        return {**schema, "items": _with_environment(schema["items"])}
    if "patternProperties" in schema:
        return {**schema, "additionalProperties": False}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*map(_with_items, schema["anyOf"]), _REFERENCE]}
    if "oneOf" in schema:
        return {**schema, "oneOf": [*schema["oneOf"], _REFERENCE]}
    rule = {key: value for key, value in schema.items() if key in _RULES}
    if rule.keys() <= {"type", "minLength"} and rule.get("type") in {None, "string"}:
        return schema  # any text will do already
    rest = {key: value for key, value in schema.items() if key not in _RULES}
    return {**rest, "anyOf": [rule, _REFERENCE]}


def _with_items(schema: Schema) -> Schema:
    return _with_environment(schema) if "items" in schema else schema
