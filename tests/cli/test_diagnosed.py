"""What `corsproxy diagnose` says, word for word; the words of docs/diagnose.md among them."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import re
import shlex
from pathlib import Path

import pytest

from corsproxy.cli.diagnosed import unreached
from corsproxy.core.diagnosis import Silence
from corsproxy.core.errors import ProxyErrorType

DOCS = Path(__file__).parents[2] / "docs" / "diagnose.md"
ALLOW = "Access-Control-Allow-Origin: *"


def shown(cli, server, *args):  # noqa: ANN002 words of a command line
    """Return what is shown, with the port of the server as 8000."""
    status, out, _ = cli("diagnose", *args)
    return status, out.replace(server.url, "http://127.0.0.1:8000").replace(
        server.url.removeprefix("http://"), "127.0.0.1:8000"
    )


def test_the_run_that_is_documented(cli, serves):
    server = serves(lambda _: serves.reply(401, "Server: nginx"))
    block = re.search(
        r"```text\n\$ corsproxy diagnose ([^\n]*)\n(.*?)```", DOCS.read_text(), re.DOTALL
    )
    args = shlex.split(block[1].replace("http://127.0.0.1:8000", server.url))
    assert shown(cli, server, *args) == (3, block[2])


ALLOWED = """\
GET http://127.0.0.1:8000/a from a page at http://localhost:3001

Preflight: none, for the method and all headers are safelisted  (Fetch §2.2.1, §2.2.2)
Request:
  > GET /a HTTP/1.1
  > Host: 127.0.0.1:8000
  > Accept: */*
  > Origin: http://localhost:3001
  < 302
  < Access-Control-Allow-Origin: *
  < Location: /b
  ok  Access-Control-Allow-Origin is '*'  (Fetch §4.10, CORS check, step 3)

Redirected to http://127.0.0.1:8000/b, as http://localhost:3001
Preflight: none, for the method and all headers are safelisted  (Fetch §2.2.1, §2.2.2)
Request:
  > GET /b HTTP/1.1
  > Host: 127.0.0.1:8000
  > Accept: */*
  > Origin: http://localhost:3001
  < 200
  < Access-Control-Allow-Origin: *
  < Access-Control-Expose-Headers: X-Shown
  ok  Access-Control-Allow-Origin is '*'  (Fetch §4.10, CORS check, step 3)

Allowed: the page reads the answer, 200, and of its headers content-length, x-shown  (Fetch §2.2.2)
  Chromium: allowed
  Firefox: allowed
  Safari: allowed
"""


def test_each_step_of_a_request_that_is_redirected(cli, serves):
    shows = ("Access-Control-Expose-Headers: X-Shown", "X-Shown: 1", "X-Hidden: 2")
    server = serves(
        lambda asked: (
            serves.reply(302, ALLOW, "Location: /b")
            if asked.path == "/a"
            else serves.reply(200, ALLOW, *shows)
        )
    )
    args = (f"{server.url}/a", "--origin", "http://localhost:3001")
    assert shown(cli, server, *args) == (0, ALLOWED)


LINES = {
    "a preflight alone": (
        ("--origin", "http://localhost:3001", "--method", "PUT", "--preflight-only"),
        0,
        "Allowed: by its preflight; the request itself was not sent",
    ),
    "a permission": (
        ("--origin", "https://app.invalid"),
        0,
        "  Chromium: asks the user, for `loopback-network`; where the user refuses",
    ),
    "no permission": (
        ("--origin", "http://app.invalid"),
        3,
        (
            "Refused by Chromium before CORS has a say; elsewhere the page reads the answer, 200, "
            "and of its headers content-length  (Fetch §2.2.2)"
        ),
    ),
    "the own origin": (
        ("--origin", "SERVER"),
        0,
        (
            "Allowed: the page reads the answer, 200, and of its headers "
            "access-control-allow-methods, access-control-allow-origin, content-length  "
            "(Fetch §2.2.2)"
        ),
    ),
}


@pytest.mark.parametrize(("args", "status", "line"), LINES.values(), ids=LINES)
def test_one_line(cli, serves, args, status, line):
    server = serves(lambda _: serves.reply(200, ALLOW, "Access-Control-Allow-Methods: PUT"))
    args = [server.url if arg == "SERVER" else arg for arg in args]
    got, out = shown(cli, server, server.url, *args)
    assert (got, line in out.splitlines()) == (status, True)


def test_what_stops_it_before_anything_is_sent(cli):
    status, out, _ = cli("diagnose", "http://10.0.0.1/", "--origin", "https://app.example")
    assert (status, out.splitlines()[2:5]) == (
        3,
        [
            (
                "  no  a page that came over https may not ask http://10.0.0.1  (Mixed Content "
                "§4.4, should fetching be blocked)"
            ),
            "",
            (
                "Refused by the browser: mixed_content, a page that came over https may not ask "
                "http://10.0.0.1"
            ),
        ],
    )


@pytest.mark.parametrize("kind", ProxyErrorType)
def test_whatever_keeps_from_a_server_has_words(kind):
    what, mend = unreached(Silence(kind, "said", connected=False), "http://a/")
    assert what.startswith("http://a/ can't be reached: ")
    assert what.endswith(" (said)")
    assert mend


def test_of_a_port_without_tls_the_address_to_try_is_named():
    silence = Silence(ProxyErrorType.TLS_PROTOCOL_ERROR, "wrong version", connected=False)
    what, mended = unreached(silence, "https://localhost:8000/a")
    why = "it speaks no TLS on this port, or none that we do (wrong version)"
    assert what == f"https://localhost:8000/a can't be reached: {why}"
    assert mended == "Try http://localhost:8000/a"
