"""A route table with what was learnt in its policies: they change, and all else stays."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from corsproxy.config.splicing import NotEditableError, Splicer, find, merged_pairs, own
from corsproxy.core.advice import flow_list, quoted
from corsproxy.core.dangers import dangers
from corsproxy.core.decisions import Decision, decisions
from corsproxy.core.learning import TOP, Learnt, Usage

HEAD = "# learnt: "
MARK = HEAD + "by corsproxy run --learn, which writes over this file while this line leads it"

_UNLEARNT = {
    "allow_origins": "[]",
    "allow_methods": "[]",
    "allow_headers": "[]",
    "expose_headers": "[]",
    "allow_credentials": "false",
    "dangerously_allow": "[]",
}
_REPLACED = frozenset({*_UNLEARNT, "allow_origin_regex", "mode"})
_WIDTH = 100
_MOST_NAMED = 10
_ALIAS = re.compile(r"\s*:\s*\*[^\s,\[\]{}]+")
_STRING = "tag:yaml.org,2002:str"

Edit = tuple[int, int, str]  # from, to, and what goes there


def is_ours(text: str) -> bool:
    """Tell whether a text is one that was written here."""
    return text.startswith(MARK)


def _without_head(text: str) -> str:
    """Return a text without the lines that were put before it."""
    lines = text.splitlines(keepends=True)
    while lines and lines[0].startswith(HEAD):
        del lines[0]
    return "".join(lines)


def written(source: str, learnt: Learnt, remarks: Sequence[str] = ()) -> str:
    """Return a table's text with policies that allow what was learnt, and no more.

    Of the policies that are there, what can't be learnt is kept: `max_age`, `tests`, ... The top
    level allows every origin, so that any page can read what no route serves. `remarks` are put at
    the top. Raises `NotEditableError` where the text is written in a way that can't be changed.
    """
    try:
        rewriter = _Rewriter(_without_head(source), learnt)
    except yaml.YAMLError as error:
        raise NotEditableError from error
    said = [HEAD + remark for remark in (*_remarks(learnt), *rewriter.unused(), *remarks)]
    return rewriter.line_break.join([MARK, *said, rewriter.rewritten()])


def _remarks(learnt: Learnt) -> Iterator[str]:
    yield "whoever used the proxy meanwhile is below: take out what you don't know"
    yield "each `decide` is a question for you; `corsproxy check` tells the rest"
    used = {place: usage for place, usage in learnt.usages.items() if place != TOP}
    without = [place for place, usage in used.items() if not usage.credentialed]
    if without:
        yield f"no cookies came at {_named(sorted(without))}: a page that asks there with"
        yield "    credentials: 'include' all the same needs allow_credentials: true"


def _named(places: Sequence[str]) -> str:
    more = f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
    return ", ".join(places[:_MOST_NAMED]) + more


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key of a policy with its value, and the questions before it; `kept` is as it was."""

    key: str
    value: str
    questions: Sequence[str] = ()
    kept: bool = False

    def lines(self, *, end: str) -> Iterator[str]:
        for question in self.questions:
            yield from _wrapped(f"# decide: {question}", "#   ")
        line = f"{self.key}: {self.value}{end}"
        yield from [line] if self.kept else _wrapped(line, "  ")


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(
        line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


class _Rewriter(Splicer):
    """Makes all edits of one text."""

    def __init__(self, text: str, learnt: Learnt) -> None:
        super().__init__(text)
        self._learnt = learnt

    def rewritten(self) -> str:
        edits = sorted(self._edits())
        text = self.text
        last = len(text)
        for start, end, new in reversed(edits):
            if end > last:
                raise NotEditableError  # two routes are one text
            text = text[:start] + new + text[end:]
            last = start
        return text if text.endswith("\n") else text + self.line_break

    def unused(self) -> Iterator[str]:
        """Say which routes no page used."""
        routes = find(self.root, "routes")
        indices = range(len(routes.value)) if isinstance(routes, yaml.SequenceNode) else ()
        places = [f"routes[{i}]" for i in indices]
        unused = [place for place in places if place not in self._learnt.usages]
        if unused:
            yield f"no page used {_named(unused)}"

    def _edits(self) -> Iterator[Edit]:
        root = self.root
        pair = own(root, "routes") if isinstance(root, yaml.MappingNode) else None
        if not isinstance(root, yaml.MappingNode) or pair is None:
            raise NotEditableError
        key, routes = pair
        top = self._learnt.top
        entries = list(_entries(top, _UNLEARNT, (), find(root, TOP)))
        if own(root, TOP):
            yield self._replaced(root, entries)
        else:
            start = key.start_mark.index
            after = ", " if root.flow_style else self.line_break + self.indent(start)
            yield start, start, self._policy(entries, root) + after
        for i, route in enumerate(routes.value):
            usage = self._learnt.usages.get(f"routes[{i}]", top)
            yield from self._route(route, usage, top)

    def _route(self, route: yaml.Node, usage: Usage, top: Usage) -> Iterator[Edit]:
        was = find(route, "cors")
        if isinstance(was, yaml.ScalarNode):
            return  # off: the upstream answers for itself
        if not isinstance(route, yaml.MappingNode):
            raise NotEditableError
        entries = list(_entries(usage, _texts(top), decisions(top), was))
        if own(route, "cors"):
            yield self._replaced(route, entries)
        elif entries:
            at, new = self.slot_for_key(route, self._policy(entries, route))
            yield at, at, new

    def _replaced(self, parent: yaml.MappingNode, entries: Sequence[_Entry]) -> Edit:
        pair = own(parent, "cors")
        if pair is None:
            raise NotEditableError
        key, value = pair
        return key.start_mark.index, self._end_of(key, value), self._policy(entries, parent)

    def _end_of(self, key: yaml.Node, value: yaml.Node) -> int:
        """Return where a value ends; what follows one in lines belongs to the next key."""
        after: int = key.end_mark.index
        if value.start_mark.index < after:
            found = _ALIAS.match(self.text, after)
            if found is None:
                raise NotEditableError
            return found.end()
        end: int = value.end_mark.index
        if not isinstance(value, yaml.MappingNode) or value.flow_style:
            return end
        lines = self.text[after:end].splitlines(keepends=True)
        while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
            end -= len(lines.pop())
        return end - len(lines[-1]) + len(lines[-1].rstrip()) if lines else end

    def _policy(self, entries: Sequence[_Entry], parent: yaml.MappingNode) -> str:
        if not entries:
            return "cors: {}"
        flow, first = parent.flow_style, parent.value[0][0].start_mark.index
        # in brackets what counts is to stand further in than the line does
        outer = self.line_break + (self.margin(first) + "  " if flow else self.indent(first))
        lines = [line for entry in entries for line in entry.lines(end="," if flow else "")]
        text = (outer + "  ").join(["cors:" + (" {" if flow else ""), *lines])
        return text + outer + "}" if flow else text


def _entries(
    usage: Usage,
    inherited: Mapping[str, str],
    asked: Sequence[Decision],
    was: yaml.Node | None,
) -> Iterator[_Entry]:
    """Yield what a policy says beyond what it inherits; `asked` are the questions asked there."""
    questions = [one for one in decisions(usage) if one not in asked]
    for key, value in _texts(usage).items():
        own_questions = [one.what for one in questions if one.key == key]
        if value != inherited[key] or own_questions:
            yield _Entry(key, value, own_questions)
    for key, node in merged_pairs(was).items():
        if key not in _REPLACED:
            yield _Entry(key, _flow(node), kept=True)


def _texts(usage: Usage) -> dict[str, str]:
    policy = usage.policy
    origins = [str(pattern) for pattern in policy.origins.patterns]
    return {
        "allow_origins": flow_list([*origins, "null"] if policy.origins.null else origins),
        "allow_methods": flow_list(policy.methods),
        "allow_headers": flow_list(policy.headers),
        "expose_headers": flow_list(policy.expose),
        "allow_credentials": "true" if policy.credentials else "false",
        "dangerously_allow": flow_list(dangers(policy)),
    }


def _flow(node: yaml.Node) -> str:
    """Write a node in one line, as it is: nothing is substituted, and aliases are resolved."""
    if isinstance(node, yaml.SequenceNode):
        return "[" + ", ".join(map(_flow, node.value)) + "]"
    if isinstance(node, yaml.MappingNode):
        pairs = merged_pairs(node).items()
        return "{" + ", ".join(f"{_text(key)}: {_flow(value)}" for key, value in pairs) + "}"
    value: str = node.value
    return _text(value) if node.tag == _STRING else value


def _text(value: str) -> str:
    return quoted(value) if value.isprintable() else json.dumps(value)
