"""pydantic's errors as problems: with the place in the file, and in this program's words."""

import json
import re
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from corsproxy.config import slips
from corsproxy.config.keys import models
from corsproxy.config.model import Table
from corsproxy.config.report import Report
from corsproxy.config.scalars import NotTextError, is_off, kind_of
from corsproxy.config.tree import Node

_KEYS = frozenset(name for _, model in models(Table) for name in model.model_fields)


def validate(root: Node, report: Report) -> Table:
    """Validate a tree; what is wrong is a problem, and is taken out, so that the rest is judged."""
    while True:
        try:
            return Table.model_validate(root.plain())
        except ValidationError as error:
            # found first, taken out then: an index holds only until the list is shorter
            found = [(detail, root.at(detail["loc"])) for detail in error.errors()]
        for detail, node in found:
            _tell(detail, node, report)
            root.prune(node.path)


def _tell(detail: ErrorDetails, node: Node, report: Report) -> None:
    kind = detail["type"]
    if kind in {"tuple_type", "model_type", "dict_type"}:
        what, write = _wrong_kind(kind, node)
        report.add(node, what, write)
    else:
        wrong = detail["ctx"]["error"]
        write = wrong.write
        if isinstance(wrong, NotTextError) and node.text is not None:
            write = json.dumps(node.text)
        tell = report.add_key if detail["loc"][-1] == "[key]" else report.add
        tell(node, wrong.what, write)


def _wrong_kind(kind: str, node: Node) -> tuple[str, str | None]:
    value = node.plain()
    if isinstance(value, str) and (slip := slips.without_blank(value, _KEYS)):
        dash = "- " if kind == "tuple_type" else ""
        return "a blank is missing behind the colon", dash + slip
    if kind == "tuple_type":
        if isinstance(value, dict) and node.path == ("routes",):
            return f"expected a list, got {kind_of(value)}", _as_list(value)
        if isinstance(value, str) and re.fullmatch(r"-\S+( -\S+)*", value):
            items = [item.removeprefix("-") for item in value.split()]
            return "a blank is missing behind the dash", json.dumps(items)
        items = re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else []
        return f"expected a list, got {kind_of(value)}", json.dumps(items) if items else None
    if node.path == ("cors",) and is_off(value):
        return "`off` stands on a route, and leaves CORS to its upstream", None
    return f"expected a mapping, got {kind_of(value)}", None


def _as_list(routes: Mapping[str, object]) -> str | None:
    """Say how routes stand that were written as one mapping, by their paths or altogether."""
    for key, value in routes.items():
        if key.startswith("/"):
            named = value.get("upstream") if isinstance(value, dict) else value
            upstream = named if isinstance(named, str) else "http://localhost:8000"
            return f"- path: {key}, and in the line under it upstream: {upstream}"
        return f"a dash and a blank before its first key: - {key}"
    return None
