"""`${NAME}` and `${NAME:-default}` in text values, taken from the environment after parsing.

Only scalars are touched, and each stays one scalar, so a value can never change the structure.
"""

import re
from collections.abc import Mapping

from corsproxy.config.problems import WrongValueError
from corsproxy.config.report import Report
from corsproxy.config.scalars import Substituted
from corsproxy.config.tree import Node

_REFERENCE = re.compile(r"(\$)?\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\})?")


def substitute(root: Node, environ: Mapping[str, str], report: Report) -> None:
    """Put the environment's values in place, all over the tree.

    What can't be replaced is a problem, and is taken out of the tree.
    """
    _substitute(root, root, environ, report)


def _substitute(root: Node, node: Node, environ: Mapping[str, str], report: Report) -> None:
    for child in list(node.children.values()):
        _substitute(root, child, environ, report)
    if not isinstance(node.scalar, str) or "${" not in node.scalar:
        return
    wrong: list[WrongValueError] = []
    replaced = _replace(node.scalar, environ, wrong)
    for one in wrong:
        report.add(node, one.what, one.write)
    if wrong:
        root.prune(node.path)
    node.scalar = replaced


def _replace(text: str, environ: Mapping[str, str], wrong: list[WrongValueError]) -> str:
    """Replace every reference in a text, and `$${` by a literal `${`; gather what can't be."""

    def value_of(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        name, default = match[2], match[3]
        # as in a shell, :- stands in for an empty value too
        value = environ.get(name or "") if default is None else environ.get(name) or default
        if name is None:
            what = "this is no ${NAME} or ${NAME:-default}"
            wrong.append(WrongValueError(what, "$${ for a literal ${"))
        elif value is None:
            what = f"{name} is not in the environment"
            wrong.append(WrongValueError(what, f"${{{name}:-default}}, or set it"))
        return value or ""

    escaped = all(match[1] for match in _REFERENCE.finditer(text))
    replaced = _REFERENCE.sub(value_of, text)
    return replaced if escaped else Substituted(replaced)
