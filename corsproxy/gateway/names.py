"""What the names of upstreams stand for, each looked up by a thread of its own.

Event loops have few threads for it, and wait for them at the end: a name whose server doesn't
answer would hold up every other connection, and then the end of the process.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from aiohappyeyeballs import AddrInfoType

Nodes = Sequence[AddrInfoType]


class Names:
    """The look-ups that are under way; who asks for the same name meanwhile shares one."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, int], asyncio.Future[Nodes]] = {}

    async def look_up(self, host: str, port: int) -> Nodes:
        """Return the addresses of a host as they are now; raise `socket.gaierror`."""
        with suppress(socket.gaierror):  # which says that it is a name
            return _ask(host, port, socket.AI_NUMERICHOST)
        found = self._under_way.get((host, port))
        if found is None:
            found = self._under_way[host, port] = asyncio.get_running_loop().create_future()
            found.add_done_callback(partial(self._end, (host, port)))
            threading.Thread(target=_find, args=(host, port, found), daemon=True).start()
        return await asyncio.shield(found)

    def _end(self, name: tuple[str, int], found: asyncio.Future[Nodes]) -> None:
        del self._under_way[name]
        found.exception()  # of which nobody may be left to hear


def _find(host: str, port: int, found: asyncio.Future[Nodes]) -> None:
    """Look a name up, and tell the loop, unless that has ended meanwhile."""
    try:
        tell = partial(found.set_result, _ask(host, port))
    except Exception as error:  # noqa: BLE001 it is raised where it is waited for
        tell = partial(found.set_exception, error)
    with suppress(RuntimeError):
        found.get_loop().call_soon_threadsafe(tell)


def _ask(host: str, port: int, flags: int = 0) -> Nodes:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
