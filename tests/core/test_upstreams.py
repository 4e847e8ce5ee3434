import pytest

from corsproxy.core.upstreams import Address, Upstream, UpstreamTls

PLAIN = Address("legacy", 8000)
TLS = UpstreamTls()


@pytest.mark.parametrize(
    ("address", "scheme", "authority", "text"),
    [
        pytest.param(PLAIN, "http", "legacy:8000", "http://legacy:8000", id="a port of its own"),
        pytest.param(Address("a", 80), "http", "a", "http://a", id="http's own port is left out"),
        pytest.param(Address("a", 443), "http", "a:443", "http://a:443", id="443 without TLS"),
        pytest.param(Address("a", 443, TLS), "https", "a", "https://a", id="https's own port"),
        pytest.param(Address("a", 80, TLS), "https", "a:80", "https://a:80", id="80 with TLS"),
        pytest.param(Address("::1", 80), "http", "[::1]", "http://[::1]", id="IPv6 in brackets"),
        pytest.param(
            Address("::1", 81), "http", "[::1]:81", "http://[::1]:81", id="IPv6 and a port"
        ),
        pytest.param(
            Address("", 0, socket="/run/a.sock"),
            "http",
            "localhost",
            "unix:/run/a.sock",
            id="a unix socket",
        ),
    ],
)
def test_an_address_is_written_as_host_field_and_for_people(
    address: Address, scheme: str, authority: str, text: str
):
    assert (address.scheme, address.authority, str(address)) == (scheme, authority, text)


@pytest.mark.parametrize(
    ("upstream", "path", "query", "expected"),
    [
        pytest.param(Upstream(PLAIN), b"/a", None, b"/a", id="nothing before the path"),
        pytest.param(Upstream(PLAIN, b"/"), b"/a", None, b"/a", id="R7: one slash, not two"),
        pytest.param(Upstream(PLAIN, b"/v1"), b"/a", None, b"/v1/a", id="R7: base without a slash"),
        pytest.param(Upstream(PLAIN, b"/v1/"), b"/a", None, b"/v1/a", id="R7: base with a slash"),
        pytest.param(Upstream(PLAIN, b"/v1"), b"/", None, b"/v1/", id="R7: the bare slash stays"),
        pytest.param(
            Upstream(PLAIN, b"/v1"), b"//a//b", None, b"/v1//a//b", id="R7: doubled slashes stay"
        ),
        pytest.param(
            Upstream(PLAIN, b"/v%2f1"), b"/a%2Fb", None, b"/v%2f1/a%2Fb", id="R7: encoded slashes"
        ),
        pytest.param(Upstream(PLAIN), b"/a", b"", b"/a?", id="R3: a bare ? stays"),
        pytest.param(Upstream(PLAIN), b"/a", b"b=%zz&;?", b"/a?b=%zz&;?", id="R2: any query stays"),
        pytest.param(
            Upstream(PLAIN, query=b"a=1"), b"/p", b"b=2", b"/p?a=1&b=2", id="R8: merged in front"
        ),
        pytest.param(
            Upstream(PLAIN, query=b"a=1"), b"/p", None, b"/p?a=1", id="R8: no & without a query"
        ),
        pytest.param(
            Upstream(PLAIN, query=b"a=1"), b"/p", b"", b"/p?a=1", id="R8: no & with an empty one"
        ),
        pytest.param(Upstream(PLAIN, b"/v1"), b"*", None, b"*", id="R10: the asterisk is no path"),
        pytest.param(Upstream(PLAIN, query=b"a=1"), b"*", None, b"*", id="R10: nor has it a query"),
    ],
)
def test_paths_and_queries_are_joined(
    upstream: Upstream, path: bytes, query: bytes | None, expected: bytes
):
    assert upstream.target(path, query) == expected


@pytest.mark.parametrize(
    ("upstream", "text"),
    [
        pytest.param(Upstream(PLAIN), "http://legacy:8000", id="an address"),
        pytest.param(
            Upstream(PLAIN, b"/v1", b"k=\xe9"), "http://legacy:8000/v1?k=é", id="path and query"
        ),
    ],
)
def test_an_upstream_is_written_as_configured(upstream: Upstream, text: str):
    assert str(upstream) == text
