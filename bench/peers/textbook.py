"""The obvious way: `web.Application`, a middleware, `ClientSession`. What corsproxy is held against.

Run as `web.run_app` runs it, on asyncio's own loop, or with `uvloop` as the third argument on that.
It does less than a proxy must (no streaming upload of bodies without a length, no WebSocket, no
errors in words), which only makes it faster.
"""

import sys

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

ALLOWED = {"http://localhost:3001"}
METHODS = "GET, PUT, DELETE"
HEADERS = "Content-Type"
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
SESSION = web.AppKey("session", ClientSession)


@web.middleware
async def cors(request, handler):
    origin = request.headers.get("Origin")
    asked = request.headers.get("Access-Control-Request-Method")
    if request.method == "OPTIONS" and origin and asked:
        response = web.Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = HEADERS
    else:
        response = await handler(request)
    return response


async def decorate(request, response):
    origin = request.headers.get("Origin")
    if origin in ALLOWED:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers.add("Vary", "Origin")


def make_proxy(upstream):
    async def proxy(request):
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in HOP_BY_HOP and name.lower() != "host"
        ]
        headers.append(("X-Forwarded-For", request.remote or ""))
        async with request.app[SESSION].request(
            request.method,
            upstream + request.raw_path,
            headers=headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as reply:
            response = web.StreamResponse(status=reply.status, reason=reply.reason)
            for name, value in reply.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    response.headers.add(name, value)
            await response.prepare(request)
            async for piece in reply.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    return proxy


async def session(app):
    connector = TCPConnector(limit=0)
    app[SESSION] = ClientSession(
        connector=connector, auto_decompress=False, cookie_jar=DummyCookieJar()
    )
    yield
    await app[SESSION].close()


def main():
    port, upstream = int(sys.argv[1]), sys.argv[2]
    app = web.Application(middlewares=[cors])
    app.router.add_route("*", "/{path:.*}", make_proxy(upstream))
    app.on_response_prepare.append(decorate)
    app.cleanup_ctx.append(session)
    loop = uvloop.new_event_loop() if sys.argv[3:] == ["uvloop"] else None
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, loop=loop)


main()
