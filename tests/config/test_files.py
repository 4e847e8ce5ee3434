"""Files that a table names: certificates and their keys."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from corsproxy.config.loader import load_file
from corsproxy.config.problems import ConfigError
from corsproxy.core.limits import ListenerTls

REST = "routes: [{cors: off, upstream: 'http://a'}]\n"


@pytest.fixture
def told(certificates: Path) -> Callable[[str], list[str]]:
    """Load a table that stands beside certificates, and return its problems."""
    table = certificates / "t.yaml"

    def tell(tls: str) -> list[str]:
        table.write_text(f"tls: {tls}\n{REST}")
        with pytest.raises(ConfigError) as caught:
            load_file(table, {})
        return [str(problem).replace(f"{table}:", "") for problem in caught.value.problems]

    return tell


WRONG = {
    "nothing": (
        "{}",
        ["1:1: tls: the certificate and its key are missing; write {cert: FILE, key: FILE}"],
    ),
    "no key": (
        "{cert: server.pem}",
        ["1:7: tls.cert: a certificate and its key go together: `key` is missing"],
    ),
    "no certificate": (
        "{key: server.key}",
        ["1:7: tls.key: a certificate and its key go together: `cert` is missing"],
    ),
    "no such files": (
        "{cert: a.pem, key: .}",
        [
            '1:13: tls.cert: "a.pem": the file can\'t be read: No such file or directory',
            '1:25: tls.key: ".": this is no file',
        ],
    ),
    "the key of another": (
        "{cert: server.pem, key: client.key}",
        ['1:30: tls.key: "client.key": this is not the key of `cert`'],
    ),
    "the two exchanged": (
        "{cert: server.key, key: server.pem}",
        [
            '1:13: tls.cert: "server.key": the two are no certificate and its key, each in PEM',
        ],
    ),
    "another word": (
        "letsencrypt",
        ['1:6: tls: "letsencrypt": expected self_signed, or a mapping; write self_signed'],
    ),
    "an unknown key": (
        "{certificate: server.pem, key: server.key}",
        [
            "1:7: tls.certificate: unknown key; write cert",
        ],
    ),
}


@pytest.mark.parametrize(("tls", "problems"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with(told: Callable[[str], list[str]], tls: str, problems: list[str]):
    assert told(tls) == problems


def test_a_key_with_a_password_is_not_waited_for(
    told: Callable[[str], list[str]], certificates: Path
):
    path = certificates / "server.key"
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert told("{cert: server.pem, key: server.key}") == [
        '1:30: tls.key: "server.key": the key is encrypted; write one without a password'
    ]


def test_good_files_and_a_certificate_for_development(certificates: Path):
    table = certificates / "t.yaml"
    table.write_text(f"tls: {{cert: server.pem, key: server.key}}\n{REST}")
    names = (str(certificates / "server.pem"), str(certificates / "server.key"))
    assert load_file(table, {}).tls == ListenerTls(*names)
    table.write_text(f"tls: self_signed\n{REST}")
    assert load_file(table, {}).tls == ListenerTls()
    table.write_text(REST)
    assert load_file(table, {}).tls is None
