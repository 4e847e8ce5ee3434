import subprocess
import sys

import pytest

from corsproxy.config.public_suffixes import PublicSuffixes

TABLE = "cors: {{allow_origins: [{}]}}\nroutes: [{{upstream: 'http://a'}}]"


@pytest.fixture(scope="session")
def suffixes() -> PublicSuffixes:
    return PublicSuffixes()


@pytest.mark.parametrize(
    ("host", "is_open"),
    [
        ("com", True),
        ("co.uk", True),
        ("co.uk.", True),
        ("github.io", True),
        ("ck", True),
        ("example.com", False),
        ("www.ck", False),
        ("internal", False),
        ("localhost", False),
    ],
)
def test_where_anyone_can_register(host: str, is_open: bool, suffixes: PublicSuffixes):
    assert suffixes.is_open(host) is is_open


@pytest.mark.parametrize(
    ("host", "registered"),
    [("a.b.co.uk", "b.co.uk"), ("b.co.uk", "b.co.uk"), ("co.uk", None), ("a.internal", None)],
)
def test_what_was_registered(host: str, registered: str | None, suffixes: PublicSuffixes):
    assert suffixes.registered(host) == registered


@pytest.mark.parametrize(
    ("origin", "asked"), [("https://a.com", False), ("https://*.a.com", True)], ids=str
)
def test_the_list_is_read_only_where_it_is_asked(origin: str, asked: bool):
    script = (
        "import sys; from corsproxy.config import load_text; load_text(sys.argv[1], 't', {});"
        "print('publicsuffixlist' in sys.modules, 'rich' in sys.modules)"
    )
    table = TABLE.format(f"'{origin}'")
    done = subprocess.run(
        [sys.executable, "-c", script, table], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{asked} False\n"
