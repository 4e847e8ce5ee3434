"""A document as a tree of plain data, in which every node knows its path and its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from corsproxy.config.problems import Path, Scalar

Plain = Scalar | list["Plain"] | dict[str, "Plain"]


class Place(NamedTuple):
    """Where something stands in a file; both count from 1."""

    line: int
    column: int


@dataclass(slots=True, eq=False)
class Node:
    """A mapping, a sequence or a scalar.

    Items of a sequence are kept under their index, so that a path still holds when an item before
    it was taken out. `text` is a scalar as it stands in the file; `damaged` names the keys whose
    values were wrong and taken out: nothing can be concluded from their absence.
    """

    path: Path
    kind: Literal["mapping", "sequence", "scalar"]
    scalar: Scalar = None
    text: str | None = None
    children: "dict[str | int, Node]" = field(default_factory=dict)
    place: Place | None = None
    key_place: Place | None = None
    damaged: set[str | int] = field(default_factory=set)

    def plain(self) -> Plain:
        """Return the data alone."""
        if self.kind == "mapping":
            return {str(key): child.plain() for key, child in self.children.items()}
        if self.kind == "sequence":
            return [child.plain() for child in self.children.values()]
        return self.scalar

    def get(self, *path: str | int) -> "Node | None":
        """Return the node under these keys or indices, if it is there."""
        node: Node | None = self
        for part in path:
            node = node.children.get(part) if node else None
        return node

    def at(self, location: Sequence[str | int]) -> "Node":
        """Return the node that a pydantic location in `plain()` means, or the deepest on the way.

        Parts that are no keys (the tags of unions) are passed over.
        """
        node = self
        for part in location:
            if isinstance(part, int) and node.kind == "sequence":
                node = list(node.children.values())[part]
            else:
                node = node.children.get(part, node)
        return node

    def prune(self, path: Path) -> None:
        """Take out what stands at `path`, and remember that it is missing for being wrong."""
        parent = self.get(*path[:-1])
        if parent and path:
            parent.children.pop(path[-1], None)
            parent.damaged.add(path[-1])

    def is_damaged(self, *keys: str) -> bool:
        """Tell whether something wrong was taken out of one of these values."""
        return any(self._is_damaged(key) for key in keys)

    def _is_damaged(self, key: str) -> bool:
        child = self.children.get(key)
        return key in self.damaged or (child is not None and bool(child.damaged))


def from_data(data: object, path: Path = ()) -> Node:
    """Make a tree of plain data; raise `TypeError` for what YAML could not hold either."""
    if isinstance(data, Mapping):
        node = Node(path, "mapping")
        for key, value in data.items():
            node.children[str(key)] = from_data(value, (*path, str(key)))
        return node
    if isinstance(data, list | tuple):
        node = Node(path, "sequence")
        for i, item in enumerate(data):
            node.children[i] = from_data(item, (*path, i))
        return node
    if data is None or isinstance(data, str | bool | int | float):
        return Node(path, "scalar", data, None if data is None else str(data))
    raise TypeError(f"{type(data).__name__} is no plain data")
