import pytest

from corsproxy.config.forward_proxies import from_environment
from corsproxy.config.problems import WrongValueError
from corsproxy.config.urls import upstream_url
from corsproxy.core.upstreams import ForwardProxy

PROXY = {"http_proxy": "http://one:1"}


@pytest.mark.parametrize(
    ("url", "environ", "host"),
    [
        pytest.param("http://a", {}, None, id="nothing is set"),
        pytest.param("http://a", {"http_proxy": "http://one:1"}, "one", id="lower case"),
        pytest.param("http://a", {"HTTP_PROXY": "http://one:1"}, "one", id="upper case"),
        pytest.param("http://a", {**PROXY, "HTTP_PROXY": "http://two"}, "one", id="lower first"),
        pytest.param("https://a", PROXY, None, id="another scheme"),
        pytest.param("https://a", {"https_proxy": "http://two"}, "two", id="its own scheme"),
        pytest.param("http://a", {"http_proxy": "one:1"}, "one", id="without a scheme"),
        pytest.param("http://a", {"http_proxy": ""}, None, id="an empty value"),
        pytest.param("http://a", {**PROXY, "no_proxy": "*"}, None, id="no proxy at all"),
        pytest.param("http://a.b", {**PROXY, "no_proxy": "x, a.b"}, None, id="a host exempt"),
        pytest.param("http://a.b", {**PROXY, "NO_PROXY": ".B"}, None, id="a suffix exempt"),
        pytest.param("http://a.b", {**PROXY, "no_proxy": "b"}, None, id="a domain exempt"),
        pytest.param("http://a.b", {**PROXY, "no_proxy": "*.b"}, None, id="a pattern exempt"),
        pytest.param("http://ab", {**PROXY, "no_proxy": "b"}, "one", id="no part of a label"),
        pytest.param("http://a:8", {**PROXY, "no_proxy": "a:8"}, None, id="a port exempt"),
        pytest.param("http://a:9", {**PROXY, "no_proxy": "a:8"}, "one", id="another port"),
        pytest.param("http://[::1]", {**PROXY, "no_proxy": "::1"}, None, id="IPv6 exempt"),
        pytest.param("http://[::1]:8", {**PROXY, "no_proxy": "[::1]:8"}, None, id="with a port"),
        pytest.param("http://a", {**PROXY, "no_proxy": ".,,"}, "one", id="empty exceptions"),
    ],
)
def test_the_proxy_of_the_environment(url: str, environ: dict[str, str], host: str | None):
    proxy = from_environment(upstream_url(url), environ)
    assert (proxy and proxy.host) == host


def test_a_wrong_variable_is_told_by_its_name():
    with pytest.raises(WrongValueError) as caught:
        from_environment(upstream_url("http://a"), {"http_proxy": "socks5://u:p@one"})
    what = "HTTP_PROXY in the environment: the scheme 'socks5' is not spoken here"
    assert (caught.value.what, caught.value.write) == (what, None)


def test_credentials_are_sent_along():
    proxy = from_environment(upstream_url("https://a"), {"HTTPS_PROXY": "https://u:p@one"})
    assert proxy == ForwardProxy("one", 443, tls=True, authorization=b"Basic dTpw")
