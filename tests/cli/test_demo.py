"""`corsproxy demo`: what it says at its start, and where a port is taken."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import json
import re
import socket
import urllib.request

import pytest

FREE = {"--port": "0", "--admin-port": "0", "--frontend-port": "0", "--api-port": "0"}


def options(**changed: str):
    given = FREE | {"--" + name.replace("_", "-"): port for name, port in changed.items()}
    return [part for pair in given.items() for part in pair]


def read(url):
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.read()


def test_it_says_what_to_open(corsproxy):
    with corsproxy("demo", *options()) as demo:
        demo.out.wait_for("through the proxy")
        text = "\n".join(demo.out.lines)
        page, api, proxy, admin = re.findall(r"http://[a-z0-9.]+:\d+", text)
        assert text == (
            "corsproxy demo\n"
            f"  the page          {page}   <- open this\n"
            f"  the legacy API    {api}   (no CORS)\n"
            f"  through the proxy {proxy}   (admin {admin})"
        )
        assert json.loads(read(f"{page}/config.json"))["proxy"] == proxy
        assert json.loads(read(f"{api}/api/contacts")) == json.loads(read(f"{proxy}/api/contacts"))
        assert read(f"{admin}/healthz") == b"ok\n"


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


TAKEN = {
    "port": "--port or --admin-port",
    "admin_port": "--port or --admin-port",
    "frontend_port": "--frontend-port",
    "api_port": "--api-port",
}


@pytest.mark.parametrize(("option", "advice"), TAKEN.items(), ids=TAKEN)
def test_a_port_that_is_taken(command, taken, option, advice):
    status, out, err = command("demo", *options(**{option: taken}))
    assert (status, out) == (1, "")
    expected = rf"can't listen on 127.0.0.1:{taken}: .*address already in use.*; choose .* {advice}"
    assert re.fullmatch(expected + "\n", err, re.IGNORECASE)


def test_one_port_for_two(cli, unused_tcp_port):
    port = str(unused_tcp_port)
    status, out, err = cli("demo", *options(port=port, admin_port=port))
    assert (status, out) == (2, "")
    assert err == "--port and --admin-port are the same: choose two\n"


@pytest.mark.parametrize("option", TAKEN)
@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_what_is_no_port(cli, option, port):
    name = "--" + option.replace("_", "-")
    status, out, err = cli("demo", *options(**{option: port}))
    assert (status, out, f"Invalid value for '{name}'" in err) == (2, "", True)
