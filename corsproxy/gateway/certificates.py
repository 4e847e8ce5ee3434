"""A certificate for development, made once and kept in the user's cache.

The authority's key is thrown away as soon as it has signed: whoever trusts the authority trusts
this one certificate, and nothing that could be made later.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from corsproxy.core.limits import ListenerTls

_VALID = timedelta(days=397)  # more is refused by Safari, even of an authority that is trusted
_AHEAD = timedelta(days=14)
_FILE, _AUTHORITY = "development.pem", "development-ca.pem"


def cache_folder() -> Path:
    """Return the folder of the user's cache where it is kept."""
    import platformdirs  # noqa: PLC0415 only who asks for this certificate waits for it

    return Path(platformdirs.user_cache_dir("corsproxy", appauthor=False))


def development(folder: Path, names: frozenset[str]) -> ListenerTls:
    """Return a certificate for `names`, made unless `folder` has a good one; raise `OSError`."""
    path = folder / _FILE
    names |= {"localhost", "127.0.0.1", "::1"}
    if not _is_good(path, names):
        _make(folder, names)
    return ListenerTls(str(path), str(path))


def authority(tls: ListenerTls) -> Path:
    """Return the file of the authority that signed a certificate for development."""
    return Path(tls.cert or "").parent / _AUTHORITY


def _is_good(path: Path, names: frozenset[str]) -> bool:
    from cryptography import x509  # noqa: PLC0415

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    kind = x509.SubjectAlternativeName
    held = {str(name.value) for name in certificate.extensions.get_extension_for_class(kind).value}
    lasts = certificate.not_valid_after_utc > datetime.now(UTC) + _AHEAD
    return lasts and names <= held and authority(ListenerTls(str(path))).exists()


def _make(folder: Path, names: frozenset[str]) -> None:
    import trustme  # noqa: PLC0415

    expiry = datetime.now(UTC) + _VALID
    maker = trustme.CA(organization_name="corsproxy for development")
    leaf = maker.issue_cert(*sorted(names), not_after=expiry)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    _write(folder / _AUTHORITY, maker.cert_pem.bytes())
    _write(folder / _FILE, chain + leaf.private_key_pem.bytes())


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, all of it or nothing."""
    partial = path.with_suffix(f".{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_bytes(content)
    partial.replace(path)
