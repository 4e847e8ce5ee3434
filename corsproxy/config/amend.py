"""A policy in a file, edited in place: one entry or one key more, and all else octet for octet."""

import difflib
import re
from collections.abc import Iterator, Sequence

import yaml

from corsproxy.config.problems import Path
from corsproxy.core.advice import Change, flow_list, quoted

_MERGE = "tag:yaml.org,2002:merge"
_LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # YAML 1.1 §4.2
_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # as `patch` counts them
_UNENDED = "\\ No newline at end of file"
_PART = re.compile(r"[^.\[\]]+")
_BLOCK_SCALARS = ("|", ">")

_Pair = tuple[yaml.Node, yaml.Node]


def amend(text: str, place: str, change: Change) -> str | None:
    """Return the text of a route table with a change made in the policy at `place`.

    `place` is a path such as `routes[0].cors`. None where the text is written in a way in which
    it can't be done, such as a value that is an alias. What comes out has to be loaded to know
    that it is good.
    """
    try:
        return _Editor(text).edit(place, change)
    except (yaml.YAMLError, _NotEditableError):
        return None


def unified_diff(before: str, after: str, name: str) -> str:
    """Write the change from one text to another as `patch` reads it."""
    diff = difflib.unified_diff(_LINE.findall(before), _LINE.findall(after), name, name)
    return "".join(one if one.endswith("\n") else f"{one}\n{_UNENDED}\n" for one in diff)


class _NotEditableError(Exception):
    pass


class _Editor:
    """Finds where in a text its nodes stand. Aliases stand elsewhere, which is looked out for."""

    def __init__(self, text: str) -> None:
        self.text = text
        # the loader in Python: its marks count characters
        self.root: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)

    def edit(self, place: str, change: Change) -> str:
        path = tuple(int(part) if part.isdigit() else part for part in _PART.findall(place))
        policy = self._at(path)
        if not isinstance(policy, yaml.MappingNode):
            raise _NotEditableError
        own = _own(policy, change.key)
        if own is None:
            return self._add_key(policy, change, path)
        key, value = own
        if value.start_mark.index < key.end_mark.index:
            raise _NotEditableError  # an alias
        if isinstance(change.entry, bool):
            return self._replace(value, "true" if change.entry else "false")
        if not isinstance(value, yaml.SequenceNode):
            raise _NotEditableError
        for item in value.value:
            if item.value == change.instead_of:
                return self._replace(item, quoted(change.entry))
        return self._append(value, quoted(change.entry))

    def _at(self, path: Path) -> yaml.Node | None:
        node: yaml.Node | None = self.root
        for part in path:
            if isinstance(part, int):
                items = node.value if isinstance(node, yaml.SequenceNode) else []
                node = items[part] if part < len(items) else None
            else:
                node = _find(node, part)
        return node

    def _replace(self, node: yaml.Node, new: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.style in _BLOCK_SCALARS:
            raise _NotEditableError
        return self.text[: node.start_mark.index] + new + self.text[node.end_mark.index :]

    def _insert(self, index: int, new: str) -> str:
        return self.text[:index] + new + self.text[index:]

    # A new entry of a list.

    def _append(self, items: yaml.SequenceNode, new: str) -> str:
        if items.flow_style:
            return self._into_flow(items, items.value, new)
        end = self._end(items)
        dash = self._dash(items)
        if end is None:
            return self._insert(dash, f"- {new}{self._break}{self._indent(dash)}")
        end = self._line_end(end)
        return self._insert(end, f"{self._break}{self._indent(dash)}- {new}")

    def _dash(self, items: yaml.SequenceNode) -> int:
        """Return where the first item's dash stands; an alias there does not tell."""
        first = items.value[0].start_mark.index
        dash = self.text.rfind("-", items.start_mark.index, first)
        if dash < 0 or self.text[dash + 1 : first].strip():
            raise _NotEditableError
        return dash

    # A new key of a policy.

    def _add_key(self, policy: yaml.MappingNode, change: Change, path: Path) -> str:
        value = "true"
        if not isinstance(change.entry, bool):
            entries = list(self._inherited(policy, change.key, path))
            if change.instead_of in entries:
                entries[entries.index(change.instead_of)] = change.entry
            else:
                entries.append(change.entry)
            value = flow_list(entries)
        new = f"{change.key}: {value}"
        if policy.flow_style or not policy.value:
            return self._into_flow(policy, [value for _, value in policy.value], new)
        first = policy.value[0][0].start_mark.index
        end = self._end(policy)
        if end is None:
            return self._insert(first, f"{new}{self._break}{self._indent(first)}")
        end = self._line_end(end)
        return self._insert(end, f"{self._break}{self._indent(first)}{new}")

    def _inherited(self, policy: yaml.MappingNode, key: str, path: Path) -> Iterator[str]:
        """Yield, as written, what holds of a list that the policy doesn't write itself."""
        top = _find(self.root, "cors") if path != ("cors",) else None
        source = _find(policy, key) or _find(top, key)
        for item in source.value if isinstance(source, yaml.SequenceNode) else ():
            if not isinstance(item, yaml.ScalarNode):
                raise _NotEditableError
            yield item.value

    # Places in the text.

    def _into_flow(self, node: yaml.CollectionNode, items: Sequence[yaml.Node], new: str) -> str:
        bracket = "[" if isinstance(node, yaml.SequenceNode) else "{"
        start = self.text.index(bracket, node.start_mark.index) + 1
        if not items:
            return self._insert(start, new)
        end = self._end(node)
        if end is None:
            return self._insert(start, f"{new}, ")
        return self._insert(end, f", {new}")

    def _end(self, node: yaml.CollectionNode) -> int | None:
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
        if isinstance(last, yaml.ScalarNode) and last.style in _BLOCK_SCALARS:
            return None
        return int(last.end_mark.index)

    def _line_end(self, index: int) -> int:
        found = _LINE_END.search(self.text, index)
        return found.start() if found else len(self.text)

    @property
    def _break(self) -> str:
        """The line break that the file has."""
        found = _LINE_END.search(self.text)
        return found[0] if found else "\n"

    def _indent(self, index: int) -> str:
        starts = [found.end() for found in _LINE_END.finditer(self.text, 0, index)]
        return " " * (index - (starts[-1] if starts else 0))


def _own(mapping: yaml.MappingNode, key: str) -> _Pair | None:
    pairs = (pair for pair in mapping.value if pair[0].tag != _MERGE and pair[0].value == key)
    return next(pairs, None)


def _find(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """Return the value of a key in a mapping, or in what is merged into it."""
    if not isinstance(node, yaml.MappingNode):
        return None
    if own := _own(node, key):
        return own[1]
    merged = [value for name, value in node.value if name.tag == _MERGE]
    for source in merged:
        sources = source.value if isinstance(source, yaml.SequenceNode) else [source]
        for one in sources:
            if (found := _find(one, key)) is not None:
                return found
    return None
