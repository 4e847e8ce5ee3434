"""Docs can't lie: every YAML block loads, every command runs, every key has a heading."""

import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import trustme
from _pytest.mark import ParameterSet

from corsproxy.config.learnt import written
from corsproxy.config.loader import load_text
from corsproxy.config.schema import schema
from corsproxy.core.learning import Learnt, Usage

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
_LOG_LINE = 20  # seconds a command may take to say that it listens


def blocks(language: str) -> list[ParameterSet]:
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in _BLOCK.finditer(text):
            if match[1] == language:
                line = text.count("\n", 0, match.start()) + 1
                found.append(pytest.param(match[2], id=f"{page.name}:{line}"))
    return found


def commands() -> list[ParameterSet]:
    found = []
    for block in blocks("sh"):
        text = str(block.values[0]).replace("\\\n", " ")
        lines = filter(None, map(str.strip, text.splitlines()))
        found += [pytest.param(line, id=f"{block.id} {line[:60]}") for line in lines]
    return found


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CORSPROXY_")}
    return {**kept, "API_URL": "http://localhost:8000"}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificate that blocks name."""
    folder = tmp_path_factory.mktemp("certificates")
    leaf = trustme.CA().issue_cert("localhost")
    leaf.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "server.key"))
    return folder


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_yaml_block_is_a_route_table_that_loads(text: str, certificates: Path) -> None:
    config = load_text(text, "block", {**environment(), "CERTS": str(certificates)})

    assert config.table.routes
    assert [p for p in config.warnings if p.level == "warning"] == []


@pytest.mark.parametrize("text", blocks("json"))
def test_every_json_block_is_json(text: str) -> None:
    json.loads(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the README's route table in it, and one that was learnt of it."""
    table = str(next(b.values[0] for b in blocks("yaml") if b.id.startswith("README")))
    (tmp_path / "corsproxy.yaml").write_text(table)
    learnt = Learnt({"routes[0]": Usage(origins=("http://localhost:3001",))})
    (tmp_path / "learnt.yaml").write_text(written(table, learnt))
    return tmp_path


@pytest.mark.parametrize("line", commands())
def test_every_command_runs(line: str, folder: Path) -> None:
    words = shlex.split(line)
    match words:
        case ["corsproxy", "run" | "demo", *_]:
            assert "listening on" in serve(words[1:], {}, folder) or "open this" in line
        case ["corsproxy", "check", "--probe", *_]:
            with upstream() as url:
                table = folder / "corsproxy.yaml"
                table.write_text(re.sub(r"upstream: .*", f"upstream: {url}", table.read_text()))
                assert run(words[1:], folder) == 0
        case ["corsproxy", *arguments]:
            assert run(arguments, folder) == 0
        case ["docker", "run", *rest]:
            assert "listening on" in serve(["run"], docker_environment(rest), folder)
        case ["docker", "build", *_] | ["make", "image"]:
            assert (ROOT / "Dockerfile").exists()
        case ["make", target, *_]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case ["pip", "install", "."]:
            built = subprocess.run(
                [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
                 "--disable-pip-version-check", "--target", folder / "site", "."],
                cwd=ROOT, check=False,
            )  # fmt: skip
            assert built.returncode == 0
            assert (folder / "site" / "corsproxy" / "demo" / "page" / "index.html").exists()
        case _:
            pytest.fail(f"no rule runs {line!r}")


@contextmanager
def upstream() -> Iterator[str]:
    """Serve nothing, but answer."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run(arguments: list[str], folder: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", "corsproxy", *arguments], cwd=folder, env=environment(), check=False
    ).returncode


def serve(arguments: list[str], variables: dict[str, str], folder: Path) -> str:
    """Run a command that serves, on free ports, until it says so; then end it, and its status."""
    free = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    if arguments[0] == "demo":
        free = [f"{o}=0" for o in ("--port", "--admin-port", "--frontend-port", "--api-port")]
    arguments = [*arguments, *free]
    with subprocess.Popen(
        [sys.executable, "-m", "corsproxy", *arguments], cwd=folder,
        env={**environment(), **variables}, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = ""
        for text in process.stdout:
            said += text
            if "listening on" in text or "admin" in text:
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(_LOG_LINE) == 0
        return said


def docker_environment(words: list[str]) -> dict[str, str]:
    """Read the -e options of a `docker run`, which ends in the image's name."""
    pairs = itertools.pairwise(words)
    variables = dict(value.split("=", 1) for option, value in pairs if option == "-e")
    assert words[-1] == "corsproxy"
    assert all(name.startswith("CORSPROXY_") for name in variables)
    return variables


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    missing = [
        link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()
    ]

    assert missing == []


def keys() -> set[str]:
    """Every key that a route table may have, from its own schema."""
    found: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, dict):
            found.update(node.get("properties", {}))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(schema())
    return found


def test_every_key_of_a_route_table_has_a_heading() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    headings = set(
        re.findall(r"`([a-z_]+)`", "\n".join(re.findall(r"^#+ .*$", text, re.MULTILINE)))
    )

    assert keys() - headings == set()
