import os
from collections.abc import Callable
from pathlib import Path

import pytest

from corsproxy.config import Config, load_file, load_mapping
from corsproxy.core.upstreams import Address, ForwardProxy, Upstream, UpstreamTls

Tell = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("written", "upstream"),
    [
        ("http://legacy:8000", Upstream(Address("legacy", 8000))),
        ("https://a/v1?k=1", Upstream(Address("a", 443, UpstreamTls()), b"/v1", b"k=1")),
        ("unix:/a.sock", Upstream(Address("localhost", 80, socket="/a.sock"))),
        ({"url": "http://a"}, Upstream(Address("a", 80))),
        (
            {"url": "https://a", "tls": {"verify": False, "server_name": "b"}},
            Upstream(Address("a", 443, UpstreamTls(server_name="b", verify=False))),
        ),
        (
            {"url": "http://a", "proxy": "http://u:p@proxy:3128"},
            Upstream(
                Address("a", 80, proxy=ForwardProxy("proxy", 3128, authorization=b"Basic dTpw"))
            ),
        ),
        (
            {"url": "http://a", "proxy": "env"},
            Upstream(Address("a", 80, proxy=ForwardProxy("from.env", 8))),
        ),
        (
            {"url": "http://exempt", "proxy": "env"},
            Upstream(Address("exempt", 80)),
        ),
    ],
)
def test_an_upstream_is_compiled(written: object, upstream: Upstream):
    table = {"routes": [{"upstream": written, "cors": False}]}
    environ = {"HTTP_PROXY": "from.env:8", "NO_PROXY": "exempt"}
    assert load_mapping(table, "t", environ).table.routes[0].upstream == upstream


@pytest.mark.parametrize(
    ("upstream", "problems"),
    [
        ("x", ['3:14: routes[0].upstream: "x": the scheme is missing; write http://x']),
        ("{}", ["3:4: routes[0].upstream: the url is missing; write url: http://localhost:8000"]),
        ("5", ["3:14: routes[0].upstream: 5: expected a URL, got the number 5; write http://localhost:5"]),
        (
            "{url: x, proxy: y}",
            [
                '3:20: routes[0].upstream.url: "x": the scheme is missing; write http://x',
                '3:30: routes[0].upstream.proxy: "y": the scheme is missing; write http://y',
            ],
        ),
        (
            "{url: 'http://a', tls: {verify: false}}",
            [
                ("3:32: routes[0].upstream.tls: only an https:// upstream is met over TLS; "
                "write https:// in the url")
            ],
        ),
        (
            "{url: 'unix:/a', proxy: env}",
            ["3:31: routes[0].upstream.proxy: a unix socket is not met through a proxy"],
        ),
        (
            "{url: 'http://a', proxy: env}",
            [
                ('3:39: routes[0].upstream.proxy: "env": HTTP_PROXY in the environment: '
                "the scheme 'socks5' is not spoken here")
            ],
        ),
        (
            "{url: 'http://a', proxy: '${SECRET}'}",
            ["3:39: routes[0].upstream.proxy: \"${SECRET}\": 'x' is no port: 1 to 65535"],
        ),
        (
            "{url: 'https://a', tls: {cert: /no/such/file, ca: /}}",
            [
                ("3:39: routes[0].upstream.tls.cert: a certificate and its key go together: "
                "`key` is missing"),
                ('3:45: routes[0].upstream.tls.cert: "/no/such/file": the file can\'t be read: '
                "No such file or directory"),
                '3:64: routes[0].upstream.tls.ca: "/": this is no file',
            ],
        ),
        (
            '{url: \'https://a\', tls: {ca: "a\\0b"}}',
            [
                ('3:43: routes[0].upstream.tls.ca: "a\\u0000b": '
                "this is no file's name")
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_upstream(upstream: str, problems: list[str], tell_route: Tell):
    environ = {"http_proxy": "socks5://a", "SECRET": "http://u:s3cret@a:x"}
    assert tell_route(f"upstream: {upstream}", environ) == problems


def test_a_relative_file_starts_from_the_folder_of_the_table(certificates: Path):
    table = certificates / "t.yaml"
    table.write_text(
        "routes: [{cors: off, upstream: {url: 'https://a', "
        "tls: {ca: ca.pem, cert: client.pem, key: client.key}}}]"
    )
    tls = load_file(os.path.relpath(table), {}).table.routes[0].upstream.address.tls
    assert tls is not None
    assert [Path(name or "").resolve() for name in (tls.ca, tls.cert, tls.key)] == [
        certificates / name for name in ("ca.pem", "client.pem", "client.key")
    ]


def test_a_route_without_an_upstream(tell: Tell):
    assert tell("routes: [{cors: off}]") == [
        "1:10: routes[0]: the route has no upstream; write upstream: http://localhost:8000"
    ]


def test_the_scheme_may_come_from_the_environment(load: Callable[..., Config]):
    table = "routes: [{cors: off, upstream: '${API}'}]"
    route = load(table, {"API": "https://a"}).table.routes[0]
    assert str(route.upstream) == "https://a"
