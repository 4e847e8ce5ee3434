"""The frontend of the demo: one page, and the two addresses it calls."""

import json
from collections.abc import Mapping
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Handler

from corsproxy.core.origins import Origin

_PAGE = {
    "/": ("page/index.html", "text/html"),
    "/style.css": ("page/style.css", "text/css"),
    "/demo.js": ("page/demo.js", "text/javascript"),
    "/corsproxy.yaml": ("corsproxy.yaml", "text/plain"),
}


def create_app(
    api_url: str, proxy_url: str, *, inspector_url: str | None = None
) -> web.Application:
    """Return the app that serves the page.

    `api_url` and `proxy_url` are the origins the browser calls, directly and through the proxy;
    for the session cookie to pass, `proxy_url` must be on the page's own host (`localhost`, not
    `127.0.0.1`: SameSite, RFC 6265bis §5.2). With `inspector_url` the page links there.
    Raises OriginSyntaxError (a ValueError) for an address that is more or less than an origin.
    """
    api, proxy = _origin(api_url), _origin(proxy_url)
    config = {"api": api, "proxy": proxy, "inspector": inspector_url}
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _content_policy(api, proxy),
        "X-Content-Type-Options": "nosniff",
    }

    app = web.Application()
    app.router.add_get("/config.json", _answering(json.dumps(config), "application/json", headers))
    for path, (name, content_type) in _PAGE.items():
        text = files("corsproxy.demo").joinpath(name).read_text(encoding="utf-8")
        app.router.add_get(path, _answering(text, content_type, headers))
    return app


def _answering(text: str, content_type: str, headers: Mapping[str, str]) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type, headers=headers)

    return answer


def _origin(url: str) -> str:
    return str(Origin.parse(url.removesuffix("/")))


def _content_policy(api: str, proxy: str) -> str:
    """Return a policy under which the page can load nothing but itself (CSP Level 3)."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        f"connect-src 'self' {api} {proxy}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
