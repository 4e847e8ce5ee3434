import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.crossing import TO_CLIENT, TO_UPSTREAM, Crossing, Names
from corsproxy.core.fields import HOP_BY_HOP
from corsproxy.core.forwarding import is_forwarding


@pytest.mark.parametrize(
    ("name", "up", "down"),
    [
        pytest.param(b"X-A", Crossing.PASS, Crossing.PASS, id="a field like others"),
        pytest.param(b"Connection", Crossing.DROP, Crossing.CONNECTION, id="hop by hop"),
        pytest.param(b"upgrade", Crossing.DROP, Crossing.UPGRADE, id="Upgrade"),
        pytest.param(b"Trailer", Crossing.DROP, Crossing.TRAILER, id="Trailer"),
        pytest.param(b"X-FORWARDED-FOR", Crossing.DROP, Crossing.PASS, id="who asks"),
        pytest.param(b"x_real_ip", Crossing.DROP, Crossing.PASS, id="a twin"),
        pytest.param(b"HOST", Crossing.HOST, Crossing.PASS, id="Host"),
        pytest.param(b"Max-forwards", Crossing.MAX_FORWARDS, Crossing.PASS, id="Max-Forwards"),
        pytest.param(b"Access-Control-X", Crossing.PASS, Crossing.CORS, id="Access-Control-*"),
        pytest.param(b"VARY", Crossing.PASS, Crossing.VARY, id="Vary"),
        pytest.param(b"date", Crossing.PASS, Crossing.DATE, id="Date"),
        pytest.param(b"Content-Length", Crossing.PASS, Crossing.LENGTH, id="Content-Length"),
        pytest.param(b"Set-cookie", Crossing.PASS, Crossing.SET_COOKIE, id="Set-Cookie"),
        pytest.param(b"Content-Location", Crossing.PASS, Crossing.LOCATION, id="Content-Location"),
        pytest.param(b"Location", Crossing.PASS, Crossing.LOCATION, id="Location"),
        pytest.param(b"Refresh", Crossing.PASS, Crossing.REFRESH, id="Refresh"),
        pytest.param(b"Alt-Svc", Crossing.PASS, Crossing.PINNED, id="Alt-Svc"),
        pytest.param(b"strict-transport-security", Crossing.PASS, Crossing.PINNED, id="HSTS"),
    ],
)
def test_a_name_asks_for_something(name: bytes, up: Crossing, down: Crossing):
    assert TO_UPSTREAM[name] == (up, name.lower())
    assert TO_CLIENT[name] == (down, name.lower())


def test_a_name_is_looked_at_once_in_every_letter_case():
    seen = []
    names = Names(lambda key: seen.append(key) or Crossing.PASS)  # type: ignore[func-returns-value]

    answers = [names[name] for name in (b"X-A", b"X-A", b"x-a", b"X-A")]

    assert answers == [(Crossing.PASS, b"x-a")] * 4
    assert seen == [b"x-a", b"x-a"]


def test_names_are_remembered_boundedly():
    names = Names(lambda _: Crossing.PASS)

    for n in range(5000):
        assert names[b"x-%d" % n] == (Crossing.PASS, b"x-%d" % n)
    assert names[b"x" * 65] == (Crossing.PASS, b"x" * 65)

    assert len(names) == 4096
    assert b"x" * 65 not in names


def test_a_long_name_is_not_remembered():
    names = Names(lambda _: Crossing.PASS)

    assert names[b"X" * 65] == (Crossing.PASS, b"x" * 65)
    assert names[b"X" * 64] == (Crossing.PASS, b"x" * 64)
    assert list(names) == [b"X" * 64]


@given(st.binary(max_size=80) | st.sampled_from(sorted(HOP_BY_HOP)).map(bytes.title))
def test_what_is_dropped_is_what_is_for_one_hop_or_says_who_asks(name: bytes):
    key = name.lower()

    assert (TO_UPSTREAM[name][0] is Crossing.DROP) == (key in HOP_BY_HOP or is_forwarding(key))
    assert (TO_CLIENT[name][0] is Crossing.PASS) <= (key not in HOP_BY_HOP)
