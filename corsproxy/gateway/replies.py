"""What is found out of a response's head: the head itself, and how its content ends."""

from enum import Enum, auto
from typing import NamedTuple

from corsproxy.core.messages import ResponseHead


class Framing(Enum):
    """How the end of a response's content is found (RFC 9112 §6.3)."""

    NONE = auto()
    LENGTH = auto()
    CHUNKED = auto()
    CLOSE = auto()


class Reply(NamedTuple):
    """A response head, interim or final, and how its content is framed.

    `length` is that of the content in octets, where the framing says so.
    """

    head: ResponseHead
    framing: Framing
    persistent: bool = True
    length: int = 0
