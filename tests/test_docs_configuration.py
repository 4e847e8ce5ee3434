"""docs/configuration.md says of each key what the models do."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from corsproxy.config.schema import schema

ROOT = Path(__file__).parent.parent
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "write_configuration_page.py"))
TEXT = (ROOT / "docs" / "configuration.md").read_text("utf-8")
DEFINITIONS: dict[str, Any] = {"": schema(), **schema()["$defs"]}


def written(text: str) -> str:
    made: str = SCRIPT["Page"]().written(text)
    return made


def test_the_page_is_what_is_generated():
    assert written(TEXT) == TEXT, "python scripts/write_configuration_page.py mends it"


def test_what_is_written_by_hand_stays():
    by_hand = "".join(f"{line}\n" for line in TEXT.splitlines() if "akes " not in line)

    assert set(by_hand.splitlines()) <= set(written(TEXT).splitlines())


def test_what_is_out_of_date_is_replaced():
    old = TEXT.replace("Takes a text or `off`.", "Takes a number.")

    assert old != TEXT
    assert written(old) == TEXT


def test_a_heading_gets_what_is_known_of_its_keys():
    page = "## A policy\n\n### `max_age`\n\nBy hand.\n\n### `mode`, `on_refused`\n\nBy hand.\n"
    lines = written(page).splitlines()

    assert lines[4] == "Takes a time. Such as `600` or `2h`."
    assert lines[10].startswith("- `mode`: takes `enforce`")
    assert lines[11] == "- `on_refused`: takes `forward` or `block`. Unless written: `forward`."
    assert lines.count("By hand.") == 2


def test_a_key_that_no_mapping_has_is_told():
    with pytest.raises(SystemExit, match="no mapping has the keys of the heading nope"):
        written("## A route\n\n### `nope`\n\nBy hand.\n")


KEYS = [
    pytest.param("", "listen", "a text or a list of texts", id="one or more"),
    pytest.param("", "admin", "a text or `off`", id="a text or off"),
    pytest.param("", "tls", "a mapping or `self_signed`", id="a mapping or a word"),
    pytest.param("", "routes", "a list of mappings", id="mappings"),
    pytest.param("Limits", "header_size", "a size", id="a size"),
    pytest.param("Timeouts", "idle", "a time or `off`", id="a time"),
    pytest.param("Cors", "preflight_status", "a number", id="a number"),
    pytest.param("Cors", "allow_credentials", "`true` or `false`", id="yes or no"),
    pytest.param("Route", "cors", "a mapping or `off`", id="a policy or off"),
    pytest.param("RequestHeaders", "set", "a mapping", id="names with values"),
]


@pytest.mark.parametrize(("name", "key", "kinds"), KEYS)
def test_what_a_key_takes(name: str, key: str, kinds: str):
    assert SCRIPT["takes"](DEFINITIONS[name]["properties"][key]) == kinds


DEFAULTS = [
    pytest.param("", "listen", " Unless written: `127.0.0.1:8080`.", id="an address"),
    pytest.param("", "routes", " Has to be written.", id="nothing"),
    pytest.param("Limits", "header_size", " Unless written: `32KiB`.", id="a size"),
    pytest.param("Limits", "request_body", "", id="what is left out"),
    pytest.param("Timeouts", "idle", " Unless written: `300s`.", id="a time"),
    pytest.param("Timeouts", "tunnel", " Unless written: `1h`.", id="a long time"),
    pytest.param("Cors", "allow_credentials", " Unless written: `false`.", id="a word"),
]


@pytest.mark.parametrize(("name", "key", "said"), DEFAULTS)
def test_what_holds_unless_it_is_written(name: str, key: str, said: str):
    assert SCRIPT["default"](name, key, DEFINITIONS[name]) == said
