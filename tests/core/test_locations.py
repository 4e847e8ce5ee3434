import re

import pytest

from corsproxy.core.locations import rewrite, rewrite_refresh
from corsproxy.core.routes import Route, RouteTable
from corsproxy.core.upstreams import Address, Upstream, UpstreamTls

PUBLIC = b"http://p:8080"


def route(name: str, path: bytes, upstream: Upstream, **changes: object) -> Route:
    return Route(name=name, path=path, upstream=upstream, **changes)  # type: ignore[arg-type]


API = route("api", b"/api", Upstream(Address("legacy", 8000)), strip_prefix=True)
V2 = route("v2", b"/v2/", Upstream(Address("legacy", 8000), b"/two/"), strip_prefix=True)
AUTH = route("auth", b"/login", Upstream(Address("auth", 443, UpstreamTls())))
DEEP = route("deep", b"/", Upstream(Address("deep", 80), b"/base"), strip_prefix=True)
SIX = route("six", b"/", Upstream(Address("::1", 80)))
UNIX = route("unix", b"/u", Upstream(Address("", 0, socket="/run/a.sock")), strip_prefix=True)
REGEX = Route(
    name="regex", path=None, path_regex=re.compile(b"/r/.*"), upstream=Upstream(Address("r", 80))
)
WHOLE = route("whole", b"/", Upstream(Address("whole", 80), b"/base"))
TABLE = RouteTable([API, V2, AUTH, DEEP, SIX, UNIX, REGEX, WHOLE])


@pytest.mark.parametrize(
    ("current", "url", "expected"),
    [
        pytest.param(
            API, b"http://legacy:8000/a/b?c=%2F#d", b"/api/a/b?c=%2F#d", id="path, query, fragment"
        ),
        pytest.param(API, b"HTTP://Legacy:8000/A", b"/api/A", id="in any case, but for the path"),
        pytest.param(API, b" http://legacy:8000/a\t", b"/api/a", id="with blanks around"),
        pytest.param(API, b"http://legacy:8000", b"/api/", id="without a path"),
        pytest.param(API, b"http://legacy:8000?a", b"/api/?a", id="with a query only"),
        pytest.param(API, b"http://legacy:8000#a", b"/api/#a", id="with a fragment only"),
        pytest.param(API, b"http://legacy:8000//evil", b"/api//evil", id="slashes stay"),
        pytest.param(API, b"http://u:p@legacy:8000/a", b"/api/a", id="user information goes"),
        pytest.param(API, b"http://legacy:8000/two/a", b"/api/two/a", id="the current route first"),
        pytest.param(V2, b"http://legacy:8000/two/a", b"/v2/a", id="its base path comes off"),
        pytest.param(V2, b"http://legacy:8000/two", b"/v2", id="its base path alone"),
        pytest.param(V2, b"http://legacy:8000/two?a", b"/v2?a", id="its base path and a query"),
        pytest.param(V2, b"http://legacy:8000/twofold", b"/api/twofold", id="whole segments only"),
        pytest.param(
            V2, b"http://legacy:8000/one", b"/api/one", id="else another that leads there"
        ),
        pytest.param(API, b"https://auth/login?next=/", b"/login?next=/", id="another's upstream"),
        pytest.param(API, b"https://auth:443/login", b"/login", id="with its default port"),
        pytest.param(API, b"https://auth/other", b"/other", id="even where that route ends"),
        pytest.param(DEEP, b"http://deep/base", b"", id="the root of the proxy"),
        pytest.param(DEEP, b"http://deep:80/base/", b"/", id="the root with its slash"),
        pytest.param(WHOLE, b"http://whole/base?a", b"/?a", id="without its base path"),
        pytest.param(SIX, b"http://[::1]/a", b"/a", id="IPv6"),
        pytest.param(REGEX, b"http://r/r/a", b"/r/a", id="a route by regular expression"),
        pytest.param(UNIX, b"http://localhost/a", b"/u/a", id="a unix socket, by its own Host"),
        pytest.param(API, b"http://localhost/a", None, id="which means nothing on other routes"),
        pytest.param(API, b"http://legacy/a", None, id="another port"),
        pytest.param(API, b"https://legacy:8000/a", None, id="another scheme"),
        pytest.param(API, b"http://legacy:8000.evil/a", None, id="another host"),
        pytest.param(API, b"http://evil/http://legacy:8000/a", None, id="a host in a path"),
        pytest.param(API, b"http://deep/elsewhere", None, id="out of the base path"),
        pytest.param(API, b"http://deep/based", None, id="a part of a segment"),
        pytest.param(API, b"/a", None, id="a relative reference"),
        pytest.param(API, b"//legacy:8000/a", None, id="one without a scheme"),
        pytest.param(API, b"ftp://legacy:8000/a", None, id="no HTTP"),
        pytest.param(API, b"http://legacy:8000/a b", None, id="a blank inside"),
        pytest.param(API, b"http://leg\xe9cy:8000/", None, id="obs-text"),
        pytest.param(API, b"", None, id="nothing"),
    ],
)
def test_addresses_of_upstreams_become_the_proxys(
    current: Route, url: bytes, expected: bytes | None
):
    rewritten = rewrite(url, TABLE, current, PUBLIC)

    assert rewritten == (url if expected is None else PUBLIC + expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            b"5; url=http://legacy:8000/a", b"5; url=http://p:8080/api/a", id="the usual form"
        ),
        pytest.param(
            b"0.5 ,URL = 'http://legacy:8000/a'",
            b"0.5 ,URL = 'http://p:8080/api/a'",
            id="in quotes, however spaced",
        ),
        pytest.param(
            b'0;url="http://legacy:8000/a" ', b'0;url="http://p:8080/api/a" ', id="double quotes"
        ),
        pytest.param(b"5; url=/a", b"5; url=/a", id="a relative reference"),
        pytest.param(b"5", b"5", id="no address"),
        pytest.param(
            b"5; url=http://legacy:8000/a b", b"5; url=http://legacy:8000/a b", id="blank"
        ),
    ],
)
def test_refresh_is_rewritten(value: bytes, expected: bytes):
    assert rewrite_refresh(value, TABLE, API, PUBLIC) == expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"http://" + b"a" * 200_000 + b" b", id="a long host and a blank"),
        pytest.param(b"http://legacy:8000/" + b"a" * 200_000 + b" b", id="a long path and a blank"),
        pytest.param(b"0;url=" + b"a" * 200_000 + b" b", id="a long word"),
        pytest.param(b"0;url=a" + b" " * 200_000 + b"b", id="many blanks"),
        pytest.param(b"0;url=" + b"'\" " * 70_000 + b"b", id="many quotes"),
        pytest.param(b"0" * 200_000 + b" url", id="many digits"),
    ],
)
def test_no_value_takes_long(value: bytes):
    """What would be quadratic would take minutes here."""
    assert rewrite(value, TABLE, API, PUBLIC) == value
    assert rewrite_refresh(value, TABLE, API, PUBLIC) == value
