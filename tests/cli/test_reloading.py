"""`corsproxy run` with a file that changes, and over TLS, as a process of its own."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import signal
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest

TABLE = """\
listen: 127.0.0.1:0
admin: off
cors: {allow_origins: ["http://localhost:3001"]}
routes: [{upstream: "http://127.0.0.1:9"}]
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "corsproxy.yaml"
    path.write_text(TABLE, encoding="utf-8")
    return path


def allowed(address, context=None):
    """Ask as a page on port 3002, and return the origin that the answer allows."""
    request = urllib.request.Request(address, headers={"Origin": "http://localhost:3002"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20, context=context)
    with refused.value as answer:
        assert answer.code == 502
        return answer.headers["Access-Control-Allow-Origin"]


def test_a_changed_file_is_served_by_at_once(corsproxy, table):
    with corsproxy("run", "-c", table) as process:
        assert allowed(process.address) is None
        table.write_text(TABLE.replace("3001", "3002"), encoding="utf-8")
        process.err.wait_for(r"reloaded .*corsproxy\.yaml: 1 route")
        assert allowed(process.address) == "http://localhost:3002"


def test_what_the_command_line_says_stays_over_the_file(corsproxy, table):
    with corsproxy("run", "-c", table, "--listen", "127.0.0.1:0", "--log-format=json") as process:
        address = process.address
        table.write_text(TABLE.replace("127.0.0.1:0", "127.0.0.1:1"), encoding="utf-8")
        process.send(signal.SIGHUP)
        process.err.wait_for(r"reloaded")
        allowed(address)
        assert process.out.wait_for(r"^\{")
    assert not [line for line in process.err.whole() if "restart" in line]


def test_a_wrong_file_changes_nothing_when_a_signal_asks_for_it(corsproxy, table):
    with corsproxy("run", cwd=table.parent) as process:
        process.out.wait_for("listening")
        table.write_text(TABLE + "nope: 1\n", encoding="utf-8")
        process.send(signal.SIGHUP)
        process.err.wait_for(r"^corsproxy\.yaml:5:1: nope: unknown key")
        assert allowed(process.address) is None


def test_without_a_file_a_signal_reloads_nothing(corsproxy):
    args = ("--upstream", "http://127.0.0.1:9", "--listen", "127.0.0.1:0", "--admin", "off")
    with corsproxy("run", *args) as process:
        process.out.wait_for("listening")
        process.send(signal.SIGHUP)
        process.err.wait_for("nothing to reload: there is no file")
        assert allowed(process.address) == "http://localhost:3002"


def test_a_certificate_for_development_is_made_and_named(corsproxy, table, tmp_path):
    table.write_text(TABLE + "tls: self_signed\n", encoding="utf-8")
    with corsproxy("run", "-c", table, env={"XDG_CACHE_HOME": str(tmp_path)}) as process:
        authority = process.out.wait_for(r"trust (\S+) in the browser")[1]
        assert Path(authority) == tmp_path / "corsproxy" / "development-ca.pem"
        address = process.address
        assert address.startswith("https://127.0.0.1:")
        assert allowed(address, ssl.create_default_context(cafile=authority)) is None
