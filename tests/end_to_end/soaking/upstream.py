"""The upstream: it answers as the plan of each exchange says, or fails as the plan says."""

import asyncio
import time

from soaking.acts import ACTS
from soaking.heads import check_request
from soaking.plans import PATIENCE, Altered, Book, Sighting
from soaking.wire import Cut, Line, read_head


class Upstream:
    """Serves every connection of the proxy."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.open: set[Line] = set()
        self.accepted = 0
        self.authority = ""  # the proxy's, as clients name it
        self._server: asyncio.Server

    async def start(self) -> int:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Line(self._serve), "127.0.0.1", 0, backlog=1024
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def quiet(self) -> None:
        """Wait until no connection is left; those that do not read learn late of their end."""
        end = time.monotonic() + 3 * PATIENCE
        while self.open and time.monotonic() < end:  # noqa: ASYNC110 looked at once
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        self._server.close()
        for line in list(self.open):
            line.reset()

    async def _serve(self, line: Line) -> None:
        self.open.add(line)
        self.accepted += 1
        reused = False
        try:
            while await self._exchange(line, reused=reused):
                reused = True
        except Cut:
            pass
        except Exception as offence:  # noqa: BLE001 whatever it is, it is told
            self.book.altered.append(f"at the upstream: {type(offence).__name__} {offence}")
        finally:
            line.close()
            await line.closed
            self.open.discard(line)

    async def _exchange(self, line: Line, *, reused: bool) -> bool:
        """Play one exchange; return whether the connection goes on."""
        head = await read_head(line)
        number = int(head.start[1].split("/")[2].split("?")[0])
        plan = self.book.plans.get(number)
        if plan is None:
            raise Altered(f"the upstream is sent {head.start}, which is over")
        sighting = Sighting(reused, line=line)
        plan.seen.append(sighting)
        try:
            check_request(plan, head, self.authority, f"127.0.0.1:{self.port}")
            return await ACTS[plan.act](line, plan, sighting, head)
        except Altered as offence:
            raise Altered(f"{plan}: {offence}") from offence
        finally:
            sighting.gone.set()
