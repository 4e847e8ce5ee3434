"""The kinds of exchanges that are more than a request and an answer, or less."""

import asyncio

from soaking.client import Client, check_seen, gone
from soaking.heads import check_answer, check_problem, request
from soaking.kinds import ask, draw, size, some, unseen
from soaking.plans import PAGE, STRANGER, Altered, Lost, octets
from soaking.wire import Cut, Line, content, read_head


async def pipeline(client: Client) -> None:
    """Send several requests at once: they are answered whole and in order."""
    r = client.random
    line = await client.any_line()
    sizes = [r.choice([0, 100, 5000]) for _ in range(r.randint(2, 6))]
    plans = [draw(client, "pipelined", size=s, method=r.choice(["GET", "HEAD"])) for s in sizes]
    if r.random() < 0.3:
        plans[r.randrange(len(plans))] = draw(
            client, "pipelined", method="POST", upload=some(r), upload_chunked=False
        )
    sent = b"".join(
        request(plan, client.authority) + octets(plan.number, plan.upload or 0) for plan in plans
    )
    at = r.choice([len(sent), r.randrange(len(sent))])
    sending = asyncio.ensure_future(_in_two(line, sent, at))
    for plan in plans:
        client.plan = plan
        head = await client.whole(line, plan)
        check_seen(plan)
        client.book.close(plan)
        if "close" in head.named("connection"):  # after a failure under the content
            client.part()
            break
    await asyncio.gather(sending, return_exceptions=True)


async def _in_two(line: Line, data: bytes, at: int) -> None:
    await line.write(data[:at])
    if at < len(data):
        await asyncio.sleep(0.002)
        await line.write(data[at:])


async def echo(client: Client) -> None:
    """Send content piece by piece, each after the one before came back."""
    r = client.random
    whole = some(r)
    plan = draw(client, "echo", act="echo", method="POST", size=whole, framing="chunked",
                upload=whole, upload_chunked=True, parting=False)  # fmt: skip
    line, body = await client.any_line(), octets(plan.number, whole)
    await line.write(request(plan, client.authority))
    head = await client.final_head(line, plan)
    if head.named("proxy-status"):
        await client.take_problem(line, plan, head)
        client.part()
        return
    check_answer(plan, head, may_close=True)
    answer, at, back = content(line, head), 0, b""
    while at < whole:
        data = bytes(body[at : at + r.randint(1, whole)])
        await line.write(b"%x\r\n%b\r\n" % (len(data), data))
        at += len(data)
        client.book.up += len(data)
        while len(back) < at:
            back += await anext(answer)
    await line.write(b"0\r\n\r\n")
    async for piece in answer:
        back += piece
    client.book.down += len(back)
    if back != body:
        raise Altered("what came back is not what was sent")
    client.book.close(plan)
    client.part()


async def tunnel(client: Client) -> None:
    """Switch protocols, send octets both ways, and see the end that either side makes."""
    r = client.random
    ends = r.choice(["client closes", "client resets", "upstream closes", "upstream resets"])
    protocol = r.choice(["websocket", "soak/1"])
    plan = draw(
        client, f"tunnel, {ends}", act="tunnel", status=101, upgrade=protocol,
        size=some(r), parting=ends == "upstream closes", cut_at=int(ends == "upstream resets"),
        origin=r.choice([PAGE, PAGE, None]), hop=False,
    )  # fmt: skip
    line, body = await client.fresh(), octets(plan.number, plan.size)
    eager = r.randint(0, min(plan.size, 100)) if protocol == "websocket" else 0
    await line.write(request(plan, client.authority) + bytes(body[:eager]))
    head = await client.final_head(line, plan)
    check_answer(plan, head, may_close=False)
    try:
        if await line.exactly(5) != b"hello":
            raise Altered("what came behind the 101 is lost")
        await echoed(client, line, body, eager)
    except Cut as cut:
        raise Lost(f"{cut}, {len(line.buffer)} octets unread, eager {eager}") from cut
    plan.step.release()
    if ends == "client resets":
        line.reset()
    elif ends == "client closes":
        line.close()
    elif rest := await _rest(line):
        raise Altered(f"{len(rest)} octets more than were sent")
    await gone(plan)
    client.part()
    client.book.close(plan)


async def echoed(client: Client, line: Line, body: memoryview, at: int) -> None:
    """Send what is left of a body, and read all of it back."""
    left = bytes(body[at:])
    sending = asyncio.ensure_future(line.write(left)) if left else None
    back = 0
    while back < len(body):
        data = await line.some()
        if body[back : back + len(data)] != data:
            raise Altered(f"the tunnel's octets differ after {back}")
        back += len(data)
    if sending is not None:
        await sending
    client.book.up += back
    client.book.down += back


async def _rest(line: Line) -> bytes:
    await line.end()
    return bytes(line.buffer)


async def stranger(client: Client) -> None:
    """Ask for a WebSocket from a page that may not."""
    plan = draw(client, "WebSocket of a stranger", upgrade="websocket", origin=STRANGER, hop=False)
    line = await client.fresh()
    await line.write(request(plan, client.authority))
    head = await read_head(line)
    said = b"".join([piece async for piece in content(line, head)])
    check_problem(plan, head, said, (403, "http_request_denied"))
    unseen(plan)
    client.part()
    client.book.close(plan)


async def idle(client: Client) -> None:
    """Leave a connection idle until the proxy closes it."""
    await ask(client, "then idle", size=size(client.random))
    if client.line and await client.line.end() != "eof":
        raise Lost("an idle connection ends by a reset")
    client.part()


async def silent_tunnel(client: Client) -> None:
    plan = draw(client, "silent tunnel", act="tunnel", status=101, upgrade="soak/1", size=100,
                origin=PAGE, hop=False)  # fmt: skip
    line = await client.fresh()
    await line.write(request(plan, client.authority))
    check_answer(plan, await client.final_head(line, plan), may_close=False)
    await line.end()
    await gone(plan)
    client.part()
    client.book.close(plan)


async def slow_reader(client: Client) -> None:
    await ask(client, "slow reader", size=client.random.randint(200_000, 600_000), slow=True)


async def slow_writer(client: Client) -> None:
    await ask(client, "slow writer", method="POST", upload=some(client.random), slow=True)
