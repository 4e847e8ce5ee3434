from ipaddress import ip_network

import pytest

from corsproxy.core.messages import Client, Passage, RequestHead, ResponseHead, index_fields
from corsproxy.core.targets import Target
from corsproxy.core.trust import TrustedProxies
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
    assert Client("a") == Client("a", scheme="http", loopback=False, proxies=None)
    assert Passage(Verdict(), None, Client(None)) == Passage(
        Verdict(), None, Client(None), b"", None, None
    )
    assert ResponseHead(200, b"OK", ()).fields == ()


TRUSTED = TrustedProxies((ip_network("127.0.0.0/8"),), unix=True)
PEER = Client("127.0.0.1", loopback=True, proxies=TRUSTED)


@pytest.mark.parametrize(
    ("client", "fields", "asks", "host"),
    [
        pytest.param(
            PEER, [(b"X-Forwarded-For", b"192.0.2.1"), (b"X-Forwarded-Proto", b"https")],
            Client("192.0.2.1", "https", loopback=False, proxies=TRUSTED), b"p",
            id="another machine's client",
        ),
        pytest.param(
            PEER, [(b"X-Forwarded-For", b"127.0.0.1"), (b"X-Forwarded-Host", b"localhost:3443")],
            PEER, b"localhost:3443", id="this machine's client",
        ),
        pytest.param(PEER, [], PEER, b"p", id="a trusted peer that says nothing"),
        pytest.param(
            Client(None, proxies=TRUSTED), [(b"X-Forwarded-For", b"192.0.2.1")],
            Client("192.0.2.1", proxies=TRUSTED), b"p", id="a client behind a unix socket",
        ),
        pytest.param(Client("127.0.0.1", loopback=True), [(b"X-Forwarded-For", b"192.0.2.1")],
                     Client("127.0.0.1", loopback=True), b"p", id="nobody's word is taken"),
    ],
)  # fmt: skip
def test_who_asks_and_for_what_as_it_is_believed(
    client: Client, fields: list[tuple[bytes, bytes]], asks: Client, host: bytes
):
    fields = [(b"Host", b"p"), *fields]
    head = RequestHead(b"GET", Target(b"/"), 1, fields, index_fields(fields))

    assert client.believed(head) == (asks, host)
