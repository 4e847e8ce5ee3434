import pytest

from corsproxy.core.messages import Client, Passage, RequestHead, ResponseHead, index_fields
from corsproxy.core.targets import Target
from corsproxy.core.verdicts import Verdict


def test_fields_are_indexed_by_name_in_order():
    fields = [(b"A", b"1"), (b"b", b"2"), (b"a", b"3"), (b"A", b"")]

    assert index_fields(fields) == {b"a": [b"1", b"3", b""], b"b": [b"2"]}


@pytest.mark.parametrize(
    ("target", "fields", "host"),
    [
        pytest.param(Target(b"/"), [(b"hOST", b"a:80")], b"a:80", id="Host"),
        pytest.param(Target(b"/", None, b"b"), [(b"Host", b"a")], b"b", id="R9: absolute form"),
        pytest.param(Target(b"/", None, b""), [(b"Host", b"a")], b"", id="R9: even an empty one"),
        pytest.param(Target(b"/"), [], b"", id="none"),
    ],
)
def test_the_host_asked_for(target: Target, fields: list[tuple[bytes, bytes]], host: bytes):
    assert RequestHead(b"GET", target, 1, fields, index_fields(fields)).host == host


def test_what_is_not_said_is_the_plain_case():
    assert Client("a") == Client("a", scheme="http", loopback=False)
    assert Passage(Verdict(), None, Client(None)) == Passage(
        Verdict(), None, Client(None), b"", None, None
    )
    assert ResponseHead(200, b"OK", ()).fields == ()
