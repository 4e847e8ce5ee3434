"""`corsproxy demo`: a legacy API, the proxy, and a page that tries both ways."""

import socket
from collections.abc import Awaitable, Callable
from importlib.resources import files

import click
from aiohttp import web

from corsproxy.app import App
from corsproxy.cli.failure import fail
from corsproxy.cli.serving import serve, set_up_logging
from corsproxy.config.loader import load_text
from corsproxy.demo import frontend, legacy_api
from corsproxy.gateway.server import ListenError, StartError

_HOST = "127.0.0.1"
_TABLE = "corsproxy.yaml"
_PORT = click.IntRange(0, 65535)


@click.command()
@click.option("--port", type=_PORT, default=8080, show_default=True, help="The proxy's port.")
@click.option("--admin-port", type=_PORT, default=8081, show_default=True, help="Its admin port.")
@click.option("--frontend-port", type=_PORT, default=3001, show_default=True,
              help="The page's port.")  # fmt: skip
@click.option("--api-port", type=_PORT, default=3002, show_default=True, help="The API's port.")
def demo(port: int, admin_port: int, frontend_port: int, api_port: int) -> None:
    """Show it: a legacy API without CORS, a page that calls it, and the proxy between them."""
    if port and port == admin_port:
        fail(["--port and --admin-port are the same: choose two"], 2)
    try:
        serve(lambda: _start(port, admin_port, frontend_port, api_port))
    except StartError as error:
        fail([str(error)], 1)


async def _start(
    port: int, admin_port: int, frontend_port: int, api_port: int
) -> Callable[[], Awaitable[None]]:
    """Start the three servers, show what to open, and return what ends them."""
    page_socket = _bind(frontend_port, "--frontend-port")
    api_socket = _bind(api_port, "--api-port")
    page, api = _url(page_socket), _url(api_socket)
    proxy = await _start_proxy(port, admin_port, page, api)
    proxy_url = proxy.addresses[0].replace(_HOST, "localhost")
    runners = [
        await _serve(legacy_api.create_app(), api_socket),
        await _serve(frontend.create_app(api, proxy_url), page_socket),
    ]
    click.echo(
        f"corsproxy demo\n"
        f"  the page          {page}   <- open this\n"
        f"  the legacy API    {api}   (no CORS)\n"
        f"  through the proxy {proxy_url}   (admin {proxy.admin_address})"
    )

    async def drain() -> None:
        await proxy.drain(1.0)
        for runner in runners:
            await runner.cleanup()

    return drain


async def _start_proxy(port: int, admin_port: int, page: str, api: str) -> App:
    text = files("corsproxy.demo").joinpath(_TABLE).read_text(encoding="utf-8")
    config = load_text(
        text,
        _TABLE,
        {
            "DEMO_LISTEN": f"{_HOST}:{port}",
            "DEMO_ADMIN": f"{_HOST}:{admin_port}",
            "DEMO_API": api,
            "DEMO_FRONTEND": page,
        },
    )
    set_up_logging()
    app = App(config)
    try:
        await app.start()
    except ListenError as error:
        raise StartError(f"{error}; choose another with --port or --admin-port") from error
    return app


def _bind(port: int, option: str) -> socket.socket:
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        taken = ListenError(f"{_HOST}:{port}", error)
        raise StartError(f"{taken}; choose another with {option}") from error


def _url(bound: socket.socket) -> str:
    return f"http://localhost:{bound.getsockname()[1]}"


async def _serve(app: web.Application, bound: socket.socket) -> web.AppRunner:
    # streams of the demo never end by themselves: it must not wait for them
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.SockSite(runner, bound).start()
    return runner
