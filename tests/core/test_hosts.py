from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.hosts import (
    HostSyntaxError,
    bracketed,
    check,
    is_address,
    is_ipv4,
    is_loopback,
    serialise_ipv6,
)

NOT_DECIMAL = "browsers send an IPv4 address as four decimal numbers"
NOT_CANONICAL = "browsers send an IPv6 address compressed, in hex"


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("example.com", id="a name"),
        pytest.param("localhost", id="a single label"),
        pytest.param("my_app.example.com", id="an underscore"),
        pytest.param("example.com.", id="a root dot"),
        pytest.param("xn--exmple-cua.com", id="Punycode"),
        pytest.param("0123.example.com", id="digits in a label that is not the last"),
        pytest.param("a" * 63 + ".com", id="a label of 63 octets"),
        pytest.param(".".join(["a" * 49] * 5) + ".com", id="253 octets"),
        pytest.param("127.0.0.1", id="IPv4"),
        pytest.param("[::1]", id="IPv6"),
        pytest.param("[2001:db8::8:800:200c:417a]", id="IPv6 with zeros inside"),
        pytest.param("[1:0:2:3:4:5:6:7]", id="IPv6 with one zero, which is not compressed"),
    ],
)
def test_hosts_as_browsers_write_them_pass(host: str):
    check(host)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("::1", "[::1]", id="an address"),
        pytest.param("::1:3001", "[::1]:3001", id="an address and a port"),
        pytest.param("::1:99999", None, id="an address and no port"),
        pytest.param("2001:db8::12:7", "[2001:db8::12:7]", id="a group that is hardly a port"),
        pytest.param("fe80::abcd", "[fe80::abcd]", id="a group in hex"),
        pytest.param("1:2:3:4:5:6:7:8000", "[1:2:3:4:5:6:7:8000]", id="eight groups"),
        pytest.param("1:2:3:4:5:6:7:8:8000", "[1:2:3:4:5:6:7:8]:8000", id="and a port behind"),
        pytest.param("a:80", None, id="a name"),
        pytest.param("[::1]:80", None, id="brackets already"),
    ],
)
def test_an_ipv6_address_is_put_in_brackets(text: str, written: str | None):
    assert bracketed(text) == written


