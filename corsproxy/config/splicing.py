"""Where in a YAML text its nodes stand, so that parts of it change and all else stays."""

import re

import yaml

from corsproxy.config.problems import Path

BLOCK_SCALARS = ("|", ">")

_MERGE = "tag:yaml.org,2002:merge"
_LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # YAML 1.1 §4.2

Pair = tuple[yaml.Node, yaml.Node]


class NotEditableError(Exception):
    """A text is written in a way in which the edit can't be made."""


class Splicer:
    """Finds where in a text its nodes stand. Aliases stand elsewhere, which is looked out for."""

    def __init__(self, text: str) -> None:
        """Take a text; raise `yaml.YAMLError` where it is none."""
        self.text = text
        # the loader in Python: its marks count characters
        self.root: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)

    def at(self, path: Path) -> yaml.Node | None:
        """Return the node under these keys and indices, None where there is none."""
        node: yaml.Node | None = self.root
        for part in path:
            if isinstance(part, int):
                items = node.value if isinstance(node, yaml.SequenceNode) else []
                node = items[part] if part < len(items) else None
            else:
                node = find(node, part)
        return node

    def insert(self, index: int, new: str) -> str:
        """Return the text with something new at an index."""
        return self.text[:index] + new + self.text[index:]

    def slot_for_key(self, mapping: yaml.MappingNode, new: str) -> tuple[int, str]:
        """Return where a new key with its value goes, and with what around it."""
        if mapping.flow_style or not mapping.value:
            return self.slot_in_flow(mapping, new)
        first = mapping.value[0][0].start_mark.index
        end = self.end(mapping)
        if end is None:
            return first, f"{new}{self.line_break}{self.indent(first)}"
        return self.line_end(end), f"{self.line_break}{self.indent(first)}{new}"

    def slot_in_flow(self, node: yaml.CollectionNode, new: str) -> tuple[int, str]:
        """Return where a new thing goes in a collection in brackets, and with what around it."""
        bracket = "[" if isinstance(node, yaml.SequenceNode) else "{"
        start = self.text.index(bracket, node.start_mark.index) + 1
        if not node.value:
            return start, new
        end = self.end(node)
        return (start, f"{new}, ") if end is None else (end, f", {new}")

    def end(self, node: yaml.CollectionNode) -> int | None:
        """Return where the last thing in a collection ends, None where that is hard to say."""
        last: yaml.Node = node
        least = node.start_mark.index
        while isinstance(last, yaml.CollectionNode) and (last is node or not last.flow_style):
            if isinstance(last, yaml.MappingNode):
                key, last = last.value[-1]
                least = max(least, key.end_mark.index)
            else:
                least = max([least, *(item.end_mark.index for item in last.value[-2:-1])])
                last = last.value[-1]
            if last.start_mark.index < least or last.start_mark.index == last.end_mark.index:
                return None
        if isinstance(last, yaml.ScalarNode) and last.style in BLOCK_SCALARS:
            return None
        return int(last.end_mark.index)

    def line_end(self, index: int) -> int:
        """Return where the line ends that an index is in."""
        found = _LINE_END.search(self.text, index)
        return found.start() if found else len(self.text)

    @property
    def line_break(self) -> str:
        """The line break that the file has."""
        found = _LINE_END.search(self.text)
        return found[0] if found else "\n"

    def indent(self, index: int) -> str:
        """Return as many blanks as stand, or would, before an index in its line."""
        return " " * (index - self._line_start(index))

    def margin(self, index: int) -> str:
        """Return the blanks that the line begins with which an index is in."""
        line = self.text[self._line_start(index) : self.line_end(index)]
        return line[: len(line) - len(line.lstrip(" "))]

    def _line_start(self, index: int) -> int:
        starts = [found.end() for found in _LINE_END.finditer(self.text, 0, index)]
        return starts[-1] if starts else 0


def own(mapping: yaml.MappingNode, key: str) -> Pair | None:
    """Return a key and its value as they stand in a mapping itself."""
    pairs = (pair for pair in mapping.value if pair[0].tag != _MERGE and pair[0].value == key)
    return next(pairs, None)


def find(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Return the value of a key in a mapping, or in what is merged into it."""
    if not isinstance(node, yaml.MappingNode):
        return None
    if pair := own(node, key):
        return pair[1]
    merged = [value for name, value in node.value if name.tag == _MERGE]
    for source in merged:
        sources = source.value if isinstance(source, yaml.SequenceNode) else [source]
        for one in sources:
            if (found := find(one, key)) is not None:
                return found
    return None


def merged_pairs(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """Return the values of a mapping by their keys, with what is merged into it."""
    pairs: dict[str, yaml.Node] = {}
    if not isinstance(node, yaml.MappingNode):
        return pairs
    for key, value in node.value:
        if key.tag != _MERGE:
            pairs[key.value] = value
    for source in (value for key, value in node.value if key.tag == _MERGE):
        for one in source.value if isinstance(source, yaml.SequenceNode) else [source]:
            pairs = merged_pairs(one) | pairs
    return pairs
