"""`corsproxy diagnose` at a real corsproxy: what it allows, and what it refuses with its why."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import json

import pytest

PAGE = "http://localhost:3001"
TABLE = """\
listen: 127.0.0.1:0
admin: off
cors:
  allow_origins: ["http://localhost:3001"]
  allow_methods: [PUT]
  allow_credentials: true
  max_age: 10m
routes:
  - {path: /api, upstream: "${API}"}
"""


@pytest.fixture
def proxy(corsproxy, serves, folder):
    """A running proxy before an API that knows nothing of CORS."""
    api = serves(lambda _: serves.reply(200, "Access-Control-Allow-Origin: https://old.example"))
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    with corsproxy("run", env={"API": api.url}, cwd=folder) as process:
        yield process.address


CASES = {
    "a request": (("--method", "GET"), 0, None, []),
    "with a preflight, and credentials": (("--method", "PUT", "--credentials"), 0, None, []),
    "a method that isn't listed": (
        ("--method", "DELETE"),
        3,
        "Write cors.allow_methods: [PUT, DELETE] in the route table of corsproxy",
        ["refused_by_corsproxy", "through_corsproxy"],
    ),
    "an origin that isn't listed, asking first": (
        ("--method", "PUT", "--origin", "http://localhost:3000"),
        3,
        (
            'Write cors.allow_origins: ["http://localhost:3001", "http://localhost:3000"] in the '
            "route table of corsproxy"
        ),
        ["refused_by_corsproxy", "through_corsproxy"],
    ),
    "an origin that isn't listed, without asking": (
        ("--origin", "http://localhost:3000"),
        3,
        (
            'Write cors.allow_origins: ["http://localhost:3001", "http://localhost:3000"] in the '
            "route table of corsproxy"
        ),
        ["refused_by_corsproxy", "through_corsproxy"],
    ),
}


@pytest.mark.parametrize(("args", "status", "mend", "codes"), CASES.values(), ids=CASES)
def test_before_a_corsproxy(cli, proxy, args, status, mend, codes):
    args = ("--origin", PAGE, "--format", "json", *args)
    got, out, _ = cli("diagnose", f"{proxy}/api/users", *args)
    told = json.loads(out)
    failure = told["failure"] or {}
    assert (got, failure.get("mend")) == (status, mend)
    assert [notice["code"] for notice in told["notices"]] == codes


OTHER = ("--origin", "http://localhost:3000", "--format", "json")
SILENT = "A corsproxy refused it, and off loopback it doesn't say why: see its log"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_before_a_corsproxy_that_keeps_its_reasons_to_itself(
    cli, corsproxy, serves, folder, method
):
    text = f"log: {{explain: false}}\n{TABLE}"
    (folder / "corsproxy.yaml").write_text(text, encoding="utf-8")
    api = serves(lambda _: serves.reply())
    with corsproxy("run", env={"API": api.url}, cwd=folder) as process:
        status, out, _ = cli("diagnose", f"{process.address}/api", *OTHER, "--method", method)
    told = json.loads(out)
    assert (status, told["failure"]["mend"]) == (3, SILENT)
    assert [notice["code"] for notice in told["notices"]] == ["through_corsproxy"]


def test_before_a_corsproxy_without_a_file(cli, corsproxy, serves):
    api = serves(lambda _: serves.reply())
    options = ("--allow-origin", PAGE, "--listen", "127.0.0.1:0", "--admin", "off")
    with corsproxy("run", "--upstream", api.url, *options) as process:
        status, out, _ = cli("diagnose", f"{process.address}/api", *OTHER)
    mend = f"Start corsproxy with --allow-origin {PAGE} --allow-origin http://localhost:3000"
    assert (status, json.loads(out)["failure"]["mend"]) == (3, mend)
