"""Route tables as text, and what the loader says of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import trustme

from corsproxy.config import Config, ConfigError, load_text
from corsproxy.config.report import Report
from corsproxy.config.tree import Node, from_data

Tell = Callable[..., list[str]]


def loaded(text: str, environ: Mapping[str, str] | None = None) -> Config:
    return load_text(text, "t.yaml", environ or {})


def told(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    try:
        problems = loaded(text, environ).warnings
    except ConfigError as error:
        problems = error.problems
    return [f"{problem}".removeprefix("t.yaml:") for problem in problems]


@pytest.fixture(scope="session")
def load() -> Callable[..., Config]:
    """Load a route table from text."""
    return loaded


@pytest.fixture(scope="session")
def tell() -> Tell:
    """Return every problem of a table as text, without the file's name."""
    return told


@pytest.fixture(scope="session")
def tell_cors() -> Tell:
    """Return every problem of a policy, written as one YAML line of a route."""

    def of_policy(cors: str, environ: Mapping[str, str] | None = None) -> list[str]:
        table = f"cors: {cors}\nroutes: [{{upstream: 'http://a'}}]"
        return told(table, environ)

    return of_policy


@pytest.fixture(scope="session")
def tell_route() -> Tell:
    """Return every problem of a route, written as one YAML line; its upstream may be left out."""

    def of_route(route: str, environ: Mapping[str, str] | None = None) -> list[str]:
        upstream = "" if "upstream" in route else "upstream: 'http://a', "
        table = f"cors: {{allow_origins: ['https://a.com']}}\nroutes:\n- {{{route}, {upstream}}}"
        return told(table, environ)

    return of_route


@pytest.fixture
def report() -> Report:
    return Report("t.yaml")


@pytest.fixture(scope="session")
def tree() -> Callable[[object], Node]:
    return from_data


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with the files that a table may name."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("client", "server"):
        leaf = authority.issue_cert(f"{name}.example")
        leaf.cert_chain_pems[0].write_to_path(str(tmp_path / f"{name}.pem"))
        leaf.private_key_pem.write_to_path(str(tmp_path / f"{name}.key"))
    return tmp_path


@pytest.fixture(scope="session")
def examples() -> list[Path]:
    """The example route tables of the repository."""
    return sorted(Path(__file__, "../../../config").resolve().glob("*.yaml"))
