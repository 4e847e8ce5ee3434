"""R70, R71: addresses and cookies rewritten, or left alone to the octet."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

Start = Callable[..., Awaitable[Any]]

REQUEST = b"GET /a/x HTTP/1.1\r\nHost: pub:81\r\nConnection: close\r\n\r\n"


def field(answer: bytes, name: bytes) -> list[bytes]:
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.partition(b": ")[2] for line in lines if line.startswith(name + b": ")]


@pytest.mark.parametrize(
    ("rewrite", "name", "sent", "received"),
    [
        pytest.param(True, "Location", "{own}/y?q#f", "http://pub:81/a/y?q#f", id="R70 this route"),
        pytest.param(True, "Location", "{other}/y", "http://pub:81/b/y", id="R70 another route"),
        pytest.param(True, "Location", "{own}", "http://pub:81/a/", id="R70 no path"),
        pytest.param(True, "Content-Location", "{own}/y", "http://pub:81/a/y", id="R70 content"),
        pytest.param(
            True, "Refresh", "5; url={own}/y", "5; url=http://pub:81/a/y", id="R70 Refresh"
        ),
        pytest.param(True, "Location", "https://o/y", "https://o/y", id="R70 another host"),
        pytest.param(True, "Location", "{own}0/y", "{own}0/y", id="R70 another port"),
        pytest.param(True, "Location", "/y", "/y", id="R70 relative"),
        pytest.param(True, "Location", "//o/y", "//o/y", id="R70 no scheme"),
        pytest.param(False, "Location", "{own}/y", "{own}/y", id="R70 turned off"),
    ],
)
async def test_addresses_of_upstreams(
    answering: Start, proxy: Start, name: str, sent: str, received: str, *, rewrite: bool
):
    own, other = await answering(b""), await answering(b"")

    def written(text: str) -> bytes:
        return text.format(own=own.url, other=other.url).encode()

    redirecting = await answering(
        b"HTTP/1.1 302 Found\r\n" + name.encode() + b": " + written(sent) + b"\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    stripped = {"strip_prefix": True, "rewrite_location": rewrite}
    routes = [
        {"path": "/a/x", "upstream": redirecting.url, **stripped},
        {"path": "/a", "upstream": own.url, **stripped},
        {"path": "/b", "upstream": other.url, **stripped},
    ]
    front = await proxy("", {"routes": routes})
    assert field(await front.send(REQUEST), name.encode()) == [written(received)]


WHOLE = b"a=1; Domain=x.example; path=/p;Secure ; HttpOnly; SameSite=None; Expires=Sun, 22 Nov 2026"


@pytest.mark.parametrize(
    ("rules", "sent", "received"),
    [
        pytest.param(None, [WHOLE], [WHOLE], id="R71 not configured"),
        pytest.param(
            {"domain": "strip"},
            [WHOLE, b"b=2;DOMAIN=y"],
            [WHOLE.replace(b" Domain=x.example;", b""), b"b=2"],
            id="R71 Domain off, of every cookie, in any case",
        ),
        pytest.param(
            {"domain": "pub.example"},
            [WHOLE],
            [WHOLE.replace(b"x.example", b"pub.example")],
            id="R71 another Domain",
        ),
        pytest.param(
            {"path": "/a"}, [WHOLE], [WHOLE.replace(b"path=/p", b"Path=/a")], id="R71 another Path"
        ),
        pytest.param(
            {"same_site": "lax", "secure": False},
            [WHOLE],
            [WHOLE.replace(b"Secure ; ", b" ").replace(b"=None", b"=Lax")],
            id="R71 SameSite and Secure",
        ),
        pytest.param(
            {"secure": False, "domain": "x"},
            [b"__Host-a=1; Path=/; Secure", b"__Secure-a=1; Secure"],
            [b"__Host-a=1; Path=/; Secure", b"__Secure-a=1; Secure"],
            id="R71 no promise of a name is broken",
        ),
        pytest.param(
            "local",
            [b"a=1; Domain=x; Path=/p; Secure; SameSite=None; HttpOnly"],
            [b"a=1; Path=/a; SameSite=Lax; HttpOnly"],
            id="R71 local",
        ),
    ],
)
async def test_cookies(
    answering: Start,
    proxy: Start,
    rules: Mapping[str, object] | str | None,
    sent: list[bytes],
    received: list[bytes],
):
    lines = b"".join(b"Set-Cookie: " + cookie + b"\r\n" for cookie in sent)
    upstream = await answering(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n")
    written = {} if rules is None else {"cookies": rules}
    front = await proxy(upstream.url, path="/a", strip_prefix=True, **written)
    assert field(await front.send(REQUEST), b"Set-Cookie") == received
