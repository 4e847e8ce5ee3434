"""A policy in a file, edited in place: one entry or one key more, and all else octet for octet."""

import difflib
import re
from collections.abc import Iterator

import yaml

from corsproxy.config.problems import Path
from corsproxy.config.splicing import BLOCK_SCALARS, NotEditableError, Splicer, find, own
from corsproxy.core.advice import Change, flow_list, quoted

_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # as `patch` counts them
_UNENDED = "\\ No newline at end of file"
_PART = re.compile(r"[^.\[\]]+")


def amend(text: str, place: str, change: Change) -> str | None:
    """Return the text of a route table with a change made in the policy at `place`.

    `place` is a path such as `routes[0].cors`. None where the text is written in a way in which
    it can't be done, such as a value that is an alias. What comes out has to be loaded to know
    that it is good.
    """
    try:
        return _Editor(text).edit(place, change)
    except (yaml.YAMLError, NotEditableError):
        return None


def unified_diff(before: str, after: str, name: str) -> str:
    """Write the change from one text to another as `patch` reads it."""
    diff = difflib.unified_diff(_LINE.findall(before), _LINE.findall(after), name, name)
    return "".join(one if one.endswith("\n") else f"{one}\n{_UNENDED}\n" for one in diff)


class _Editor(Splicer):
    """Makes a change where it belongs."""

    def edit(self, place: str, change: Change) -> str:
        path = tuple(int(part) if part.isdigit() else part for part in _PART.findall(place))
        policy = self.at(path)
        if not isinstance(policy, yaml.MappingNode):
            raise NotEditableError
        pair = own(policy, change.key)
        if pair is None:
            return self._add_key(policy, change, path)
        key, value = pair
        if value.start_mark.index < key.end_mark.index:
            raise NotEditableError  # an alias
        if isinstance(change.entry, bool):
            return self._replace(value, "true" if change.entry else "false")
        if not isinstance(value, yaml.SequenceNode):
            raise NotEditableError
        for item in value.value:
            if item.value == change.instead_of:
                return self._replace(item, quoted(change.entry))
        return self._append(value, quoted(change.entry))

    def _replace(self, node: yaml.Node, new: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.style in BLOCK_SCALARS:
            raise NotEditableError
        return self.text[: node.start_mark.index] + new + self.text[node.end_mark.index :]

    # A new entry of a list.

    def _append(self, items: yaml.SequenceNode, new: str) -> str:
        if items.flow_style:
            return self.insert(*self.slot_in_flow(items, new))
        end = self.end(items)
        dash = self._dash(items)
        if end is None:
            return self.insert(dash, f"- {new}{self.line_break}{self.indent(dash)}")
        end = self.line_end(end)
        return self.insert(end, f"{self.line_break}{self.indent(dash)}- {new}")

    def _dash(self, items: yaml.SequenceNode) -> int:
        """Return where the first item's dash stands; an alias there does not tell."""
        first = items.value[0].start_mark.index
        dash = self.text.rfind("-", items.start_mark.index, first)
        if dash < 0 or self.text[dash + 1 : first].strip():
            raise NotEditableError
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
        return self.insert(*self.slot_for_key(policy, f"{change.key}: {value}"))

    def _inherited(self, policy: yaml.MappingNode, key: str, path: Path) -> Iterator[str]:
        """Yield, as written, what holds of a list that the policy doesn't write itself."""
        top = find(self.root, "cors") if path != ("cors",) else None
        source = find(policy, key) or find(top, key)
        for item in source.value if isinstance(source, yaml.SequenceNode) else ():
            if not isinstance(item, yaml.ScalarNode):
                raise NotEditableError
            yield item.value
