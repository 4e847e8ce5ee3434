import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.fields import HOP_BY_HOP, has_control, is_token, members, nominated


@pytest.mark.parametrize(
    ("value", "token"),
    [
        pytest.param(b"GET", True, id="a method"),
        pytest.param(b"M-SEARCH", True, id="a method with a hyphen"),
        pytest.param(b"!#$%&'*+-.^_`|~09azAZ", True, id="every tchar"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"GET, DELETE", False, id="two methods"),
        pytest.param(b"GET DELETE", False, id="a blank inside"),
        pytest.param(b"GET\n", False, id="a line end"),
        pytest.param(b"X-A:", False, id="a colon"),
        pytest.param(b'"x"', False, id="a quoted string"),
        pytest.param(b"caf\xe9", False, id="obs-text"),
    ],
)
def test_a_token_is_what_rfc_9110_says(value: bytes, token: bool):
    assert is_token(value) is token


@pytest.mark.parametrize(
    ("value", "control"),
    [
        pytest.param(b"text/html; charset=utf-8", False, id="plain text"),
        pytest.param(b"a\tb", False, id="a tab"),
        pytest.param(b"Jos\xe9", False, id="obs-text"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"a\x00b", True, id="NUL"),
        pytest.param(b"a\rb", True, id="CR"),
        pytest.param(b"a\nb", True, id="LF"),
        pytest.param(b"a\x7f", True, id="DEL"),
        pytest.param(b"\x1bc", True, id="escape"),
    ],
)
def test_controls_are_seen_in_values(value: bytes, control: bool):
    assert has_control(value) is control


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], [], id="no line"),
        pytest.param([b""], [], id="an empty line"),
        pytest.param([b"a"], [b"a"], id="one member"),
        pytest.param([b"a,b , \tc\t"], [b"a", b"b", b"c"], id="blanks and tabs around members"),
        pytest.param([b",, a,, ,b,"], [b"a", b"b"], id="empty members are left out"),
        pytest.param([b"a", b"b, c"], [b"a", b"b", b"c"], id="several lines are one list"),
        pytest.param([b"a b, \x0bc"], [b"a b", b"\x0bc"], id="only SP and HTAB are stripped"),
    ],
)
def test_lists_are_read_as_rfc_9110_says(lines: list[bytes], expected: list[bytes]):
    assert list(members(lines)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], set(), id="no Connection field"),
        pytest.param([b"close"], {b"close"}, id="an option that names no field"),
        pytest.param([b"Keep-Alive, X-Hop"], {b"keep-alive", b"x-hop"}, id="in any letter case"),
        pytest.param([b"x-a", b"X-B"], {b"x-a", b"x-b"}, id="on several lines"),
        pytest.param(
            [b"Host, Content-Length, Content-Type, Origin, Cookie, x-a"],
            {b"x-a"},
            id="never what would corrupt the message (R21)",
        ),
    ],
)
def test_connection_nominates_fields(lines: list[bytes], expected: set[bytes]):
    assert nominated(lines) == expected


def test_hop_by_hop_names_are_in_lower_case():
    assert {name.lower() for name in HOP_BY_HOP} == HOP_BY_HOP


@given(st.lists(st.binary()))
def test_members_are_never_empty_and_never_hold_a_comma(lines: list[bytes]):
    found = list(members(lines))

    assert all(member and b"," not in member for member in found)
    assert all(member == member.strip(b" \t") for member in found)
