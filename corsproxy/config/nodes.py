"""YAML to a tree with places: plain types only, every key once, and aliases within bounds.

Nothing is constructed by PyYAML: its nodes are read here, so that no tag makes an object.
"""

import re
from typing import Any, cast

import yaml

from corsproxy.config import slips
from corsproxy.config.problems import Path, Scalar, WrongValueError
from corsproxy.config.report import Report
from corsproxy.config.tree import Node, Place

MAX_DEPTH = 50
MAX_NODES = 100_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
_COLLECTIONS = {_TAG + "map", _TAG + "seq"}
_TEXT = {_TAG + "str", _TAG + "timestamp", _TAG + "value", _MERGE}
_BOOLEANS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_LONGEST_NUMBER = 40
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_UNESCAPED = "it in single quotes, where a \\ is itself"
_ALIAS = re.compile(r"\*[^\s,\[\]{}]*")


def parse(text: str, report: Report) -> Node | None:
    """Read one YAML document; None where there is none, or where the syntax is wrong."""
    try:
        text.encode()
        document = yaml.compose(text, _LOADER) if _is_shallow(text, report) else None
    except yaml.reader.ReaderError as error:
        # in bytes or in characters, as the loader is: looked for again
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        place = _place_of(text, found.start()) if found else None
        report.add_place(place, f"not YAML: {error.reason}", None, None)
    except yaml.MarkedYAMLError as error:
        _report_syntax(error, text, report)
    except UnicodeEncodeError as error:
        report.add_place(_place_of(text, error.start), "the file is not UTF-8", None, None)
    else:
        return _Builder(report).build(document) if document else None
    return None


