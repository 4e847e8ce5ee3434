import pytest

from corsproxy.core.forwarding import folded, is_forwarding, who_asks


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
