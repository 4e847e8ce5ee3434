import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from corsproxy.config import ConfigError, load_mapping
from corsproxy.config.schema import schema

ROOT = Path(__file__, "../../..").resolve()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{i}")
    for page in PAGES
    for i, block in enumerate(_BLOCK.findall(page.read_text("utf-8")))
]
ROUTES: dict[str, object] = {"routes": [{"upstream": "http://a", "cors": False}]}


@pytest.fixture(scope="session")
def validator() -> Draft202012Validator:
    made = schema()
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def test_the_committed_schema_is_that_of_the_models():
    """Mend it with `corsproxy schema > config/corsproxy.schema.json`."""
    committed = (ROOT / "config" / "corsproxy.schema.json").read_text("utf-8")
    assert committed == json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_of_the_docs_is_valid(block: str, validator: Draft202012Validator):
    assert [error.message for error in validator.iter_errors(yaml.safe_load(block))] == []


def test_the_examples_are_valid(validator: Draft202012Validator, examples: list[Path]):
    for path in examples:
        assert list(validator.iter_errors(yaml.safe_load(path.read_text()))) == []


def loads(table: dict[str, object]) -> bool:
    try:
        load_mapping(table, "t")
    except ConfigError:
        return False
    return True


def route(**keys: object) -> dict[str, object]:
    return {"routes": [{"upstream": "http://a", "cors": False, **keys}]}


def cors(**keys: object) -> dict[str, object]:
    return {**ROUTES, "cors": {"allow_origins": ["https://a"], **keys}}


GOOD = [
    ROUTES,
    {**ROUTES, "listen": ":80"},
    {**ROUTES, "listen": ["unix:/a", "[::1]:0"]},
    {**ROUTES, "admin": False},
    {**ROUTES, "admin": "off"},
    {**ROUTES, "workers": 1},
    {**ROUTES, "trusted_proxies": []},
    {**ROUTES, "trusted_proxies": ["10.0.0.0/8", "192.0.2.1", "fd00::/8", "unix"]},
    {**ROUTES, "timeouts": {"header": 5, "idle": "1.5h", "tunnel": "off", "connect": False}},
    {**ROUTES, "limits": {"header_size": "32KiB", "request_body": "off", "connections": 5}},
    route(cors="off"),
    route(cors={"allow_origins": ["*"]}),
    route(upstream={"url": "https://a", "proxy": "env"}),
    route(upstream="unix:/a.sock"),
    route(cookies="local"),
    route(cookies={"domain": "strip", "same_site": "none"}),
    route(request_headers={"set": {"Host": "a"}, "remove": ["X-A"]}),
    cors(max_age=0, allow_methods=["*"], dangerously_allow=[]),
    cors(max_age="20d", preflight_status=200),
    cors(tests=[{"path": "/", "origin": "https://a", "expect": "allow"}]),
    route(tests=[{"path": "/", "origin": "null", "expect": "refuse", "headers": ["X-A"]}]),
    {**ROUTES, "tests": [{"path": "http://a/b", "origin": "x", "expect": "refuse"}]},
]

BAD = [
    {},
    {"routes": []},
    {**ROUTES, "lisen": ":80"},
    {**ROUTES, "tls": "selfsigned"},
    {**ROUTES, "listen": 8080},
    {**ROUTES, "listen": None},
    {**ROUTES, "workers": 2},
    {**ROUTES, "trusted_proxies": "10.0.0.0/8"},
    {**ROUTES, "trusted_proxies": ["nginx.internal"]},
    {**ROUTES, "cors": False},
    {**ROUTES, "timeouts": {"idle": "soon"}},
    {**ROUTES, "timeouts": {"idle": -1}},
    {**ROUTES, "timeouts": {"idle": True}},
    {**ROUTES, "limits": {"header_size": "10m"}},
    {**ROUTES, "log": {"access": "true"}},
    {"routes": [{"cors": False}]},
    route(upstream="legacy:8000"),
    route(upstream={}),
    route(upstream={"url": "http://a", "ca": "x"}),
    route(upstream={"url": "https://a", "tls": {"cert": "x"}}),
    route(path="/a", path_regex="/b"),
    route(path="api"),
    route(cookies="remote"),
    route(backend="x"),
    route(request_headers={"set": {"A B": "x"}}),
    route(response_headers={"add": "X-A: b"}),
    route(timeouts={"header": 5}),
    cors(allow_credentials="false"),
    cors(allow_methods="GET"),
    cors(allow_methods=["GET, PUT"]),
    cors(max_age=True),
    cors(mode="off"),
    cors(dangerously_allow=["all"]),
    cors(origins=[]),
    {**ROUTES, "tests": [{"path": "/", "origin": "x"}]},
    {**ROUTES, "tests": [{"path": "api", "origin": "x", "expect": "allow"}]},
    {**ROUTES, "tests": [{"path": "/", "origin": "x", "expect": "block"}]},
    {**ROUTES, "tests": [{"path": "/", "origin": "x", "expect": "refuse", "reason": "no"}]},
    {**ROUTES, "tests": {"path": "/", "origin": "x", "expect": "allow"}},
]


@pytest.mark.parametrize("table", GOOD, ids=repr)
def test_the_schema_takes_what_the_loader_takes(
    table: dict[str, object], validator: Draft202012Validator
):
    assert loads(table)
    assert list(validator.iter_errors(table)) == []


@pytest.mark.parametrize("table", BAD, ids=repr)
def test_the_schema_refuses_what_the_loader_refuses(
    table: dict[str, object], validator: Draft202012Validator
):
    assert not loads(table)
    assert not validator.is_valid(table)


def test_every_scalar_may_come_from_the_environment(validator: Draft202012Validator):
    table = cors(allow_credentials="${A}", max_age="${A:-5}", allow_methods=["${A}"], mode="${A}")
    table |= {"admin": "${A}", "listen": ["${A}"], "limits": {"connections": "${A}"}}
    table |= {"routes": [{"upstream": "${A}", "cors": "${A}", "cookies": "${A}", "path": "${A}"}]}
    assert list(validator.iter_errors(table)) == []


def properties() -> list[tuple[str, str, dict[str, Any]]]:
    made = schema()
    models = {"Table": made, **made["$defs"]}
    return [
        (model, name, one)
        for model, definition in models.items()
        for name, one in definition.get("properties", {}).items()
    ]


@pytest.mark.parametrize(("model", "name", "one"), properties(), ids=lambda part: str(part)[:30])
def test_every_key_has_a_description_and_valid_examples(
    model: str, name: str, one: dict[str, Any], validator: Draft202012Validator
):
    assert one["description"], f"{model}.{name}"
    here = validator.evolve(schema={**one, "$defs": validator.schema["$defs"]})
    assert [error.message for value in one["examples"] for error in here.iter_errors(value)] == []
    if "default" in one:
        assert here.is_valid(one["default"])


def test_the_schema_says_what_it_is():
    made = schema()
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["title"] == "The route table of corsproxy"
    assert made["additionalProperties"] is False
