"""Keys that are not known where they stand: what they may have meant, or where they belong."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from corsproxy.config.model import Table
from corsproxy.config.problems import Path
from corsproxy.config.report import Report
from corsproxy.config.suggestions import alike, named, needless, otherwise
from corsproxy.config.tree import Node

Finder = Callable[[str, Collection[str]], str | None]

_ROUTE = ("routes", 0)
_TOP_ONLY = frozenset({(*_ROUTE, "timeouts"), (*_ROUTE, "limits")})


def refuse_unknown(root: Node, report: Report) -> None:
    """Tell of every key that its mapping doesn't know, and take it out."""
    _refuse(root, root, report)


def _refuse(root: Node, node: Node, report: Report) -> None:
    where = tuple(part if isinstance(part, str) else 0 for part in node.path)
    model = _MODELS.get(where)
    if node.kind == "mapping" and model:
        for key in [key for key in node.children if key not in model.model_fields]:
            _tell_unknown(node.children[key], node, where, report)
            root.prune((*node.path, key))
    for child in node.children.values():
        _refuse(root, child, report)


def models(model: type[BaseModel], path: Path = ()) -> Iterator[tuple[Path, type[BaseModel]]]:
    """Yield every model of a table with the keys that lead to it; any index is 0."""
    yield path, model
    for name, field in model.model_fields.items():
        item = (0,) if get_origin(field.annotation) is tuple else ()
        for child in _models_in(field.annotation):
            yield from models(child, (*path, name, *item))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 what typing takes
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


_OF_OTHERS = frozenset({"server", "servers"})  # where others begin, and not with an upstream
_PASTED = re.compile(r"(routes\[\d+\]|\w+)((?:\.\w+)*)\.(\w+)(?:\[\d+\])?")
_MODELS = dict(models(Table))


def _tell_unknown(node: Node, parent: Node, where: Path, report: Report) -> None:
    key = str(node.path[-1])
    if what := needless(key, where):
        report.add_key(node, what)
        return
    if where in _TOP_ONLY and key in _MODELS[where[2:]].model_fields:
        what = "this holds before a route is known, or for all of them"
        report.add_key(node, what, f"it in the top-level `{where[-1]}`")
        return
    known = _MODELS[where].model_fields
    near = named(key, known)
    write = (
        near
        or (None if where else _pasted(key))
        or otherwise(key, where)
        or _other_place(key, where, named)
        or (near := alike(key, known))
    )
    write = write or _other_place(key, where, alike)
    if near:
        parent.damaged.add(near)
    what = "unknown key" if write else "unknown key; known are " + ", ".join(known)
    report.add_key(node, what, write)


def _pasted(key: str) -> str | None:
    """Say where a key belongs that stands as problems name it: `routes[1].cors.max_age`."""
    match = _PASTED.fullmatch(key)
    if not match:
        return None
    first, between, name = match.groups()
    of_route = first.startswith("routes[")
    model = _MODELS.get((*(_ROUTE if of_route else (first,)), *between.split(".")[1:]))
    if model is None or name not in model.model_fields:
        return None
    if of_route:
        return f"{name} under the `{between[1:]}` of {first}" if between else f"{name} in {first}"
    return f"{name} under `{first}{between}`"


def _other_place(key: str, where: Path, find: Finder) -> str | None:
    """Say where a key stands that is known, but not here."""
    for name in ("cors", "timeouts", "limits"):
        model = _MODELS.get((*where, name))
        if model and (there := find(key, model.model_fields)):
            return f"{there} under `{name}`"
    if not where and key not in _OF_OTHERS and (there := find(key, _MODELS[_ROUTE].model_fields)):
        return f"{there} in a route"
    return f"{key} at the top level" if where and key in Table.model_fields else None
