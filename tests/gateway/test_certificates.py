"""A certificate for development: made once, kept, and made anew when it no longer serves."""

import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from corsproxy.core.limits import ListenerTls
from corsproxy.gateway import certificates
from corsproxy.gateway.certificates import authority, development


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "corsproxy"


def certificate(tls: ListenerTls) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Path(tls.cert or "").read_bytes())


def names(tls: ListenerTls) -> set[str]:
    extensions = certificate(tls).extensions
    found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in found}


def test_it_holds_for_this_machine_and_the_names_listened_on(folder: Path):
    tls = development(folder, frozenset({"dev.example", "192.0.2.1"}))
    assert names(tls) == {"localhost", "127.0.0.1", "::1", "dev.example", "192.0.2.1"}


def test_it_is_one_that_browsers_take_once_its_authority_is_trusted(folder: Path):
    tls = development(folder, frozenset())
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server.load_cert_chain(tls.cert or "", tls.key)
    client.load_verify_locations(authority(tls))
    found = certificate(tls)
    assert found.not_valid_after_utc - datetime.now(UTC) < timedelta(days=398)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = server.wrap_bio(to_server, to_client, server_side=True)
    other = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    done = [False, False]
    for _ in range(4):
        for i, side in enumerate((other, one)):
            try:
                side.do_handshake()
                done[i] = True
            except ssl.SSLWantReadError:
                continue
    assert done == [True, True]


def test_it_is_kept(folder: Path):
    first = certificate(development(folder, frozenset({"dev.example"})))
    assert certificate(development(folder, frozenset())) == first


def test_only_its_owner_reads_it(folder: Path):
    tls = development(folder, frozenset())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(tls.key or "").stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == [
        "development-ca.pem", "development.pem",
    ]  # fmt: skip


def test_the_key_of_the_authority_is_nowhere(folder: Path):
    tls = development(folder, frozenset())
    assert "PRIVATE KEY" not in authority(tls).read_text()
    assert Path(tls.cert or "").read_text().count("PRIVATE KEY-----") == 2  # begins, ends


def expired(folder: Path) -> None:
    soon = datetime.now(UTC) + timedelta(days=13)
    leaf = trustme.CA().issue_cert("localhost", "127.0.0.1", "::1", not_after=soon)
    leaf.private_key_and_cert_chain_pem.write_to_path(str(folder / "development.pem"))


NO_LONGER_GOOD = {
    "expires soon": expired,
    "is no certificate": lambda folder: (folder / "development.pem").write_text("nonsense"),
    "has lost its authority": lambda folder: (folder / "development-ca.pem").unlink(),
    "is gone": lambda folder: (folder / "development.pem").unlink(),
}


@pytest.mark.parametrize("harm", NO_LONGER_GOOD.values(), ids=NO_LONGER_GOOD)
def test_another_is_made_where_the_one_kept(folder: Path, harm: Callable[[Path], object]):
    first = certificate(development(folder, frozenset()))
    harm(folder)
    second = certificate(development(folder, frozenset()))
    assert second != first
    assert second.not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)


def test_another_is_made_for_another_name(folder: Path):
    development(folder, frozenset({"a.example"}))
    assert "b.example" in names(development(folder, frozenset({"b.example"})))


def test_it_is_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert certificates.cache_folder() == tmp_path / "corsproxy"
