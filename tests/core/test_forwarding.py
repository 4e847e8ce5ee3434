import pytest

from corsproxy.core.forwarding import extended, folded, is_forwarding, who_asks


@pytest.mark.parametrize(
    ("key", "forwarding"),
    [
        pytest.param(b"x-forwarded-for", True, id="X-Forwarded-For"),
        pytest.param(b"x-forwarded-anything", True, id="any X-Forwarded-*"),
        pytest.param(b"forwarded", True, id="Forwarded"),
        pytest.param(b"x-real-ip", True, id="X-Real-IP"),
        pytest.param(b"x_real-ip", True, id="a twin"),
        pytest.param(b"x_forwarded_for", True, id="another twin"),
        pytest.param(b"x-forwarded", False, id="a shorter name"),
        pytest.param(b"forwarded-for", False, id="a longer name"),
        pytest.param(b"x-request-id", False, id="another field of the kind"),
        pytest.param(b"via", False, id="Via, which is extended"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_fields_that_say_who_asks_are_known(key: bytes, forwarding: bool):
    assert is_forwarding(key) is forwarding


def test_names_are_folded_as_wsgi_folds_them():
    assert folded(b"x_forwarded-for") == b"x-forwarded-for"


@pytest.mark.parametrize(
    ("address", "scheme", "host", "fields"),
    [
        pytest.param(
            "203.0.113.7",
            "https",
            b"app.example",
            [
                (b"X-Forwarded-For", b"203.0.113.7"),
                (b"X-Forwarded-Proto", b"https"),
                (b"X-Forwarded-Host", b"app.example"),
                (b"Forwarded", b"for=203.0.113.7;host=app.example;proto=https"),
            ],
            id="all is known",
        ),
        pytest.param(
            None,
            "http",
            b"",
            [(b"X-Forwarded-Proto", b"http"), (b"Forwarded", b"for=unknown;proto=http")],
            id="little is known",
        ),
        pytest.param(
            "fe80::1%2",
            "http",
            b"[::1]:80",
            [
                (b"X-Forwarded-For", b"fe80::1"),
                (b"X-Forwarded-Proto", b"http"),
                (b"X-Forwarded-Host", b"[::1]:80"),
                (b"Forwarded", b'for="[fe80::1]";host="[::1]:80";proto=http'),
            ],
            id="IPv6 in quotes and brackets, without its zone",
        ),
    ],
)
def test_who_asks_is_told(
    address: str | None, scheme: str, host: bytes, fields: list[tuple[bytes, bytes]]
):
    assert who_asks(address, scheme, host) == tuple(fields)


@pytest.mark.parametrize(
    ("address", "said", "fields"),
    [
        pytest.param(
            "10.0.0.1",
            [],
            [
                (b"X-Forwarded-For", b"10.0.0.1"),
                (b"X-Forwarded-Proto", b"http"),
                (b"X-Forwarded-Host", b"p"),
                (b"Forwarded", b"for=10.0.0.1;host=p;proto=http"),
            ],
            id="R24 where nothing is said, the peer's own",
        ),
        pytest.param(
            "10.0.0.1",
            [
                (b"Host", b"p"),
                (b"x-forwarded-for", b"192.0.2.1"),
                (b"X-Forwarded-Proto", b"https"),
                (b"X-Forwarded-For", b"10.0.0.9"),
                (b"X-Forwarded-Host", b"app.example"),
                (b"X-Forwarded-Port", b"8443"),
                (b"X-Forwarded-Prefix", b"/app"),
                (b"X-Real-IP", b"192.0.2.1"),
                (b"Forwarded", b"for=192.0.2.1"),
                (b"forwarded", b'for="[fd00::1]"'),
            ],
            [
                (b"x-forwarded-for", b"192.0.2.1, 10.0.0.9, 10.0.0.1"),
                (b"X-Forwarded-Proto", b"https"),
                (b"X-Forwarded-Host", b"app.example"),
                (b"X-Forwarded-Port", b"8443"),
                (b"X-Forwarded-Prefix", b"/app"),
                (b"X-Real-IP", b"192.0.2.1"),
                (
                    b"Forwarded",
                    b'for=192.0.2.1, for="[fd00::1]", for=10.0.0.1;host=p;proto=http',
                ),
            ],
            id="R24 R25 lists are extended, all else is as it came",
        ),
        pytest.param(
            "fd00::1",
            [(b"X-Forwarded-For", b"192.0.2.1"), (b"Forwarded", b"for=192.0.2.1")],
            [
                (b"X-Forwarded-For", b"192.0.2.1, fd00::1"),
                (b"Forwarded", b'for=192.0.2.1, for="[fd00::1]";host=p;proto=http'),
                (b"X-Forwarded-Proto", b"http"),
                (b"X-Forwarded-Host", b"p"),
            ],
            id="R24 R25 by an IPv6 address, in brackets only in Forwarded",
        ),
        pytest.param(
            None,
            [(b"X-Forwarded-For", b"192.0.2.1")],
            [
                (b"X-Forwarded-For", b"192.0.2.1"),
                (b"X-Forwarded-Proto", b"http"),
                (b"X-Forwarded-Host", b"p"),
                (b"Forwarded", b"for=unknown;host=p;proto=http"),
            ],
            id="R24 by no fake address on a unix socket",
        ),
        pytest.param(
            "10.0.0.1",
            [(b"X_Forwarded_Host", b"a"), (b"X-Forwarded_Proto", b"a"), (b"x_real_ip", b"a")],
            [
                (b"X-Forwarded-For", b"10.0.0.1"),
                (b"X-Forwarded-Proto", b"http"),
                (b"X-Forwarded-Host", b"p"),
                (b"Forwarded", b"for=10.0.0.1;host=p;proto=http"),
            ],
            id="R22 twins are nobody's word",
        ),
        pytest.param(
            "10.0.0.1",
            [(b"X-Forwarded-For", b""), (b"X-Forwarded-Proto", b""), (b"Forwarded", b"")],
            [
                (b"X-Forwarded-For", b"10.0.0.1"),
                (b"X-Forwarded-Proto", b"http"),
                (b"X-Forwarded-Host", b"p"),
                (b"Forwarded", b"for=10.0.0.1;host=p;proto=http"),
            ],
            id="R24 an empty field says nothing",
        ),
    ],
)
def test_what_a_trusted_peer_says_is_extended(
    address: str | None, said: list[tuple[bytes, bytes]], fields: list[tuple[bytes, bytes]]
):
    assert extended(said, who_asks(address, "http", b"p")) == fields
