import posixpath
import re

from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.targets import comparable, depth_below, parse, resolved

PATHS = st.lists(
    st.sampled_from(
        [b"/", b"/", b"\\", b"%2f", b"%5C", b".", b"%2e", b"%2E", b"..", b";", b"a", b"b.c", b"%61"]
    ),
    max_size=14,
).map(lambda parts: b"/" + b"".join(parts))


def as_an_upstream_might_read(path: bytes) -> list[str]:
    """Decode first, cut parameters off, then split: the other way round than the code."""
    text = path.decode("ascii")
    for escape, octet in {"%2f": "/", "%5c": "/", "\\": "/", "%2e": ".", "%61": "a"}.items():
        text = re.sub(re.escape(escape), octet, text, flags=re.IGNORECASE)
    return [re.sub(";.*", "", segment) for segment in text.split("/")]


@given(PATHS)
def test_depth_is_that_of_an_upstream_that_decodes_everything(path: bytes):
    """Climbing from below n directories ends outside of them just where n is too small."""
    segments = as_an_upstream_might_read(path)
    dotted = any(segment in (".", "..") for segment in segments)
    lowest = depth_below(path)

    assert (lowest is not None) == dotted
    if lowest is None:
        return
    levels = []
    for end in range(1, len(segments) + 1):
        if segments[end - 1] in (".", ".."):
            root = "/".join(f"root{n}" for n in range(30))
            where = posixpath.normpath("/".join(["/" + root, *segments[1:end]]))
            levels.append(where.count("/") - 30)
    # where the climb leaves and comes back, posixpath knows the same level at every step
    assert lowest == min(levels)


@given(PATHS)
def test_a_resolved_path_is_the_one_an_upstream_would_serve(path: bytes):
    if depth_below(path) is None:
        assert resolved(path) == path
        return
    segments = as_an_upstream_might_read(path)
    expected = posixpath.normpath("/" + "/".join(filter(None, segments)))

    assert comparable(resolved(path)).rstrip(b"/") == expected.encode().rstrip(b"/")


@given(st.binary())
def test_any_octets_are_a_target_or_none(text: bytes):
    target = parse(text)

    if target is None:
        assert not text.startswith(b"/")
        return
    query = b"" if target.query is None else b"?" + target.query
    if target.authority is None:
        assert target.path + query == text.partition(b"#")[0]
    else:
        assert target.path.startswith(b"/")


@given(st.binary().map(lambda text: b"/" + text))
def test_comparing_and_resolving_never_fail_and_keep_the_root(path: bytes):
    assert comparable(path).startswith(b"/")
    assert resolved(path).startswith(b"/")
    depth_below(path)
