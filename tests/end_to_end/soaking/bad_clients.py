"""Clients that leave, stall, or send what is no request."""

import asyncio
from collections.abc import Callable

from soaking.client import TERMINATED, Client, End, gone
from soaking.heads import request
from soaking.kinds import UPLOADING, draw, some
from soaking.plans import PATIENCE, Altered, Lost
from soaking.wire import content, read_head


async def leaver(client: Client) -> None:
    """Leave at any point: in the head, in the content, before the answer, within it."""
    r = client.random
    stage = r.choice(["head", "upload", "wait", "answer"])
    given = {"place": "/patient", "size": 3_000_000, "method": r.choice(UPLOADING)}
    if stage == "upload":
        given |= {"upload": some(r), "partial": True}
    if stage == "wait":
        given["act"] = "stall_head"
    plan = draw(client, f"client leaves, {stage}", hop=False, **given)
    line = await client.fresh()
    head = request(plan, client.authority)
    await line.write(head[: r.randrange(1, len(head) - 1)] if stage == "head" else head)
    if stage == "upload":
        await client.send_content(line, plan, r.randrange(plan.upload or 1))
    if stage == "wait":
        await asyncio.sleep(r.random() / 20)
    if stage == "answer":
        await line.some(r.randrange(1, 100_000))
    plan.left = True
    line.reset() if r.random() < 0.5 else line.close()
    client.part()
    client.book.close(plan, late=True)
    if stage != "head":
        await asyncio.sleep(0.01)
        await gone(plan)


BAD = [
    b"NONSENSE\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n0",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
]


async def bad_request(client: Client) -> None:
    line = await client.fresh()
    raw = client.random.choice(BAD)
    await line.write(raw)
    await refused(client, {(400, "http_request_error")}, str(raw))
    client.part()


async def refused(
    client: Client, ends: set[End], what: str, died: Callable[[], bool] = lambda: False
) -> None:
    """Read the answer to a request that is none, and the orderly end behind it."""
    line = client.line
    assert line
    head = await read_head(line)
    end = int(head.start[1]), head.named("proxy-status")[0].rpartition("=")[2]
    if end not in ends and not (end == TERMINATED and died()):
        raise Lost(f"{what} is answered {head}")
    if head.named("connection") != ["close"]:
        raise Altered(f"{what} is answered {head}")
    async for _ in content(line, head):
        pass
    if await line.end() != "eof":
        raise Lost(f"{what}: the answer is followed by a reset")


async def bad_upload(client: Client) -> None:
    """Send content that turns out malformed: the upstream must not see it end."""
    plan = draw(client, "malformed upload", method="POST", upload=some(client.random),
                upload_chunked=True, partial=True, place="/patient")  # fmt: skip
    line = await client.fresh()
    await line.write(request(plan, client.authority))
    await client.send_content(line, plan, (plan.upload or 0) - 1)
    await line.write(b"zz\r\n0\r\n\r\n")
    ends = {(400, "http_request_error")}
    await refused(client, ends, str(plan), lambda: client.may_have_died(plan))
    await gone(plan)
    client.part()
    client.book.close(plan, late=True)


async def slow_head(client: Client) -> None:
    line = await client.fresh()
    await line.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
    await asyncio.sleep(PATIENCE / 2)
    await line.write(b"X-A: b\r\n")
    await refused(client, {(408, "http_request_error")}, "a head that takes too long")
    client.part()


async def stalled_reader(client: Client) -> None:
    """Stop reading: the proxy must not wait longer than it says."""
    plan = draw(client, "stalled reader", size=4 << 20, framing="length", hop=False, method="GET")
    line = await client.fresh(narrow=True)
    line.transport.pause_reading()
    await line.write(request(plan, client.authority))
    await asyncio.sleep(PATIENCE / 2)
    await gone(plan)
    line.reset()
    client.part()
    client.book.close(plan)
