"""Address spaces, and what a browser stops before CORS has a say."""

# ruff: noqa: ANN001 the parameters are in the table
import pytest

from corsproxy.core.local_network import (
    Crossing,
    Space,
    crossing,
    mixed_content,
    named_space,
    space_of,
    trustworthy,
)

SPACES = {
    ("203.0.113.9",): Space.PUBLIC,
    ("2001:db8::1",): Space.PUBLIC,
    (): Space.PUBLIC,
    ("10.1.2.3",): Space.LOCAL,
    ("172.31.0.1",): Space.LOCAL,
    ("172.32.0.1",): Space.PUBLIC,
    ("192.168.1.1",): Space.LOCAL,
    ("169.254.0.1",): Space.LOCAL,
    ("100.64.0.1",): Space.LOCAL,
    ("fd00::1",): Space.LOCAL,
    ("fe80::1%eth0",): Space.LOCAL,
    ("127.8.9.1",): Space.LOOPBACK,
    ("::1",): Space.LOOPBACK,
    ("::ffff:10.0.0.1",): Space.LOCAL,
    ("203.0.113.9", "10.0.0.1"): Space.LOCAL,
}
NAMES = {
    "localhost": Space.LOOPBACK,
    "api.localhost": Space.LOOPBACK,
    "127.0.0.1": Space.LOOPBACK,
    "::1": Space.LOOPBACK,
    "printer.local": Space.LOCAL,
    "192.168.0.1": Space.LOCAL,
    "8.8.8.8": Space.PUBLIC,
    "app.example": None,
}


@pytest.mark.parametrize(("addresses", "space"), SPACES.items())
def test_the_nearest_address_counts(addresses, space):
    assert space_of(addresses) is space


@pytest.mark.parametrize(("host", "space"), NAMES.items())
def test_what_a_host_shows_by_itself(host, space):
    assert named_space(host) is space


def test_from_a_farther_network_to_a_nearer_one_alone():
    url = "http://api.example/"
    crossed = {
        (page, server): crossing(b"https://app.example", page, url, server)
        for page in Space
        for server in Space
    }
    expected = {
        (page, server): Crossing(page, server, url, secure=True) if server > page else None
        for page, server in crossed
    }
    assert crossed == expected


def test_it_is_told_by_which_permission_and_whether_it_is_asked_for():
    found = crossing(b"http://app.example", Space.PUBLIC, "http://10.0.0.1/", Space.LOCAL)
    assert (found.permission, found.secure) == ("local-network", False)


@pytest.mark.parametrize(
    ("origin", "trusted"),
    [
        ("https://app.example", True),
        ("http://localhost:3001", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:80", True),
        ("capacitor://localhost", True),
        ("http://app.example", False),
        ("http://10.0.0.1", False),
    ],
)
def test_which_origins_are_potentially_trustworthy(origin, trusted):
    assert trustworthy(origin) is trusted


@pytest.mark.parametrize(
    ("origin", "url", "blocked"),
    [
        (b"https://app.example", "http://api.example/", True),
        (b"https://app.example", "http://10.0.0.1/", True),
        (b"https://app.example", "https://api.example/", False),
        (b"https://app.example", "http://127.0.0.1:8000/", False),
        (b"http://app.example", "http://api.example/", False),
        (b"null", "http://api.example/", False),
    ],
)
def test_which_requests_are_mixed_content(origin, url, blocked):
    assert (mixed_content(origin, url) is not None) is blocked