def _is_shallow(text: str, report: Report) -> bool:
    """Look at the events first: composing recurses, and in C nothing else would stop it."""
    depth = 0
    for event in yaml.parse(text, _LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            report.add_place(_place(event.start_mark), "nested too deep", None, None)
            return False
    return True


class _Builder:
    """Makes a tree of YAML nodes; what can't be made is a problem, and left out."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.made = 0
        self.around: list[yaml.Node] = []  # what is being made, the document first

    def build(self, document: yaml.Node) -> Node | None:
        try:
            return self._node(document, ())
        except _TooLargeError:
            what = "aliases make the document too large"
            self.report.add_place(_place(document.start_mark), what, None, None)
            return None

    def _node(self, source: yaml.Node, path: Path) -> Node | None:
        self.made += 1
        if self.made > MAX_NODES or len(self.around) > MAX_DEPTH:
            raise _TooLargeError
        node = Node(path, "scalar", place=_place(source.start_mark))
        self.around.append(source)
        try:
            if isinstance(source, yaml.ScalarNode):
                node.text, node.scalar = source.value, _scalar(source.tag, source.value)
            else:
                self._collection(cast("yaml.CollectionNode", source), node)
        except WrongValueError as wrong:
            self.report.add(node, wrong.what, wrong.write)
            return None
        finally:
            self.around.pop()
        return node

    def _collection(self, source: yaml.CollectionNode, node: Node) -> None:
        if source.tag not in _COLLECTIONS:
            raise WrongValueError(f"the tag {_tag_name(source.tag)} is not known here")
        if isinstance(source, yaml.MappingNode):
            node.kind = "mapping"
            self._mapping(source, node)
        else:
            node.kind = "sequence"
            for i, item in enumerate(source.value):
                self._adopt(node, i, item, None)

    def _adopt(
        self, parent: Node, key: str | int, source: yaml.Node, key_place: Place | None
    ) -> None:
        child = self._node(source, (*parent.path, key))
        if child is None:
            parent.damaged.add(key)
        else:
            child.key_place = key_place
            parent.children[key] = child

    def _mapping(self, source: yaml.MappingNode, node: Node) -> None:
        merged = []
        for key, value in source.value:
            place = _place(key.start_mark)
            if key.tag == _MERGE:
                merged.append(value)
            elif not isinstance(key, yaml.ScalarNode):
                self.report.add_place(place, "a key is text", None, None)
            elif twin := node.children.get(key.value):
                line = twin.key_place.line if twin.key_place else None
                second = Node(twin.path, "scalar", key_place=place)
                self.report.add_key(second, f"the key stands here twice, first in line {line}")
            else:
                self._adopt(node, key.value, value, place)
        for other in merged:
            self._merge(other, node)

    def _merge(self, source: yaml.Node, node: Node) -> None:
        """Take over what `<<` names, where the mapping itself says nothing (YAML 1.1, merge)."""
        sources = source.value if isinstance(source, yaml.SequenceNode) else [source]
        for other in sources:
            if not isinstance(other, yaml.MappingNode):
                raise WrongValueError("'<<' merges mappings, and this is none")
            if any(other is one for one in self.around):
                raise WrongValueError("a mapping can't merge itself")
            taken = self._node(other, node.path)
            for key, child in taken.children.items() if taken else ():
                node.children.setdefault(key, child)


class _TooLargeError(Exception):
    pass


def _scalar(tag: str, text: str) -> Scalar:
    """Give a scalar its value by its tag; raise `WrongValueError` where it has none."""
    kind = tag.removeprefix(_TAG)
    try:
        if tag in _TEXT:
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return _BOOLEANS[text.lower()]
        if kind == "int":
            return _integer(text)
        if kind == "float":
            return text if ":" in text else _float(text)
    except (ValueError, KeyError) as error:
        if isinstance(error, WrongValueError):
            raise
        raise WrongValueError(f"{text[:40]!r} can't be read as {_tag_name(tag)}") from error
    raise WrongValueError(f"the tag {_tag_name(tag)} is not known here")


def _integer(text: str) -> int | str:
    if ":" in text:
        return text  # YAML 1.1 would count in sixties; whoever writes 8080:30 means the text
    digits = text.replace("_", "")
    if len(digits) > _LONGEST_NUMBER:
        raise WrongValueError("the number is too long")
    if _OCTAL.fullmatch(digits):
        raise WrongValueError(
            f"YAML 1.1 reads {text} as octal {int(digits, 8)}",
            f'{int(digits)} for the number, "{text}" for the text',
        )
    return int(digits, 0)


def _float(text: str) -> float:
    return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))


def _tag_name(tag: str) -> str:
    return tag.replace(_TAG, "!!")


def _place(mark: Any) -> Place:  # noqa: ANN401 PyYAML has two classes of marks
    return Place(mark.line + 1, mark.column + 1)


def _place_of(text: str, index: int) -> Place:
    line_start = text.rfind("\n", 0, index) + 1
    return Place(text.count("\n", 0, index) + 1, index - line_start + 1)


def _report_syntax(error: yaml.MarkedYAMLError, text: str, report: Report) -> None:
    context, problem = error.context or "", error.problem or ""
    mark = error.problem_mark or error.context_mark
    if "alias" in context or "undefined alias" in problem:
        mark = error.context_mark or mark
        alias = _ALIAS.match(text, mark.index if mark else 0)
        word = alias[0] if alias else "*"
        what = "an unquoted * is YAML's sign for an alias"
        report.add_place(_place(mark) if mark else None, what, f'"{word}"', word)
        return
    said = f"{context}, {problem}" if context else problem
    if "start any token" in problem and mark and text[mark.index : mark.index + 1] == "\t":
        said += ": YAML indents with blanks, not with tabs"
    write = _UNESCAPED if "unknown escape" in problem else None
    if mark and ("mapping values" in problem or "expected ':'" in problem):
        lines = text.splitlines()[: mark.line + 1]
        slip, write = slips.near_end(lines) or ("", None)
        said += slip
    report.add_place(_place(mark) if mark else None, f"not YAML: {said}", write, None)
