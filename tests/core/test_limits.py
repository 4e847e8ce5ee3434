import pytest

from corsproxy.core.limits import Limits, Listener, Timeouts


@pytest.mark.parametrize(
    ("listener", "text", "loopback"),
    [
        pytest.param(Listener("127.0.0.1", 8080), "127.0.0.1:8080", True, id="IPv4 loopback"),
        pytest.param(Listener("localhost", 0), "localhost:0", True, id="localhost"),
        pytest.param(Listener("::1", 8080), "[::1]:8080", True, id="IPv6 loopback"),
        pytest.param(Listener("0.0.0.0", 80), "0.0.0.0:80", False, id="every IPv4 interface"),
        pytest.param(Listener("::", 80), "[::]:80", False, id="every IPv6 interface"),
        pytest.param(Listener("", 80), ":80", False, id="every interface"),
        pytest.param(Listener("proxy.example", 80), "proxy.example:80", False, id="a name"),
        pytest.param(
            Listener(socket="/run/corsproxy.sock"), "unix:/run/corsproxy.sock", False, id="unix"
        ),
    ],
)
def test_a_listener_knows_its_address(listener: Listener, text: str, loopback: bool):
    assert (str(listener), listener.loopback) == (text, loopback)


@pytest.mark.parametrize(
    ("listener", "bound", "url"),
    [
        pytest.param(Listener("127.0.0.1", 80), None, "http://127.0.0.1:80", id="as configured"),
        pytest.param(
            Listener("127.0.0.1", 0), ("127.0.0.1", 4567), "http://127.0.0.1:4567", id="any port"
        ),
        pytest.param(Listener("::1", 0), ("::1", 45, 0, 0), "http://[::1]:45", id="IPv6"),
        pytest.param(Listener("", 0), ("0.0.0.0", 45), "http://0.0.0.0:45", id="every interface"),
        pytest.param(Listener(socket="/run/a"), "/run/a", "unix:/run/a", id="a unix socket"),
    ],
)
def test_a_listener_knows_the_address_to_open(listener: Listener, bound: object, url: str):
    assert listener.url(bound) == url


def test_defaults_are_those_of_the_contract():
    assert Timeouts() == Timeouts(header=15, connect=5, response=60, idle=300, tunnel=3600)
    assert Limits() == Limits(
        header_size=32768,
        upstream_header_size=262144,
        connections=10000,
        request_body=None,
        keepalive=75,
        upstream_keepalive=4,
    )
