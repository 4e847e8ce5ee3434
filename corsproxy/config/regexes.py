"""What a regular expression matches: a few texts, and whether one can keep it busy for hours.

Python's own parser is asked for its tree, so that nothing here has to know the syntax.
"""

import re
import string
import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

_parser: Any = import_module("re._parser")

Items = Sequence[tuple[Any, Any]]  # an operation and its argument, as the parser has them

_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_PLACES = frozenset({"AT", "ASSERT", "ASSERT_NOT"})
_MOST = 32  # texts made of one expression
_LONGEST = 300  # characters of a text
_MANY = 10  # repeats that are as good as unbounded
# in the order in which a class is asked what it may stand for
_CHARACTERS = string.ascii_lowercase + string.digits[1:] + "0-._:/" + string.ascii_uppercase
_ALPHABET = frozenset(_CHARACTERS + string.punctuation + " ")
_CATEGORIES = {
    "CATEGORY_DIGIT": frozenset(string.digits),
    "CATEGORY_WORD": frozenset(string.ascii_letters + string.digits + "_"),
    "CATEGORY_SPACE": frozenset(" "),
}
# an escape, a class, or a dot that stands between the characters of a name
_DOT = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?<![:/^])(\.)(?=[A-Za-z0-9](?![*?{]))", re.DOTALL
)


def samples(regex: re.Pattern[str]) -> list[str]:
    """Return a few texts that an expression matches whole; none where none was found."""
    found: dict[str, None] = {}
    for text in _texts(_parse(regex)):
        for near in (text, text.lower(), f"https://{text}"):
            if len(near) <= _LONGEST and regex.fullmatch(near):
                found[near] = None
    return list(found)


def is_explosive(regex: re.Pattern[str]) -> bool:
    r"""Tell whether a repeat in a repeat can split one text in so many ways that none ends.

    `([a-z]+)+` can; `([a-z]+\.)+` can't, for the dot says where each part ends.
    """
    return _explodes(_parse(regex))


def with_dots_escaped(pattern: str) -> str:
    r"""Return an expression in which every dot that was meant as one is `\.`."""
    return _DOT.sub(lambda match: r"\." if match[1] else match[0], pattern)


def _parse(regex: re.Pattern[str]) -> Items:
    with warnings.catch_warnings(action="ignore"):  # as when it was compiled
        items: Items = _parser.parse(regex.pattern)
    return items


def _texts(items: Items) -> list[str]:
    texts = [""]
    for operation, argument in items:
        tails = _of_item(operation.name, argument)
        texts = [head + tail for tail in tails for head in texts][:_MOST]
        if any(len(text) > _LONGEST for text in texts):
            return []
    return texts


def _of_item(operation: str, argument: Any) -> list[str]:  # noqa: ANN401 as the parser has it
    if operation == "LITERAL":
        return [chr(argument)]
    if operation == "ANY":
        return [".", "x"]
    if operation in {"NOT_LITERAL", "IN"}:
        alphabet = _alphabet(operation, argument)
        return next(([c] for c in _CHARACTERS if c in alphabet), [])
    if operation in _REPEATS:
        return _repeated(*argument)
    if operation in _PLACES:
        return [""]
    # a group or an alternation; what refers to another group has no body, and no text
    return [text for body in _bodies(operation, argument) for text in _texts(body)][:_MOST]


def _repeated(least: int, most: int, body: Items) -> list[str]:
    if least > _LONGEST:
        return []
    once = [text for text in _texts(body) if text != "."] or _texts(body)
    counts = (least, least + 1) if most > least else (least,)
    return [text * count for count in counts for text in once][:_MOST]


def _explodes(items: Items) -> bool:
    for operation, argument in items:
        bodies = _bodies(operation.name, argument)
        if operation.name in {"MAX_REPEAT", "MIN_REPEAT"}:
            most, body = argument[1:]
            if most >= _MANY and any(map(_is_ambiguous, _branches(body))):
                return True
        if any(map(_explodes, bodies)):
            return True
    return False


def _branches(body: Items) -> list[Items]:
    """Return the ways through a body that is one group, or an alternation."""
    if len(body) == 1:
        operation, argument = body[0]
        if operation.name == "SUBPATTERN":
            return _branches(argument[-1])
        if operation.name == "BRANCH":
            return [way for branch in argument[1] for way in _branches(branch)]
    return [body]


def _is_ambiguous(body: Items) -> bool:
    """Tell whether a body holds a repeat, and nothing that must stand between two rounds of it."""
    for i, (operation, argument) in enumerate(body):
        if operation.name not in {"MAX_REPEAT", "MIN_REPEAT"} or argument[1] < _MANY:
            continue
        repeated = _alphabet_of(argument[2])
        others = [item for j, item in enumerate(body) if j != i]
        if not any(_is_needed(*one) and not repeated & _alphabet_of([one]) for one in others):
            return True
    return False


def _is_needed(operation: Any, argument: Any) -> bool:  # noqa: ANN401 as the parser has it
    name = operation.name
    if name in _REPEATS:
        return bool(argument[0]) and any(_is_needed(*item) for item in argument[2])
    bodies = _bodies(name, argument)
    if bodies:
        return all(any(_is_needed(*item) for item in body) for body in bodies)
    return name in {"LITERAL", "NOT_LITERAL", "IN", "ANY"}


def _bodies(operation: str, argument: Any) -> list[Items]:  # noqa: ANN401 as the parser has it
    if operation in _REPEATS:
        return [argument[2]]
    if operation == "BRANCH":
        return list(argument[1])
    if operation == "SUBPATTERN":
        return [argument[-1]]
    return [argument] if operation == "ATOMIC_GROUP" else []


def _alphabet_of(items: Items) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for operation, argument in items:
        found |= _alphabet(operation.name, argument)
    return found


def _alphabet(operation: str, argument: Any) -> frozenset[str]:  # noqa: ANN401 as the parser has it
    """Return the characters, of those that stand in an origin, that an item can match."""
    match operation:
        case "LITERAL":
            return frozenset(chr(argument))
        case "NOT_LITERAL":
            return _ALPHABET - {chr(argument)}
        case "ANY":
            return _ALPHABET
        case "IN":
            return _class(argument)
        case _:
            bodies = _bodies(operation, argument)
            return frozenset().union(*map(_alphabet_of, bodies))


def _class(members: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    found: set[str] = set()
    negated = False
    for operation, argument in members:
        match operation.name:
            case "NEGATE":
                negated = True
            case "LITERAL":
                found.add(chr(argument))
            case "RANGE":
                low, high = argument
                found |= {c for c in _ALPHABET if low <= ord(c) <= high}
            case "CATEGORY":
                name = argument.name
                positive = _CATEGORIES[name.replace("_NOT_", "_")]
                found |= _ALPHABET - positive if "_NOT_" in name else positive
    return _ALPHABET - found if negated else frozenset(found)
