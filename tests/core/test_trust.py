"""What is believed of who asks, by rule 24 and RFC 7239; the fields sent are test_forwarding's."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.messages import index_fields
from corsproxy.core.trust import Told, TrustedProxies

NETWORKS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1"))
PROXIES = TrustedProxies(NETWORKS)


def told(lines: bytes, proxies: TrustedProxies = PROXIES) -> Told:
    fields = [line.partition(b": ")[::2] for line in lines.split(b"\r\n") if line]
    return proxies.told(index_fields(fields))


@pytest.mark.parametrize(
    ("proxies", "address", "trusted"),
    [
        pytest.param(PROXIES, "10.1.2.3", True, id="an address of a network"),
        pytest.param(PROXIES, "11.1.2.3", False, id="an address of none"),
        pytest.param(PROXIES, "fd00::1", True, id="IPv6"),
        pytest.param(PROXIES, "fe80::1", False, id="IPv6 of none"),
        pytest.param(PROXIES, "::ffff:10.1.2.3", True, id="IPv4 mapped into IPv6"),
        pytest.param(PROXIES, "::ffff:11.1.2.3", False, id="IPv4 of none, mapped"),
        pytest.param(PROXIES, "", False, id="no address"),
        pytest.param(PROXIES, None, False, id="a unix socket"),
        pytest.param(TrustedProxies(unix=True), None, True, id="a unix socket, where it is"),
        pytest.param(TrustedProxies(unix=True), "10.1.2.3", False, id="and nobody else"),
        pytest.param(TrustedProxies(), "127.0.0.1", False, id="nobody, not even this machine"),
    ],
)
def test_who_is_trusted(proxies: TrustedProxies, address: str | None, trusted: bool):
    assert proxies.trust(address) is trusted


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(b"", None, id="nothing is said"),
        pytest.param(b"X-Forwarded-For: 192.0.2.1", "192.0.2.1", id="one address"),
        pytest.param(b"X-Forwarded-For: 1.2.3.4, 192.0.2.1", "192.0.2.1", id="the last of two"),
        pytest.param(
            b"X-Forwarded-For: 1.2.3.4, 192.0.2.1, 10.0.0.1,fd00::1", "192.0.2.1",
            id="the last that is not trusted",
        ),
        pytest.param(
            b"X-Forwarded-For: 1.2.3.4\r\nx-forwarded-for: 192.0.2.1\r\nX-FORWARDED-FOR: 10.0.0.1",
            "192.0.2.1", id="on several lines",
        ),
        pytest.param(b"X-Forwarded-For: 10.0.0.1, 10.0.0.2", "10.0.0.1", id="all are trusted"),
        pytest.param(b"X-Forwarded-For: 192.0.2.1:4711", "192.0.2.1", id="with a port"),
        pytest.param(b"X-Forwarded-For: 2001:DB8:0::1", "2001:db8::1", id="IPv6, shortened"),
        pytest.param(b"X-Forwarded-For: [2001:db8::1]:80", "2001:db8::1", id="IPv6 with a port"),
        pytest.param(b"X-Forwarded-For: fe80::1%x y", "fe80::1", id="IPv6 without its zone"),
        pytest.param(b"X-Forwarded-For: ::ffff:192.0.2.1", "192.0.2.1", id="IPv4 in IPv6"),
        pytest.param(b"X-Forwarded-For: unknown", None, id="unknown"),
        pytest.param(b"X-Forwarded-For: 1.2.3.4, a\x1bb, 10.0.0.1", "10.0.0.1",
                     id="what is no address ends the walk"),
        pytest.param(b"Forwarded: for=192.0.2.1", "192.0.2.1", id="Forwarded"),
        pytest.param(b'Forwarded: For="[2001:db8::1]:80" ;by=x', "2001:db8::1", id="quoted"),
        pytest.param(b'Forwarded: for="192.0.2\\.1"', "192.0.2.1", id="a quoted pair"),
        pytest.param(b"Forwarded: for=1.2.3.4, for=192.0.2.1, for=10.0.0.1", "192.0.2.1",
                     id="the last of Forwarded that is not trusted"),
        pytest.param(b'Forwarded: for=1.2.3.4, by="a, for=1.1.1.1";for=192.0.2.1', "192.0.2.1",
                     id="a comma in quotes parts nothing"),
        pytest.param(b"Forwarded: for=_hidden, for=10.0.0.1", "10.0.0.1", id="a hidden name"),
        pytest.param(b"Forwarded: , for=192.0.2.1, ,", "192.0.2.1", id="empty elements are none"),
        pytest.param(b'Forwarded: for="192.0.2.1', "192.0.2.1", id="quotes that don't end"),
        pytest.param(b"Forwarded: ;,=, for", None, id="nonsense"),
        pytest.param(b"X-Forwarded-For: 192.0.2.1\r\nForwarded: for=1.2.3.4", "192.0.2.1",
                     id="X-Forwarded-For has the word"),
        pytest.param(b"X-Forwarded-Proto: https\r\nForwarded: for=1.2.3.4", None,
                     id="Forwarded may be the client's own where X-Forwarded-* is there"),
        pytest.param(b"X_Forwarded_For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4", None, id="no other field"),
    ],
)  # fmt: skip
def test_the_client_is_the_last_that_is_not_trusted(lines: bytes, expected: str | None):
    assert told(lines).address == expected


@pytest.mark.parametrize(
    ("lines", "scheme", "host"),
    [
        pytest.param(b"X-Forwarded-For: 192.0.2.1", None, None, id="nothing is said"),
        pytest.param(b"X-Forwarded-Proto: HTTPS\r\nX-Forwarded-Host: app.example:8443", "https",
                     b"app.example:8443", id="both"),
        pytest.param(b"X-Forwarded-Proto: wss", "https", None, id="a WebSocket over TLS"),
        pytest.param(b"X-Forwarded-Proto: ws", "http", None, id="a WebSocket"),
        pytest.param(b"X-Forwarded-Proto: ftp\r\nX-Forwarded-Host: a/b", None, None,
                     id="no scheme, and no host"),
        pytest.param(
            b"X-Forwarded-For: 1.1.1.1, 192.0.2.1\r\nX-Forwarded-Proto: http, https\r\n"
            b"X-Forwarded-Host: evil.example, app.example",
            "https", b"app.example", id="the word of the proxy that the client spoke to",
        ),
        pytest.param(
            b"X-Forwarded-For: 192.0.2.1, 10.0.0.1\r\nX-Forwarded-Proto: https, http\r\n"
            b"X-Forwarded-Host: app.example, inside.example",
            "https", b"app.example", id="of the outer of two",
        ),
        pytest.param(
            b"X-Forwarded-For: 192.0.2.1, 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
            b"X-Forwarded-Host: app.example",
            "https", b"app.example", id="said once by two",
        ),
        pytest.param(
            b"Forwarded: for=1.1.1.1;host=evil.example, "
            b'for=192.0.2.1;proto=https;host="app.example:8443", for=10.0.0.1;proto=http',
            "https", b"app.example:8443", id="Forwarded",
        ),
        pytest.param(b"Forwarded: for=192.0.2.1, for=10.0.0.1;proto=https;host=inside.example",
                     None, None, id="not of another hop"),
    ],
)  # fmt: skip
def test_the_scheme_and_the_host_are_what_the_client_asked_for(
    lines: bytes, scheme: str | None, host: bytes | None
):
    assert told(lines)[1:] == (scheme, host)


@given(
    st.sampled_from([b"X-Forwarded-For", b"Forwarded", b"X-Forwarded-Host"]),
    st.text('for=",;\\[]:.%1a ').map(str.encode),
)
def test_what_can_not_be_read_is_not_believed(name: bytes, value: bytes):
    said = PROXIES.told({name.lower(): [value]})

    assert said.address is None or not set(said.address) - set("0123456789abcdef.:")
    assert said.scheme in {None, "http", "https"}


@pytest.mark.parametrize("junk", [b'"\\', b"a", b"=", b'a="', b",", b";", b"10.0.0.1,"])
def test_long_nonsense_is_read_in_no_time(junk: bytes):
    assert PROXIES.told({b"forwarded": [junk * 10_000]}) == Told()
