"""Write into docs/configuration.md what the models know of each key.

Under each heading that names keys: what it takes, what holds unless it is written, and examples.
All else on the page is written by hand and stays. `--check` writes nothing, and exits 1 where the
page is out of date.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from corsproxy.config.model import Table
from corsproxy.config.schema import schema

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
SECTIONS = {"The top level": "", "A route": "Route", "A policy": "Cors"}
GENERATED = re.compile(r"(?:(?:- `[a-z_]+`: takes|Takes) .*\n)+\n")
UNITS = {"(ms|s|m|h|d)?$": "a time", "(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)?$": "a size"}
TIMES = ((86400, "d"), (3600, "h"), (1, "s"))
SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
Schema = dict[str, Any]


class Page:
    """The headings of the page, each by the definition of the schema that has its keys."""

    def __init__(self) -> None:
        """Read the schema."""
        root = schema()
        self.definitions: dict[str, Schema] = {"": root, **root["$defs"]}

    def written(self, text: str) -> str:
        """Return the page with what is generated under each heading."""
        parts = re.split(r"^(?=#{2,4} )", text, flags=re.MULTILINE)
        section: list[str] = []
        below: list[str] = []
        for i, part in enumerate(parts):
            heading, _, body = part.partition("\n\n")
            marks, _, title = heading.partition(" ")
            keys = re.findall(r"`([a-z_]+)`", title)
            if marks == "##":
                section = [SECTIONS[title]] if title in SECTIONS else []
            elif keys:
                name = self._place(section if marks == "###" else below, keys)
                lines = "\n".join(self._lines(name, keys))
                parts[i] = f"{heading}\n\n{lines}\n\n{GENERATED.sub('', body, count=1)}"
                if marks == "###":
                    below = self._below(name, keys)
        return "".join(parts)

    def _place(self, names: list[str], keys: list[str]) -> str:
        """Return the first of these definitions, and of those in them, that has all the keys."""
        found = list(names)
        for name in found:
            known = self.definitions[name]["properties"]
            if set(keys) <= known.keys():
                return name
            found += [one for one in self._below(name, list(known)) if one not in found]
        sys.exit(f"{PAGE.name}: no mapping has the keys of the heading {', '.join(keys)}")

    def _below(self, name: str, keys: list[str]) -> list[str]:
        properties = self.definitions[name]["properties"]
        return [ref for key in keys for ref in refs(properties[key])]

    def _lines(self, name: str, keys: list[str]) -> Iterator[str]:
        definition = self.definitions[name]
        for key in keys:
            said = describe(definition["properties"][key], default(name, key, definition))
            yield f"- `{key}`: takes {said}" if len(keys) > 1 else f"Takes {said}"


def refs(one: Schema) -> list[str]:
    """Return the definitions that a value may be."""
    inner = [one.get("items", {}), *one.get("anyOf", []), *one.get("oneOf", [])]
    own = one.get("$ref", "").rpartition("/")[2]
    found = [own] if own else []
    return [ref for ref in found + [r for i in inner if i for r in refs(i)] if ref != "Environment"]


def default(name: str, key: str, definition: Schema) -> str:
    """Say what holds unless a key is written."""
    if key in definition.get("required", ()):
        return " Has to be written."
    one = definition["properties"][key]
    if (name, key) == ("", "listen"):  # of several, which a schema's default isn't
        return f" Unless written: `{Table.model_fields[key].default[0]}`."
    if "default" not in one:
        return ""
    value = one["default"]
    kind = takes(one)
    if "a time" in kind or "a size" in kind:
        value = in_units(value, TIMES if "a time" in kind else SIZES)
    return f" Unless written: `{flow(value)}`."


def in_units(value: float, units: tuple[tuple[int, str], ...]) -> str:
    """Write a number of seconds or octets in the largest unit that it is whole in."""
    for size, unit in units:
        if value and value % size == 0:
            return f"{int(value // size)}{unit}"
    return str(value)


def describe(one: Schema, unless: str) -> str:
    """Say what a key takes, its default and its examples."""
    kinds = takes(one)
    if not re.sub(r"`[^`]*`|,| or ", "", kinds):  # all that it may be is named
        return f"{kinds}.{unless}"
    off = ("off", False) if "`off`" in kinds else ()
    examples = ["off" if value in off else flow(value) for value in one["examples"]]
    return f"{kinds}.{unless} Such as {' or '.join(f'`{example}`' for example in examples)}."


def takes(one: Schema) -> str:
    """Say in words what a schema takes; a reference to the environment goes without saying."""
    found = list(dict.fromkeys(_kinds(one)))
    if {"a time", "a size"} & set(found):
        found = [kind for kind in found if kind != "a number"]
    *first, last = found
    return f"{', '.join(first)} or {last}" if first else last


def _kinds(one: Schema) -> Iterator[str]:
    for inner in (*one.get("anyOf", ()), *one.get("oneOf", ())):
        yield from _kinds(inner)
    if "$ref" in one:
        if not one["$ref"].endswith("/Environment"):
            yield "a mapping"
    elif "const" in one:
        yield f"`{'off' if one['const'] is False else one['const']}`"
    elif "enum" in one:
        yield from (f"`{value}`" for value in one["enum"])
    elif one.get("type") == "array":
        kinds = takes(one["items"])
        yield f"a list of {_SEVERAL.get(kinds, kinds)}"
    elif one.get("type") in _WORDS:
        units = (word for end, word in UNITS.items() if one.get("pattern", "").endswith(end))
        yield next(units, _WORDS[one["type"]])


_WORDS = {
    "boolean": "`true` or `false`",
    "integer": "a number",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}

_SEVERAL = {"a text": "texts", "a mapping": "mappings", "a number": "numbers"}


def flow(value: object) -> str:
    """Write a value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def main() -> int:
    """Write the page, or check that it needs no writing."""
    text = PAGE.read_text("utf-8")
    written = Page().written(text)
    if "--check" in sys.argv[1:]:
        return int(written != text)
    PAGE.write_text(written, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
