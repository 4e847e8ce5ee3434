"""The problems of one document, gathered as they are found."""

import re
from dataclasses import dataclass, field

from corsproxy.config.problems import Level, Problem, Scalar, path_text
from corsproxy.config.tree import Node, Place

_SECRET_KEYS = frozenset({"request_headers", "response_headers", "proxy"})
# tried only where a word begins, so that no text takes quadratic time
_USERINFO = re.compile(r"(?<![^/@\s\"'])[^/@:\s\"']*:[^/@\s\"']*@")


@dataclass(slots=True)
class Report:
    """Takes down problems of `file`; tells nothing that may be secret."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def add(
        self, node: Node, what: str, write: str | None = None, *, level: Level = "error"
    ) -> None:
        """Take down what is wrong with a value."""
        self._add(node, node.place, _shown(node), (what, write, level))

    def add_key(
        self, node: Node, what: str, write: str | None = None, *, level: Level = "error"
    ) -> None:
        """Take down what is wrong with a key, whatever its value."""
        self._add(node, node.key_place or node.place, None, (what, write, level))

    def add_place(self, place: Place | None, what: str, write: str | None, value: Scalar) -> None:
        """Take down what is wrong where there is no node yet."""
        self._add(Node((), "scalar"), place, value, (what, write, "error"))

    def _add(
        self,
        node: Node,
        place: Place | None,
        value: Scalar,
        said: tuple[str, str | None, Level],
    ) -> None:
        what, write, level = said
        write = write and _masked(write)
        line, column = place or (None, None)
        path = path_text(node.path)
        self.problems.append(Problem(self.file, what, path, value, write, line, column, level))

    @property
    def failed(self) -> bool:
        """Whether there is an error among the problems."""
        return any(problem.level == "error" for problem in self.problems)


def _shown(node: Node) -> Scalar:
    """Return the value to show: no password, and no secret that came from the environment."""
    value = node.scalar
    if not isinstance(value, str):
        return value
    if _SECRET_KEYS.intersection(node.path) and node.text is not None:
        value = node.text
    return _masked(value)


def without_passwords(line: str) -> str:
    """Return a line of a file with passwords of URLs put out of sight; it stays as long."""
    return _USERINFO.sub(lambda match: "*" * (len(match[0]) - 1) + "@", line)


def _masked(text: str) -> str:
    return _USERINFO.sub("…@", text)
