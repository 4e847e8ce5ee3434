"""`corsproxy diagnose` on the command line: what it refuses to ask, and what it can't reach."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import json
import socket

import pytest

PAGE = "https://app.example"
NEAR = ("--origin", "http://localhost:3001")

UNREACHED = {
    "a name that nobody has": ("http://nobody.invalid/", "its name is not known"),
    "a port where nothing listens": (None, "nothing listens there"),
}


@pytest.mark.parametrize(("url", "why"), UNREACHED.values(), ids=UNREACHED)
def test_a_server_that_cannot_be_reached(cli, url, why):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = url or f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        status, _, err = cli("diagnose", url, *NEAR)
    assert (status, err.splitlines()[0].startswith(f"{url} can't be reached: {why} (")) == (1, True)


USAGE = {
    "a URL without scheme": (
        ("localhost:8000/api", *NEAR),
        "'localhost:8000/api' has no scheme: write https://localhost:8000/api or http://",
    ),
    "a URL of another scheme": (
        ("ftp://a/", *NEAR),
        "'ftp://a/' is no address that a page can ask: write https://HOST/PATH or http://HOST",
    ),
    "a URL that isn't one": (
        ("http://[/", *NEAR),
        "'http://[/' is no address that a page can ask",
    ),
    "a URL with a password": (
        ("http://a:b@c/", *NEAR),
        "'http://a:b@c/' has a name or password in it, and fetch() takes no such address: write",
    ),
    "an origin without scheme": (
        ("http://a/", "--origin", "localhost:3001"),
        "--origin 'localhost:3001': the scheme is missing: write http://localhost:3001",
    ),
    "an origin with a slash": (
        ("http://a/", "--origin", f"{PAGE}/"),
        f"--origin '{PAGE}/': browsers send no trailing slash: write {PAGE}",
    ),
    "a cookie without credentials": (
        ("http://a/", *NEAR, "--header", "Cookie: a=b"),
        "a browser sends cookies with credentials alone: add --credentials",
    ),
    "a preflight that isn't sent": (
        ("http://a/", *NEAR, "--preflight-only"),
        "--preflight-only: a browser sends no preflight for this request, so that nothing would",
    ),
}


@pytest.mark.parametrize(("args", "said"), USAGE.values(), ids=USAGE)
def test_wrong_usage(cli, args, said):
    status, out, err = cli("diagnose", *args)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"Error: {said}")


def test_what_no_page_can_send_is_refused_unsent(cli):
    status, out, _ = cli("diagnose", "http://a.invalid/", *NEAR, "--method", "TRACE")
    assert (status, out.startswith("Refused by the browser: no page can send 'TRACE'")) == (3, True)


def test_a_host_that_is_not_ascii_is_asked_in_punycode(cli):
    url = "http://exämple.invalid/ü"
    _, out, _ = cli("diagnose", url, *NEAR)
    assert out.startswith("GET http://xn--exmple-cua.invalid/%C3%BC from a page")


def test_what_no_page_can_send_is_told_to_scripts_too(cli):
    args = (*NEAR, "--method", "TRACE", "--format", "json")
    status, out, _ = cli("diagnose", "http://a.invalid/", *args)
    told = json.loads(out)
    assert (status, told["allowed"], told["failure"]["code"]) == (3, False, "method_forbidden")
