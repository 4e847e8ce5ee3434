from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.config.listeners import listener, overlap, socket_path
from corsproxy.config.problems import WrongValueError
from corsproxy.core.limits import Listener


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8080", Listener("127.0.0.1", 8080)),
        ("LocalHost:0", Listener("localhost", 0)),
        (":8080", Listener("", 8080)),
        ("[::1]:8080", Listener("::1", 8080)),
        ("[0:0::1]:8080", Listener("::1", 8080)),
        ("unix:/run/a.sock", Listener(socket="/run/a.sock")),
    ],
)
def test_an_address_is_read(text: str, expected: Listener):
    assert listener(text) == expected


@pytest.mark.parametrize(
    ("value", "what", "write"),
    [
        (8080, "an address has a host", "127.0.0.1:8080, or :8080 for all interfaces"),
        (True, "expected an address, got the boolean true", "127.0.0.1:8080"),
        ([], "expected an address, got a list", "127.0.0.1:8080"),
        ("http://a:80/", "an address has no scheme", "a:80"),
        ("localhost", "the port is missing", "localhost:8080"),
        ("9090", "an address has a host", "127.0.0.1:9090, or :9090 for all interfaces"),
        ("", "the port is missing", "127.0.0.1:8080"),
        ("*:80", "all interfaces are an empty host", ":80"),
        ("a:65536", "the port is a number from 0 to 65535", None),
        ("a:x", "the port is a number from 0 to 65535", None),
        ("8080:30", "'8080' is no host to listen on", None),
        ("a b:80", "'a b' is no host to listen on", None),
        ("::1:80", "an IPv6 address stands in brackets", "[::1]:80"),
        ("[::1]", "an IPv6 address stands in brackets, with a port", "[::1]:8080"),
        ("[x:y]:80", "'x:y' is no IPv6 address", None),
        ("unix:///a", "a socket is a path, not a URL", "unix:/a"),
        ("unix:a", "a socket's path starts at the root", "unix:/run/corsproxy.sock"),
        ("unix:/a\n", "a socket's path has no control characters", None),
        ("unix:/" + "a" * 107, "a socket's path has at most 107 octets", None),
    ],
)
def test_what_is_no_address_is_refused(value: object, what: str, write: str | None):
    with pytest.raises(WrongValueError) as caught:
        listener(value)
    assert (caught.value.what, caught.value.write) == (what, write)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("127.0.0.1:80", "localhost:80", True),
        ("127.0.0.1:80", ":80", True),
        ("0.0.0.0:80", "10.0.0.1:80", True),
        ("127.0.0.1:80", "127.0.0.1:81", False),
        ("127.0.0.1:80", "[::1]:80", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
        ("unix:/a", "unix:/a", True),
        ("unix:/a", "unix:/b", False),
        ("unix:/a", ":80", False),
    ],
)
def test_two_addresses_can_not_both_be_bound(one: str, other: str, expected: bool):
    assert overlap(listener(one), listener(other)) is expected
    assert overlap(listener(other), listener(one)) is expected


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str):
    with suppress(WrongValueError):
        assert listener(str(listener(text))) == listener(text)


def test_the_path_of_a_socket():
    assert socket_path("unix:/a b.sock") == "/a b.sock"