@pytest.mark.parametrize(
    ("host", "what", "write"),
    [
        pytest.param("", "the host has an empty label", None, id="nothing"),
        pytest.param(
            ".example.com", "the host has an empty label", "*.example.com", id="a leading dot"
        ),
        pytest.param("a..b", "'a..b' is no host name", None, id="an empty label inside"),
        pytest.param("a.b..", "'a.b..' is no host name", None, id="two root dots"),
        pytest.param("a" * 64, f"'{'a' * 64}' is no host name", None, id="a label over 63 octets"),
        pytest.param(
            ".".join(["a"] * 128), f"'{'.'.join(['a'] * 128)}' is no host name", None, id="over 253"
        ),
        pytest.param(".a..b", "the host has an empty label", None, id="two empty labels"),
        pytest.param(
            ".".join(["a" * 49] * 5) + ".comx",
            f"'{'.'.join(['a' * 49] * 5)}.comx' is no host name",
            None,
            id="254 octets",
        ),
        pytest.param(
            "a.*.com",
            "'*' may only lead the host ('*.example.com') or be the port",
            None,
            id="a wildcard inside",
        ),
        pytest.param("A.com", "'A.com' is no host name", None, id="an upper-case letter"),
        pytest.param("a b", "'a b' is no host name", None, id="a blank"),
        pytest.param("a.com\n", "'a.com\\n' is no host name", None, id="a line end"),
        pytest.param("127.1", NOT_DECIMAL, "127.0.0.1", id="short IPv4"),
        pytest.param("2130706433", NOT_DECIMAL, "127.0.0.1", id="IPv4 as one number"),
        pytest.param("0x7f.1", NOT_DECIMAL, "127.0.0.1", id="hexadecimal IPv4"),
        pytest.param("0x", NOT_DECIMAL, "0.0.0.0", id="a hexadecimal nothing"),
        pytest.param("0177.0.0.01", NOT_DECIMAL, "127.0.0.1", id="octal IPv4"),
        pytest.param("127.0.0.1.", NOT_DECIMAL, "127.0.0.1", id="IPv4 with a root dot"),
        pytest.param("255.1", NOT_DECIMAL, "255.0.0.1", id="two numbers"),
        pytest.param("1.2.3.4.0", NOT_DECIMAL, None, id="four numbers and a zero"),
        pytest.param("256.1.1.1", NOT_DECIMAL, None, id="IPv4 out of range"),
        pytest.param("1.2.3.256", NOT_DECIMAL, None, id="IPv4 whose last number is out of range"),
        pytest.param("1.2.3.08", NOT_DECIMAL, None, id="no octal number"),
        pytest.param("1.2.3.4.5", NOT_DECIMAL, None, id="five numbers"),
        pytest.param("1_0.7", NOT_DECIMAL, None, id="a number with an underscore"),
        pytest.param("foo.7", NOT_DECIMAL, None, id="a name that ends in a number"),
        pytest.param("[::g]", "'[::g]' is no IPv6 address", None, id="no IPv6"),
        pytest.param("[]", "'[]' is no IPv6 address", None, id="empty brackets"),
        pytest.param("[0:0:0:0:0:0:0:1]", NOT_CANONICAL, "[::1]", id="uncompressed IPv6"),
        pytest.param("[2001:DB8::1]", NOT_CANONICAL, "[2001:db8::1]", id="upper-case IPv6"),
        pytest.param("[fe80::1%eth0]", NOT_CANONICAL, "[fe80::1]", id="IPv6 with a zone"),
        pytest.param("[::ffff:1.2.3.4]", NOT_CANONICAL, "[::ffff:102:304]", id="a mapped IPv4"),
    ],
)
def test_other_hosts_are_refused_with_what_to_write(host: str, what: str, write: str | None):
    with pytest.raises(HostSyntaxError) as caught:
        check(host)

    assert (caught.value.what, caught.value.write) == (what, write)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("::", "::", id="all zeros"),
        pytest.param("::1", "::1", id="zeros in front"),
        pytest.param("1::", "1::", id="zeros behind"),
        pytest.param("1:0:0:2:0:0:0:3", "1:0:0:2::3", id="the longest run"),
        pytest.param("1:0:0:2:3:0:0:4", "1::2:3:0:0:4", id="the first of equal runs"),
        pytest.param("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7", id="one zero stays"),
        pytest.param("::ffff:1.2.3.4", "::ffff:102:304", id="IPv4 in hexadecimal"),
    ],
)
def test_ipv6_is_written_as_browsers_write_it(address: str, expected: str):
    assert serialise_ipv6(IPv6Address(address)) == expected


@pytest.mark.parametrize(
    ("host", "ipv4", "address", "loopback"),
    [
        pytest.param("127.0.0.1", True, True, True, id="127.0.0.1"),
        pytest.param("127.9.9.9", True, True, True, id="all of 127/8"),
        pytest.param("10.0.0.1", True, True, False, id="a private address"),
        pytest.param("0.0.0.0", True, True, False, id="every interface"),
        pytest.param("01.2.3.4", False, False, False, id="a leading zero"),
        pytest.param("[::1]", False, True, True, id="::1 in brackets"),
        pytest.param("::1", False, False, True, id="::1 without brackets"),
        pytest.param("[::]", False, True, False, id="every IPv6 interface"),
        pytest.param("localhost", False, False, True, id="localhost"),
        pytest.param("app.localhost", False, False, True, id="a name below localhost"),
        pytest.param("localhost.evil.net", False, False, False, id="localhost as a label"),
        pytest.param("notlocalhost", False, False, False, id="localhost as a suffix"),
        pytest.param("", False, False, False, id="nothing"),
    ],
)
def test_addresses_are_told_from_names(host: str, ipv4: bool, address: bool, loopback: bool):
    assert (is_ipv4(host), is_address(host), is_loopback(host)) == (ipv4, address, loopback)


@given(st.ip_addresses(v=6))
def test_a_serialised_ipv6_address_is_the_same_address_and_passes(address: IPv6Address):
    text = serialise_ipv6(address)

    check(f"[{text}]")
    assert IPv6Address(text) == address
    assert len(text) <= 39


@given(st.text() | st.from_regex(r"[0-9a-fx.:\[\]*%-]{0,40}", fullmatch=True))
def test_what_to_write_instead_passes(host: str):
    try:
        check(host)
    except HostSyntaxError as error:
        if error.write is not None:
            check(error.write.removeprefix("*."))
