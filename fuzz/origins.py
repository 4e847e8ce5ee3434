"""The law of origins: a value that is written as it was read, or an `OriginSyntaxError`."""

import re

from corsproxy.core.origins import (
    MAX_ORIGIN_LENGTH,
    Origin,
    OriginPattern,
    OriginSyntaxError,
    compile_origins,
    parse_octets,
)
from fuzz.clock import within
from fuzz.mutate import literals

TOKENS = [
    b"https://", b"http://", b"://", b"*.", b":*", b":443", b":80", b":65536", b"null", b"*",
    b"[::1]", b"[", b"]", b"xn--", b"0x7f.1", b"127.1", b"localhost", b"\xc3\xbc", b"\xe2\x84\xaa",
    b".", b"..", b"@", b"/", b"\\", b"?", b"#", b",", b" ", b"%00", b"\xc4\xb0", b"\xef\xbc\x8e",
]  # fmt: skip

# Sets of origins, and what an origin that they allow looks like.
_SETS = [
    (compile_origins(["*"]), re.compile(rb"[a-z][a-z0-9+.\-]*://[^/?#@\\,\s]+")),
    (compile_origins(["null", "https://app.example.com"]), re.compile(rb"null|https://app\.example\.com")),
    (compile_origins(["https://*.example.com"]), re.compile(rb"https://[a-z0-9_.\-]+\.example\.com")),
    (compile_origins(["http://localhost:*"]), re.compile(rb"http://localhost(:[1-9][0-9]{0,4})?")),
    (compile_origins([], [r"https://[a-z]+\.test"]), re.compile(rb"https://[a-z]+\.test")),
]  # fmt: skip


def seeds() -> list[bytes]:
    """Return what the tables of origins and hosts hold."""
    found = literals("core/test_origins*.py", "core/test_hosts.py", "config/test_patterns.py")
    origins = [text for text in found if parse_octets(text) is not None]
    return found + origins * (len(found) // len(origins))


def check(data: bytes) -> bool:
    """Try one text in every way an origin is read."""
    with within(0.1):
        return _check(data)


def _check(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    origin, pattern = _parse(Origin, text), _parse(OriginPattern, text)
    assert origin is None or pattern is not None, "an origin is a pattern too"
    octets = parse_octets(data)
    if data.isascii() and len(data) <= MAX_ORIGIN_LENGTH:
        assert octets == origin
    else:
        assert octets is None
    for allowed, shape in _SETS:
        if allowed.allows(data):
            assert shape.fullmatch(data), f"{allowed} allows it"
        near = origin and allowed.near_miss(origin)
        assert near is None or near.isprintable()
    if pattern is not None and pattern.exact:
        assert compile_origins([text]).allows(data)
        assert not compile_origins([text]).allows(data + b".evil")
    return pattern is not None


def _parse(kind: type[Origin] | type[OriginPattern], text: str) -> Origin | OriginPattern | None:
    try:
        value = kind.parse(text)
    except OriginSyntaxError as error:
        _check_refusal(error)
        return None
    assert str(value) == text
    assert hash(value) == hash(kind.parse(text))
    return value


def _check_refusal(error: OriginSyntaxError) -> None:
    assert error.what.isprintable()
    write = error.write
    if write is not None and "://" in write and " " not in write:
        assert str(OriginPattern.parse(write)) == write
