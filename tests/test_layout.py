"""The house keeps its shape: every module has its test file, and none grows too large."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "corsproxy"
SOURCES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
MODULES = [path for path in SOURCES if path.stem not in ("__init__", "__main__")]

# joined here, so that this file holds none of them
REGISTRIES = re.compile(
    "|".join(
        [
            *(re.escape(".".join(name)) for name in [
                ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("yarnpkg", "com"),
                ("crates", "io"), ("rubygems", "org"), ("proxy", "golang", "org"),
            ]),
            r"\b(?:artifactory|devpi|nexus)\b[\w.-]*[:/]",
            r"https?://[^\s\"'<>]+/simple\b",
            r"(?:index[-_]url|registry)[\"']?\s*[=:]\s*[\"']?\w+://",
        ]
    ),
    re.IGNORECASE,
)  # fmt: skip
LEFT_OUT = {".git", ".venv", "node_modules", "build", "dist", "__pycache__"}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse((PACKAGE / path).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def committed() -> list[Path]:
    """Return the files of the repository, or of an unpacked source distribution."""
    if not (ROOT / ".git").exists():
        found = (path for path in ROOT.rglob("*") if path.is_file())
        return [path for path in found if LEFT_OUT.isdisjoint(path.relative_to(ROOT).parts)]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_module_has_its_test_file(path: Path):
    assert (ROOT / "tests" / path.parent / f"test_{path.stem}.py").is_file()


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_module_is_long(path: Path):
    assert len((PACKAGE / path).read_text("utf-8").splitlines()) < 300


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_function_is_long(path: Path):
    lengths = {f.name: (f.end_lineno or 0) - f.lineno + 1 for f in functions(path)}

    assert {name: length for name, length in lengths.items() if length >= 50} == {}


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_function_takes_many_parameters(path: Path):
    positional = {
        f.name: [a.arg for a in (*f.args.posonlyargs, *f.args.args) if a.arg not in ("self", "cls")]
        for f in functions(path)
    }

    assert {name: given for name, given in positional.items() if len(given) > 5} == {}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_module_is_named_for_nothing(path: Path):
    assert path.stem not in {"utils", "util", "common", "helpers", "misc", "tools"}


def test_no_committed_file_holds_the_address_of_a_package_registry():
    found = {}
    for path in committed():
        text = path.read_bytes().decode("utf-8", "ignore")
        if match := REGISTRIES.search(text):
            found[str(path.relative_to(ROOT))] = match[0]

    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("https://" + "pypi" + ".org/project/x", id="a registry"),
        pytest.param("index-" + "url = https://mirror.example/x", id="an index in a settings file"),
        pytest.param("https://mirror.example/" + "simple/x", id="a mirror"),
        pytest.param("registry" + "=https://mirror.example/", id="a registry in a settings file"),
    ],
)
def test_such_an_address_is_seen(line: str):
    assert REGISTRIES.search(line)
