"""The law of the route table: a `Config`, or a `ConfigError` whose problems are lines."""

import zlib

from corsproxy.config import Config, ConfigError, load_text
from fuzz.clock import within
from fuzz.mutate import ROOT, literals

_ROUTES = b"routes: [{upstream: 'http://a', cors: off}]\n"
_ENVIRON = {"A": "a", "NAME": "x: y", "EMPTY": "", "HTTP_PROXY": "http://u:p@proxy:3128"}

TOKENS = [
    b"routes:", b"cors:", b"upstream:", b"listen:", b"path:", b"allow_origins:", b"max_age:",
    b"${A}", b"${B:-x}", b"$", b"&a ", b"*a", b"<<: *a", b"!!", b"!!python/none", b"!!binary ",
    b"- ", b": ", b"[", b"]", b"{", b"}", b"|\n", b">\n", b"'", b'"', b"\n", b"\n  ", b"#",
    b"---\n", b"...\n", b"%YAML 1.1\n", b"? ", b"off", b"null", b"~", b".inf", b".nan", b"0x10",
    b"1e999", b"1_0", b"2001-01-01", b"99999999999999999999", b"-1", b"20d", b"(a+)+",
    b"{99999999999}", b"\\ud800", b"\\x00", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85",
    b"unix:/", b"[::1]:0",
]  # fmt: skip


def seeds() -> list[bytes]:
    """Return the tables that the tests load, and those that come with the proxy."""
    found = [path.read_bytes() for path in sorted((ROOT / "config").glob("*.y*ml"))]
    for text in literals("config/test_*.py", "cli/test_check.py"):
        if b":" in text and b" " in text:
            found += [text] if b"routes" in text else [text, _ROUTES + text]
    loaded = [text for text in found if isinstance(_load(text.decode("utf-8", "replace")), Config)]
    return found + loaded * (len(found) // len(loaded))


def check(data: bytes) -> bool:
    """Load one text as a route table, and now and then once more."""
    text = data.decode("utf-8", "replace")
    with within(2.0):
        first = _load(text)
    if zlib.crc32(data) % 8 == 0:
        assert _load(text) == first, "the same text, and another outcome"
    problems = first if isinstance(first, tuple) else first.warnings
    assert problems or isinstance(first, Config), "refused without a reason"
    for problem in problems:
        line = str(problem)
        assert line.isprintable(), "a problem that is no line"
        assert line.startswith("fuzz.yaml")
    return isinstance(first, Config)


def _load(text: str) -> object:
    try:
        return load_text(text, "fuzz.yaml", _ENVIRON)
    except ConfigError as error:
        return error.problems
