"""Files that a route table names: are they there, and does a key belong to its certificate."""

import ssl
import stat
from pathlib import Path

from corsproxy.config.report import Report
from corsproxy.config.tree import Node


def readable(name: str | None, node: Node | None, folder: Path, report: Report) -> str | None:
    """Return a file's absolute name; a relative one starts from the folder of the table."""
    if name is None or node is None:
        return None
    path = folder / name
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
        if regular:  # a pipe would be waited for
            path.open("rb").close()
    except OSError as error:
        report.add(node, f"the file can't be read: {error.strerror}")
        return None
    except ValueError:
        report.add(node, "this is no file's name")
        return None
    if not regular:
        report.add(node, "this is no file")
        return None
    return str(path)


def tell_half_a_pair(cert: str | None, key: str | None, node: Node, report: Report) -> None:
    """Tell where a certificate stands without its key, or the other way round."""
    if bool(cert) != bool(key) and not node.is_damaged("cert", "key"):
        there, missing = ("cert", "key") if cert else ("key", "cert")
        what = f"a certificate and its key go together: `{missing}` is missing"
        report.add_key(node.get(there) or node, what)


def tell_unfit_pair(cert: str | None, key: str | None, node: Node, report: Report) -> None:
    """Tell where two files are no certificate and its key."""
    if cert is None or key is None:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # a password would be asked for on the terminal
        context.load_cert_chain(cert, key, password=_no_password)
    except _EncryptedError:
        report.add(node.get("key") or node, "the key is encrypted", "one without a password")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            report.add(node.get("key") or node, "this is not the key of `cert`")
        else:
            what = "the two are no certificate and its key, each in PEM"
            report.add(node.get("cert") or node, what)


class _EncryptedError(Exception):
    """A key asks for a password."""


def _no_password() -> str:
    raise _EncryptedError
