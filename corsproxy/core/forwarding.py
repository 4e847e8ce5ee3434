"""Who asks, as it is told to the upstream: X-Forwarded-* and Forwarded (RFC 7239)."""

from functools import lru_cache

from corsproxy.core.fields import Field

_NAMES = frozenset({b"forwarded", b"x-real-ip"})


def is_forwarding(key: bytes) -> bool:
    """Tell whether a field, named in lower case, says who the client is.

    Anyone could have written it, so it is replaced. WSGI and CGI servers fold `_` and `-`
    together, so the twins are meant too (CVE-2025-64484).
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
