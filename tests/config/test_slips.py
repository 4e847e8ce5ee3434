import pytest

from corsproxy.config.slips import refuse_variable, with_mark, without_blank


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("http//a:1", "http://a:1"),
        ("HTTPS:/a", "https://a"),
        ("http:////a/b", "http://a/b"),
        ("http;//a", "http://a"),
        ("http://a", None),
        ("http:8000", None),
        ("http/a", None),
        ("httpd//a", None),
        ("http//", None),
    ],
)
def test_the_mark_behind_the_scheme_is_mended(text: str, meant: str | None):
    assert with_mark(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("$A", "${A}"),
        ("$HOST:$PORT/$x", "${HOST}:${PORT}/$x"),
        ("https://$A_1", "https://${A_1}"),
        ("https://a/$A", None),
        ("$1", None),
        ("${A}", None),
    ],
)
def test_a_variable_gets_its_braces(text: str, meant: str | None):
    wrong = refuse_variable(text)
    assert (wrong.write if wrong else None) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("path:/a", "path: /a"), ("path:", None), ("path", None), ("http://a", None)],
)
def test_the_blank_behind_a_colon_is_mended(text: str, meant: str | None):
    assert without_blank(text, {"path"}) == meant
