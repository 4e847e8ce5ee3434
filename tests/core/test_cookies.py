import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.cookies import local_rules, rewrite
from corsproxy.core.routes import CookieRules

EXPIRES = b"; Expires=Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(
    ("cookie", "rules", "expected"),
    [
        pytest.param(b"a=b; Domain=x; Path=/y", CookieRules(), b"a=b; Domain=x; Path=/y",
                     id="no rule, no change"),
        pytest.param(b"a=b; Domain=x; Path=/y", CookieRules(domain=""), b"a=b; Path=/y",
                     id="Domain off"),
        pytest.param(b"a=b", CookieRules(domain=""), b"a=b", id="no Domain to take off"),
        pytest.param(b"a=b; domain=x; Path=/y", CookieRules(domain="z"),
                     b"a=b; Domain=z; Path=/y", id="Domain replaced where it stands"),
        pytest.param(b"a=b", CookieRules(domain="z"), b"a=b; Domain=z", id="Domain added"),
        pytest.param(b"a=b;PATH = /y;x", CookieRules(path="/z"), b"a=b; Path=/z;x",
                     id="Path replaced, in any case and spacing"),
        pytest.param(b"a=b; Path=/y", CookieRules(path=""), b"a=b", id="Path off"),
        pytest.param(b"a=b; SameSite=None; X=1", CookieRules(same_site="Strict"),
                     b"a=b; SameSite=Strict; X=1", id="SameSite replaced"),
        pytest.param(b"a=b; secure;HttpOnly", CookieRules(secure=False), b"a=b;HttpOnly",
                     id="Secure off"),
        pytest.param(b"a=b;HttpOnly", CookieRules(secure=True), b"a=b;HttpOnly; Secure",
                     id="Secure added"),
        pytest.param(b"a=b; SECURE", CookieRules(secure=True), b"a=b; Secure", id="Secure kept"),
        pytest.param(b"a=b", CookieRules("d", "/p", "Lax", secure=True),
                     b"a=b; Path=/p; Secure; SameSite=Lax; Domain=d", id="all of them added"),
        pytest.param(b"a=b; Domain=x; Domain=y; Z", CookieRules(domain=""), b"a=b; Z",
                     id="every Domain off: the last one counts (RFC 6265 §5.3)"),
        pytest.param(b"a=b; Path=/x; Z; path=/y", CookieRules(path="/p"), b"a=b; Path=/p; Z",
                     id="one Path where there were two"),
        pytest.param(b"a=b; Secure; secure", CookieRules(secure=False), b"a=b", id="every Secure"),
        pytest.param(b'a="Secure, Path=/x"' + EXPIRES + b"; ;Priority=High", CookieRules(path="/p"),
                     b'a="Secure, Path=/x"' + EXPIRES + b"; ;Priority=High; Path=/p",
                     id="value, Expires and the unknown stay to the letter"),
        pytest.param(b"Secure", CookieRules(secure=False), b"Secure", id="a pair is no attribute"),
        pytest.param(b"", CookieRules(path="/p"), b"; Path=/p", id="an empty cookie"),
        pytest.param(b"__Host-a=b; Secure; Path=/", CookieRules(secure=False),
                     b"__Host-a=b; Secure; Path=/", id="__Host- keeps Secure"),
        pytest.param(b"__Host-a=b; Secure; Path=/", CookieRules(domain="x"),
                     b"__Host-a=b; Secure; Path=/", id="__Host- gets no Domain"),
        pytest.param(b"__HOST-a=b; Secure; Path=/", CookieRules(path="/x"),
                     b"__HOST-a=b; Secure; Path=/", id="__Host- keeps its Path, in any case"),
        pytest.param(b" __Host-a=b; Secure; Path=/", CookieRules(path=""),
                     b" __Host-a=b; Secure; Path=/", id="__Host- behind a blank"),
        pytest.param(b"__Host-a=b; Secure; Path=/", CookieRules("", "/", "Lax", secure=True),
                     b"__Host-a=b; Secure; Path=/; SameSite=Lax", id="__Host- takes the rest"),
        pytest.param(b"__Secure-a=b; Secure", CookieRules(domain="d", secure=False),
                     b"__Secure-a=b; Secure", id="__Secure- keeps Secure"),
        pytest.param(b"__Secure-a=b; Secure", CookieRules(domain="d", path="/p"),
                     b"__Secure-a=b; Secure; Path=/p; Domain=d", id="__Secure- takes all else"),
    ],
)  # fmt: skip
def test_cookies_are_rewritten(cookie: bytes, rules: CookieRules, expected: bytes):
    """R71."""
    assert rewrite(cookie, rules) == expected


@pytest.mark.parametrize(
    ("cookie", "plain", "tls"),
    [
        pytest.param(b"a=b", b"a=b; Path=/api", b"a=b; Path=/api; Secure", id="bare"),
        pytest.param(b"a=b; Domain=x.example; Path=/; Secure; SameSite=None; HttpOnly",
                     b"a=b; Path=/api; SameSite=Lax; HttpOnly",
                     b"a=b; Path=/api; Secure; SameSite=None; HttpOnly", id="for another site"),
        pytest.param(b"a=b; Path=/; samesite=Strict", b"a=b; Path=/api; samesite=Strict",
                     b"a=b; Path=/api; samesite=Strict; Secure", id="Strict stays Strict"),
        pytest.param(b"a=b; path=/x; SameSite = none ", b"a=b; Path=/api; SameSite=Lax",
                     b"a=b; Path=/api; SameSite = none ; Secure", id="None in any writing"),
    ],
)  # fmt: skip
def test_local_cookies_work_on_a_listener_of_either_scheme(cookie: bytes, plain: bytes, tls: bytes):
    assert rewrite(cookie, local_rules("/api", secure=False)) == plain
    assert rewrite(cookie, local_rules("/api", secure=True)) == tls


ATTRIBUTES = {b"domain", b"path", b"samesite", b"secure"}
RULES = st.builds(
    CookieRules,
    st.sampled_from([None, "", "d"]),
    st.sampled_from([None, "", "/", "/p"]),
    st.sampled_from([None, "Lax"]),
    st.sampled_from([None, True, False]),
)
PARTS = st.lists(
    st.sampled_from([b"a=b", b" Domain=x", b" PATH=/x", b"secure", b" SameSite = None", b" X=1"])
    | st.binary(max_size=6)
)


def untouched(cookie: bytes) -> list[bytes]:
    pair, *attributes = cookie.split(b";")
    return [pair, *(a for a in attributes if a.partition(b"=")[0].strip(b" \t").lower()
                    not in ATTRIBUTES)]  # fmt: skip


@given(PARTS.map(b";".join), RULES)
def test_all_else_stays_byte_for_byte(cookie: bytes, rules: CookieRules):
    assert untouched(rewrite(cookie, rules)) == untouched(cookie)


@given(PARTS.map(b";".join), RULES)
def test_rewriting_twice_changes_nothing_more(cookie: bytes, rules: CookieRules):
    once = rewrite(cookie, rules)

    assert rewrite(once, rules) == once


@given(PARTS.map(b";".join))
def test_what_is_off_is_gone_however_often_it_was_there(cookie: bytes):
    off = CookieRules(domain="", path="", secure=False)
    attributes = rewrite(b"a=b;" + cookie, off).lower().split(b";")[1:]

    assert not [a for a in attributes if re.match(rb"[ \t]*(domain|path|secure)[ \t]*(=|\Z)", a)]
