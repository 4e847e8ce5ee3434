"""Field names, values, lists and hop-by-hop fields (RFC 9110 §5, §7.6.1)."""

import re
from collections.abc import Iterable, Iterator, Sequence

Field = tuple[bytes, bytes]
Fields = Sequence[Field]

OWS = b" \t"

# RFC 9110 §7.6.1 names the first six; the rest are what real intermediaries consume.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        b"trailer",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-authentication-info",
    }
)

# A Connection field that names one of these would corrupt the message; it is not obeyed.
_NEVER_NOMINATED = frozenset({b"host", b"content-length", b"content-type", b"origin", b"cookie"})

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROLS = bytes({*range(0x20), 0x7F} - {ord(b"\t")})


def is_token(value: bytes) -> bool:
    """Tell whether `value` is a token: a method or a field name (RFC 9110 §5.6.2)."""
    return _TOKEN.fullmatch(value) is not None


def has_control(value: bytes) -> bool:
    """Tell whether `value` holds an octet that no field value may hold (RFC 9110 §5.5)."""
    return len(value.translate(None, _CONTROLS)) != len(value)


def members(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the members of a list field, empty ones left out (RFC 9110 §5.6.1.2)."""
    for line in lines:
        for member in line.split(b","):
            if stripped := member.strip(OWS):
                yield stripped


def nominated(connection: Iterable[bytes]) -> frozenset[bytes]:
    """Return the names, in lower case, that the Connection field says to remove (§7.6.1)."""
    return frozenset(member.lower() for member in members(connection)) - _NEVER_NOMINATED
