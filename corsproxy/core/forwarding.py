"""Who asks, as it is told to the upstream: X-Forwarded-* and Forwarded (RFC 7239)."""

from functools import lru_cache

from corsproxy.core.fields import Field, Fields

_NAMES = frozenset({b"forwarded", b"x-real-ip"})
_LISTS = frozenset({b"x-forwarded-for", b"forwarded"})


def is_forwarding(key: bytes) -> bool:
    """Tell whether a field, named in lower case, says who the client is.

    Anyone could have written it, so it is replaced unless the peer is trusted. WSGI and CGI
    servers fold `_` and `-` together, so the twins are meant too (CVE-2025-64484).
    """
    if not key.startswith((b"x", b"forwarded")):
        return False
    name = folded(key)
    return name.startswith(b"x-forwarded-") or name in _NAMES


def folded(key: bytes) -> bytes:
    """Return a name in lower case as WSGI and CGI servers compare it: `_` and `-` are one."""
    return key.replace(b"_", b"-")


@lru_cache(1024)  # a client asks more than once
def who_asks(address: str | None, scheme: str, host: bytes) -> tuple[Field, ...]:
    """Return the fields that tell the client's address, its scheme and the host it asked for.

    `address` is None on a unix socket, `host` is empty where none was asked for.
    """
    fields: list[Field] = []
    node, proto = "unknown", scheme.encode()
    if address is not None:
        address = address.partition("%")[0]  # a zone means nothing to another machine
        fields.append((b"X-Forwarded-For", address.encode()))
        node = f'"[{address}]"' if ":" in address else address
    fields.append((b"X-Forwarded-Proto", proto))
    elements = [b"for=" + node.encode()]
    if host:
        fields.append((b"X-Forwarded-Host", host))
        plain = host.replace(b".", b"").replace(b"-", b"").isalnum()
        elements.append(b"host=" + (host if plain else b'"' + host + b'"'))
    fields.append((b"Forwarded", b";".join([*elements, b"proto=" + proto])))
    return tuple(fields)


def extended(fields: Fields, ours: Fields) -> list[Field]:
    """Return what a trusted peer's `fields` say of who asks, with `ours` behind it.

    Lines of one name become one. The two lists are extended; what has one value is what the first
    proxy saw, and ours where nothing is said. Twins stay out: no proxy writes them.
    """
    said: dict[bytes, Field] = {}
    for name, value in fields:
        key = name.lower()
        if value and is_forwarding(key) and b"_" not in key:
            said[key] = _folded_into(said.get(key), (name, value))
    for name, value in ours:
        key = name.lower()
        if key in _LISTS or key not in said:
            said[key] = _folded_into(said.get(key), (name, value))
    return list(said.values())


def _folded_into(line: Field | None, more: Field) -> Field:
    return more if line is None else (line[0], line[1] + b", " + more[1])
