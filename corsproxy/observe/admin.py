"""The admin listener's small application: is the proxy alive, is it ready, what did it refuse."""

from collections.abc import Callable

from aiohttp import web

from corsproxy.observe.refusals import Refusals

_UNAVAILABLE = 503


def create_app(ready: Callable[[], bool], refusals: Callable[[], Refusals]) -> web.Application:
    """Return the application; `ready` tells whether new requests are served."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        if ready():
            return web.Response(text="ready\n")
        return web.Response(text="draining\n", status=_UNAVAILABLE)

    async def refused(_request: web.Request) -> web.Response:
        return web.json_response(refusals().told())

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/refused", refused)
    return app
