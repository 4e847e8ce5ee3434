"""A changed file is checked and swapped in; a wrong one changes nothing, and says why."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from corsproxy.app import App
from corsproxy.config.loader import load_file
from corsproxy.config.settings import Config
from corsproxy.reload import Reloader

TABLE = """\
listen: 127.0.0.1:0
admin: off
cors: {allow_origins: ["http://localhost:%d"]}
routes: [{upstream: "http://127.0.0.1:9"}]
"""


@dataclass
class Served:
    app: App
    reloader: Reloader
    path: Path
    heard: list[Config]

    @property
    def port(self) -> int:
        """The port of the page that is allowed just now."""
        policy = self.app._gateway.routes.default
        assert policy is not None
        return int(str(policy.origins).rpartition(":")[2])

    async def until(self, port: int) -> None:
        async with asyncio.timeout(10):
            while self.port != port:  # noqa: ASYNC110 it is another's state
                await asyncio.sleep(0)


Serve = Callable[[Path], Awaitable[Served]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def start(path: Path) -> Served:
            app = App(load_file(path, {}))
            await app.start()
            stack.push_async_callback(app.drain, 0)
            heard: list[Config] = []
            reloader = Reloader(path, lambda: load_file(path, {}), app, heard.append)
            reloader.start()
            stack.push_async_callback(reloader.stop)
            return Served(app, reloader, path, heard)

        yield start


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "corsproxy.yaml"
    path.write_text(TABLE % 1)
    return path


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def by_another_file(path: Path, text: str) -> None:
    new = path.with_suffix(".tmp")
    new.write_text(text)
    new.replace(path)


def after_it_was_gone(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


WAYS = [in_place, by_another_file, after_it_was_gone]


@pytest.mark.parametrize("write", WAYS)
async def test_a_file_is_noticed_that_is_written(
    serve: Serve, table: Path, write: Callable[[Path, str], None]
):
    served = await serve(table)
    write(table, TABLE % 2)
    await served.until(2)
    write(table, TABLE % 3)
    await served.until(3)


async def test_a_volume_of_kubernetes_is_noticed_that_turns_its_link(serve: Serve, tmp_path: Path):
    for version in (1, 2):
        folder = tmp_path / f"..version{version}"
        folder.mkdir()
        (folder / "corsproxy.yaml").write_text(TABLE % version)
    data, path = tmp_path / "..data", tmp_path / "corsproxy.yaml"
    data.symlink_to("..version1")
    path.symlink_to("..data/corsproxy.yaml")
    served = await serve(path)
    (tmp_path / "..data_tmp").symlink_to("..version2")
    os.replace(tmp_path / "..data_tmp", data)  # noqa: PTH105 of a link, and not what it leads to
    await served.until(2)


async def test_a_wrong_file_changes_nothing_and_says_why(
    serve: Serve, table: Path, caplog: pytest.LogCaptureFixture
):
    served = await serve(table)
    with caplog.at_level(logging.INFO, "corsproxy.reload"):
        in_place(table, TABLE % 2 + "nope: 1\n")
        async with asyncio.timeout(10):
            while not caplog.messages:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert served.port == 1
        assert [(r.levelname, r.message.splitlines()) for r in caplog.records] == [
            (
                "ERROR",
                [
                    f"{table} is wrong, and changes nothing:",
                    (
                        f"{table}:5:1: nope: unknown key; known are listen, admin, workers, tls, "
                        "trusted_proxies, cors, timeouts, limits, log, routes, tests"
                    ),
                ],
            )
        ]
        caplog.clear()
        in_place(table, TABLE % 3)
        await served.until(3)
    assert caplog.messages == [f"reloaded {table}: 1 route"]


async def test_asked_to_it_loads_the_same_file_again(
    serve: Serve, table: Path, caplog: pytest.LogCaptureFixture
):
    served = await serve(table)
    before = served.app._gateway.routes
    with caplog.at_level(logging.INFO, "corsproxy.reload"):
        await served.reloader.reload()
    assert caplog.messages == [f"reloaded {table}: 1 route"]
    assert served.app._gateway.routes is not before
    assert [config.table for config in served.heard] == [served.app._gateway.routes]


SAID = {
    "what waits for a restart": (
        TABLE.replace("127.0.0.1:0", "127.0.0.1:1") % 2,
        ["INFO: reloaded FILE: 1 route", "WARNING: a change of listen waits for a restart"],
    ),
    "what would be a warning at the start": (
        TABLE % 2 + "timeouts: {}\n" + "trusted_proxies: [0.0.0.0/0]\n",
        [
            'WARNING: FILE:6:19: trusted_proxies[0]: "0.0.0.0/0": everyone is trusted',
            "INFO: reloaded FILE: 1 route",
        ],
    ),
    "a file that is gone": (
        None,
        [
            (
                "ERROR: FILE is wrong, and changes nothing:\n"
                "FILE: the file can't be read: No such file or directory"
            ),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), SAID.values(), ids=SAID)
async def test_it_says(
    serve: Serve,
    table: Path,
    caplog: pytest.LogCaptureFixture,
    text: str | None,
    said: list[str],
):
    served = await serve(table)
    await served.reloader.stop()
    if text is None:
        table.unlink()  # noqa: ASYNC240 a small file
    else:
        in_place(table, text)
    with caplog.at_level(logging.INFO, "corsproxy.reload"):
        await served.reloader.reload()
    found = [f"{r.levelname}: {r.message}".replace(str(table), "FILE") for r in caplog.records]
    assert [line[: len(start)] for line, start in zip(found, said, strict=True)] == said


async def test_certificates_that_are_unusable_change_nothing(
    serve: Serve, table: Path, caplog: pytest.LogCaptureFixture
):
    served = await serve(table)
    await served.reloader.stop()
    ca = table.parent / "ca.pem"
    in_place(ca, "no certificate")
    text = TABLE % 2
    in_place(table, text.replace('"http://127.0.0.1:9"', f"{{url: https://a, tls: {{ca: {ca}}}}}"))
    await served.reloader.reload()
    assert (served.port, served.heard) == (1, [])
    assert [message.partition(":")[0] for message in caplog.messages] == [
        f"{table} changes nothing"
    ]


async def test_a_folder_that_is_gone_is_no_longer_watched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    app = App(load_file(_written(tmp_path / "corsproxy.yaml"), {}))
    reloader = Reloader(tmp_path / "nowhere" / "corsproxy.yaml", lambda: load_file("", {}), app)
    reloader.start()
    async with asyncio.timeout(10):
        while not caplog.messages:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert caplog.messages[0].endswith(": SIGHUP reloads it")
    await reloader.stop()


def _written(path: Path) -> Path:
    path.write_text(TABLE % 1)
    return path
