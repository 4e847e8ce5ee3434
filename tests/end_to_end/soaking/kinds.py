"""The kinds of exchanges that are one request and one answer."""

# ruff: noqa: ANN401 what is given are fields of a plan, of all their types
import random
from collections.abc import Callable, Coroutine
from typing import Any

from soaking.acts import GARBAGE
from soaking.client import ENDS, Client, check_seen
from soaking.heads import check_preflight, render
from soaking.plans import LARGEST, LIMIT, PAGE, STRANGER, Altered, Plan
from soaking.wire import content, read_head

UPLOADING = ("POST", "PUT", "PATCH", "DELETE", "GET")


def size(r: random.Random) -> int:
    most = r.choices([0, 1, 2000, 65536, 1 << 20, LARGEST], weights=[3, 2, 60, 25, 9, 1])[0]
    return r.choice([most, r.randint(0, most)])


def some(r: random.Random) -> int:
    """Return the size of a body that can be cut."""
    return r.choice([2, 2000, 65536, 300_000])


def draw(client: Client, kind: str, **given: Any) -> Plan:
    """Make a plan: chance decides what is not given."""
    r = client.random
    drawn = {
        "origin": r.choices([PAGE, STRANGER, None, "null"], weights=[7, 1, 1, 1])[0],
        "framing": r.choice(["length", "chunked", "close"]),
        "hop": r.random() < 0.2,
        "parting": r.random() < 0.05,
        "status": r.choices([200, 201, 404, 500], weights=[7, 1, 1, 1])[0],
    }
    if given.get("upload") is not None and "upload_chunked" not in given:
        drawn["upload_chunked"] = r.random() < 0.5
    client.plan = Plan(number=client.book.number(), kind=kind, **{**drawn, **given})
    return client.book.open(client.plan)


async def ask(client: Client, kind: str, **given: Any) -> Plan:
    plan = draw(client, kind, **given)
    await client.run(plan)
    check_seen(plan)
    client.book.close(plan, late=plan.act in ENDS)
    return plan


async def get(client: Client) -> None:
    method = client.random.choice(["GET", "GET", "GET", "DELETE", "POST"])
    await ask(client, "get", method=method, size=size(client.random))


async def head(client: Client) -> None:
    await ask(client, "head", method="HEAD", size=size(client.random))


async def http_1_0(client: Client) -> None:
    await ask(client, "HTTP/1.0", minor=0, size=size(client.random), hop=False)


async def upload(client: Client) -> None:
    r = client.random
    await ask(
        client,
        "upload",
        method=r.choice(UPLOADING),
        upload=size(r),
        size=r.choice([0, 10, 20_000]),
        expects=r.random() < 0.1,
    )


async def interim(client: Client) -> None:
    await ask(client, "interim", act="interim", size=some(client.random))


async def events(client: Client) -> None:
    await ask(client, "events", act="events", size=1000, framing="chunked")


async def early(client: Client) -> None:
    r = client.random
    act = r.choice(["early", "early_close"])
    more = {"upload": size(r), "expects": act == "early_close" and r.random() < 0.5}
    await ask(client, "early answer", act=act, method="POST", status=413, size=1000, **more)


async def unanswerable(client: Client) -> None:
    """Ask for what the proxy must answer itself, without asking the upstream."""
    act, place = client.random.choice([("refused", "/gone"), ("no_route", "/nowhere")])
    plan = await ask(client, "own answer", act=act, place=place)
    unseen(plan)


def unseen(plan: Plan) -> None:
    if plan.seen:
        raise Altered("the upstream was asked")


async def too_large(client: Client) -> None:
    """Send more than the proxy takes: the upstream must not get it as if it were whole."""
    await ask(client, "too large", act="too_large", method="POST", upload=LIMIT + 1, partial=True)


async def preflight(client: Client) -> None:
    """Ask for leave: by a page that has it, or by one that has not."""
    r = client.random
    origin = r.choice([PAGE, PAGE, STRANGER])
    method = r.choice(["PUT", "DELETE", "GET", "PATCH"])
    names = r.choice(["", "content-type", "content-type,x-number", "x-other"])
    plan = draw(client, "preflight", method="OPTIONS", origin=origin)
    fields = [("Host", client.authority), ("Origin", origin)]
    fields.append(("Access-Control-Request-Method", method))
    if names:
        fields.append(("Access-Control-Request-Headers", names))
    line = await client.any_line()
    await line.write(render(f"OPTIONS {plan.target} HTTP/1.1", fields))
    answer = await read_head(line)
    bodiless = answer.start[1] == "204"
    said = b"".join([piece async for piece in content(line, answer, bodiless=bodiless)])
    allowed = origin == PAGE and method != "PATCH" and names != "x-other"
    check_preflight(plan, answer, said, allowed=allowed)
    unseen(plan)
    client.book.close(plan)


Run = Callable[[Client], Coroutine[Any, Any, None]]


def failing(act: str, framings: str, **given: Any) -> Run:
    """Make a kind of exchange that the upstream fails."""

    async def run(client: Client) -> None:
        r = client.random
        whole = some(r)
        more: dict[str, Any] = {
            "size": whole,
            "cut_at": r.randrange(1, whole),
            "framing": r.choice(framings.split()),
            "method": r.choice(["GET", "GET", "POST", "PUT"]),
            "minor": r.choices([1, 0], weights=[9, 1])[0],
            "garbage": r.choice(GARBAGE),
        }
        if not more["minor"]:
            more["hop"] = False
        elif r.random() < 0.3:
            more["upload"] = some(r)
        await ask(client, "upstream fails", act=act, **{**more, **given})

    return run
