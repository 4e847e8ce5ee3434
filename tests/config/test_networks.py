from collections.abc import Callable
from ipaddress import ip_network

import pytest

from corsproxy.config import Config
from corsproxy.config.networks import proxy_network
from corsproxy.config.problems import WrongValueError
from corsproxy.core.trust import TrustedProxies

ROUTES = "routes: [{upstream: 'http://a', cors: off}]\n"
EVERYONE = (
    "everyone is trusted: any client can say it is another; "
    "write the addresses of the proxies in front"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.0/8", ip_network("10.0.0.0/8")),
        ("192.0.2.1", ip_network("192.0.2.1/32")),
        ("fd00::/8", ip_network("fd00::/8")),
        ("::1", ip_network("::1/128")),
        ("0:0::1", ip_network("::1/128")),
        ("unix", None),
    ],
)
def test_a_trusted_proxy_is_read(text: str, expected: object):
    assert proxy_network(text) == expected


@pytest.mark.parametrize(
    ("value", "what", "write"),
    [
        (10, "expected text, got the number 10", None),
        ("", "the text is empty", None),
        ("nginx", "a proxy is trusted by its address, not by its name", "10.0.0.0/8"),
        ("10.0.0.0/33", "'10.0.0.0/33' is no network", None),
        ("10.0.0.300", "'10.0.0.300' is no network", None),
        ("10.0.0.0/255.0.0.0", "a network's size is a number of bits", "10.0.0.0/8"),
        ("10.0.0.0/0.255.255.255", "a network's size is a number of bits", "10.0.0.0/8"),
        ("10.0.0.1/8", "the address has bits beyond its network's", "10.0.0.0/8"),
        ("fd00::1/8", "the address has bits beyond its network's", "fd00::/8"),
        ("[::1]", "a network stands without brackets", "::1"),
        ("[fd00::]/8", "a network stands without brackets", "fd00::/8"),
        ("fe80::1%eth0", "a network has no zone", "fe80::1"),
        ("fe80::%eth0/64", "a network has no zone", "fe80::/64"),
        ("::ffff:10.0.0.0/104", "IPv4 stands as IPv4", "10.0.0.0/8"),
        ("unix:/run/a.sock", "a socket is trusted with all others", "unix"),
    ],
)
def test_what_is_no_network_is_refused(value: object, what: str, write: str | None):
    with pytest.raises(WrongValueError) as caught:
        proxy_network(value)
    assert (caught.value.what, caught.value.write) == (what, write)


def test_trusted_proxies_are_compiled(load: Callable[..., Config]):
    table = ROUTES + "trusted_proxies: [10.0.0.0/8, unix, 'fd00::/8']"
    networks = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert load(table).trusted_proxies == TrustedProxies(networks, unix=True)


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ("[]", []),
        ("[10.0.0.0/8, '${NET}']", []),
        (
            "10.0.0.1",
            ['2:18: trusted_proxies: "10.0.0.1": expected a list, got text; write ["10.0.0.1"]'],
        ),
        (
            "[unix, 10.0.0.1/8]",
            [
                (
                    '2:25: trusted_proxies[1]: "10.0.0.1/8": the address has bits beyond its '
                    "network's; write 10.0.0.0/8"
                )
            ],
        ),
        (
            "[unix, 0.0.0.0/0, '::/0']",
            [
                f'warning 2:25: trusted_proxies[1]: "0.0.0.0/0": {EVERYONE}',
                f'warning 2:36: trusted_proxies[2]: "::/0": {EVERYONE}',
            ],
        ),
    ],
)
def test_what_is_told_of_trusted_proxies(
    value: str, problems: list[str], tell: Callable[..., list[str]], load: Callable[..., Config]
):
    text, environ = f"{ROUTES}trusted_proxies: {value}", {"NET": "fd00::/8"}
    warnings = [problem.removeprefix("warning ") for problem in problems]
    assert tell(text, environ) == warnings
    if warnings != problems:  # it loads all the same
        assert {p.level for p in load(text, environ).warnings} == {"warning"}
