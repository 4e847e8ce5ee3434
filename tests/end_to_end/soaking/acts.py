"""What the upstream does on an exchange: answers of every kind, and failures of every kind."""

import asyncio
import contextlib
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise

from soaking.heads import answer, render
from soaking.plans import PATIENCE, Altered, Plan, Sighting, octets
from soaking.wire import Cut, Head, Line, content

_LONG = 20.0  # seconds after which even a stalling upstream gives up

GARBAGE = [
    b"This is no HTTP\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
]


Act = Callable[[Line, Plan, Sighting, Head], Awaitable[bool]]


async def receive(line: Line, plan: Plan, sighting: Sighting, head: Head) -> str:
    """Read all of the request's content; return its hash."""
    if plan.expects and random.random() < 0.7:  # or else the proxy sends it unasked
        await line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    digest, size = hashlib.sha256(), 0
    async for piece in content(line, head):
        digest.update(piece)
        size += len(piece)
        if plan.slow:
            await asyncio.sleep(random.random() / 50)
    sighting.whole = True
    if plan.partial:
        raise Altered(f"{size} octets of content look whole at the upstream")
    if digest.hexdigest() != plan.digest:
        raise Altered(f"{size} octets of content came to the upstream, which are not those sent")
    return digest.hexdigest()


def pieces(end: int) -> list[tuple[int, int]]:
    """Cut a body into pieces of random size."""
    places = [random.randrange(end) for _ in range(random.choice([0, 1, 5]))] if end else []
    edges = [0, *sorted(set(places) - {0}), end]
    return [(a, b) for a, b in pairwise(edges) if a < b]


async def framed(plan: Plan, end: int) -> AsyncIterator[bytes]:
    body = octets(plan.number, plan.size)
    for a, b in pieces(end):
        if plan.slow:
            await asyncio.sleep(random.random() / 10)
        data = bytes(body[a:b])
        yield b"%x\r\n%b\r\n" % (len(data), data) if plan.framing == "chunked" else data


async def respond(line: Line, plan: Plan, digest: str = "", tail: bytes = b"") -> bool:
    """Write the whole answer; the first piece goes with the head as often as not.

    A `tail` comes together with the end: later it could be taken for the next answer's beginning.
    """
    head = answer(plan, digest)
    if plan.method == "HEAD":
        await line.write(head)
        return not plan.parting
    held = head if tail or random.random() < 0.5 else b""
    if not held:
        await line.write(head)
    async for data in framed(plan, plan.size):
        held += data
        if not tail:
            await line.write(held)
            held = b""
    last = b"0\r\n\r\n" if plan.framing == "chunked" else b""
    if held or last or tail:
        await line.write(held + last + tail)
    return plan.framing != "close" and not plan.parting and not tail


async def act_answer(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    return await respond(line, plan, await receive(line, plan, sighting, head))


act_too_large = act_answer  # which no whole content may reach


async def act_interim(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    digest = await receive(line, plan, sighting, head)
    await line.write(render("HTTP/1.1 103 Early Hints", [("Link", f"</{plan.number}>")]))
    return await respond(line, plan, digest)


async def act_extra(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    """Send octets behind the declared end: they belong to nobody."""
    return await respond(line, plan, await receive(line, plan, sighting, head), b"HTTP/1.1 200 X")


async def act_early(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    """Answer before the content has come, and read it then."""
    on = await respond(line, plan)
    await receive(line, plan, sighting, head)
    return on


async def act_early_close(line: Line, plan: Plan, _: Sighting, _head: Head) -> bool:
    """Answer before the content has come, and read none of it."""
    await respond(line, plan)
    return False


async def act_echo(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    """Send each piece back as it comes."""
    await line.write(answer(plan))
    async for piece in content(line, head):
        await line.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    sighting.whole = True
    await line.write(b"0\r\n\r\n")
    return True


async def act_events(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    """Send the content in pieces, each after the client has had the one before."""
    await receive(line, plan, sighting, head)
    await line.write(answer(plan))
    body = octets(plan.number, plan.size)
    for at in range(0, plan.size, 100):
        data = bytes(body[at : at + 100])
        await line.write(b"%x\r\n%b\r\n" % (len(data), data))
        await plan.step.acquire()
    await line.write(b"0\r\n\r\n")
    return True


async def act_tunnel(line: Line, plan: Plan, sighting: Sighting, _: Head) -> bool:
    """Switch protocols, greet in the same piece, and send back what comes, `size` octets."""
    await line.write(answer(plan) + b"hello")
    left = plan.size
    with contextlib.suppress(Cut):
        while left:
            data = await line.some()
            left -= len(data)
            await line.write(data)
        if plan.cut_at:
            await plan.step.acquire()  # for a reset may overtake what was sent before it
            line.reset()
        elif plan.parting:
            return False
        await line.end()
    sighting.whole = True
    return False


# Faults.


async def begin(line: Line, plan: Plan, sighting: Sighting, head: Head) -> None:
    """Send a part of the answer."""
    data = answer(plan, await receive(line, plan, sighting, head))
    async for piece in framed(plan, plan.cut_at):
        data += piece
    await line.write(data)


async def act_cut(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    await begin(line, plan, sighting, head)
    return False


async def act_reset(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    await begin(line, plan, sighting, head)
    await asyncio.sleep(random.choice([0, 0.01]))
    line.reset()
    return False


async def act_bad_chunk(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    await begin(line, plan, sighting, head)
    await line.write(b"zz\r\n0\r\n\r\n")
    await line.end()
    return False


async def act_stall_body(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    await begin(line, plan, sighting, head)
    return await _stall(line)


async def act_stall_head(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    await receive(line, plan, sighting, head)
    return await _stall(line)


async def act_stall_reading(line: Line, _plan: Plan, _sighting: Sighting, _: Head) -> bool:
    line.transport.pause_reading()
    await asyncio.wait([line.closed], timeout=2 * PATIENCE)
    line.reset()
    return False


async def _stall(line: Line) -> bool:
    async with asyncio.timeout(_LONG):
        await line.end()
    return False


async def act_close_first(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    """Close without an answer, once; whoever may ask again is answered."""
    digest = await receive(line, plan, sighting, head)
    return len(plan.seen) > 1 and await respond(line, plan, digest)


async def act_reset_first(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    digest = await receive(line, plan, sighting, head)
    if len(plan.seen) > 1:
        return await respond(line, plan, digest)
    line.reset()
    return False


async def act_garbage(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    await receive(line, plan, sighting, head)
    await line.write(plan.garbage)
    await line.end()
    return False


async def act_large_head(line: Line, plan: Plan, sighting: Sighting, head: Head) -> bool:
    await receive(line, plan, sighting, head)
    await line.write(b"HTTP/1.1 200 OK\r\n" + b"X-Large: " + b"a" * 5000 + b"\r\n")
    for _ in range(100):
        await line.write(b"X-Large: " + b"a" * 5000 + b"\r\n")
    await line.end()
    return False


ACTS: dict[str, Act] = {
    name.removeprefix("act_"): act for name, act in globals().items() if name.startswith("act_")
}
