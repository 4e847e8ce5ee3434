"""`corsproxy` as users run it, with a thread that tells what is inside.

Each octet on standard input is answered with a line of JSON on standard output.
"""

import asyncio
import json
import os
import socket
import stat
import sys
import threading
from pathlib import Path

from corsproxy.app import App
from corsproxy.cli import main, serving


class Watched(App):
    """The proxy, watched from a thread of its own."""

    async def start(self) -> None:
        await super().start()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._answer, args=(loop,), daemon=True).start()

    def _answer(self, loop: asyncio.AbstractEventLoop) -> None:
        while os.read(0, 1):  # unbuffered: a lock of sys.stdin would be held at the end
            told = asyncio.run_coroutine_threadsafe(self._tell(), loop).result()
            os.write(1, json.dumps(told).encode() + b"\n")

    async def _tell(self) -> dict[str, int]:
        numbers = _descriptors()
        return {
            "exchanges": self._gateway.under_way,
            "client connections": self._gateway.connections,
            "upstream connections": self._pools.size,
            "tasks": len(asyncio.all_tasks()) - 1,
            "descriptors": len(numbers) - 1,
            "sockets with a peer": sum(map(_has_peer, numbers)),
            "threads": threading.active_count(),
        }


def _descriptors() -> list[int]:
    return [int(path.name) for path in Path("/dev/fd").iterdir()]


def _has_peer(number: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
        with socket.socket(fileno=os.dup(number)) as sock:
            return sock.family == socket.AF_INET and bool(sock.getpeername())
    except OSError:  # it is closed, or listens
        return False


if __name__ == "__main__":
    serving.App = Watched  # type: ignore[attr-defined]
    main(sys.argv[1:])
