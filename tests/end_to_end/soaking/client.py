"""A client: sends what the plan says, and judges every octet that comes back."""

import asyncio
import random
from dataclasses import dataclass

from soaking.heads import check_answer, check_problem, request
from soaking.plans import Altered, Book, Lost, Plan, octets
from soaking.wire import Cut, Head, Line, connect, content, read_head

_GOING = 6.0  # seconds in which an upstream must see that nobody waits for it any more


End = tuple[int, str]  # a status, and a token of Proxy-Status


@dataclass(frozen=True, slots=True)
class Ends:
    """How an exchange may end: whole, visibly cut, or by a problem of the proxy."""

    whole: bool = False
    cut: bool = False
    problems: tuple[End, ...] = ()


WHOLE = Ends(whole=True)
TERMINATED: End = (502, "connection_terminated")
ENDS = {
    "cut": Ends(cut=True),
    "reset": Ends(cut=True, problems=(TERMINATED,)),
    "bad_chunk": Ends(cut=True, problems=((502, "http_protocol_error"),)),
    "stall_body": Ends(cut=True),
    "stall_head": Ends(problems=((504, "http_response_timeout"),)),
    # what the system's buffers take counts as sent
    "stall_reading": Ends(
        problems=((504, "connection_write_timeout"), (504, "http_response_timeout"))
    ),
    "garbage": Ends(problems=((502, "http_protocol_error"),)),
    "large_head": Ends(problems=((502, "http_response_header_section_size"),)),
    "refused": Ends(problems=((502, "connection_refused"),)),
    "no_route": Ends(problems=((404, "destination_not_found"),)),
    "too_large": Ends(problems=((413, "http_request_denied"),)),
    # what the upstream leaves unread resets its connection, and the reset overtakes the answer
    "early_close": Ends(whole=True, cut=True, problems=(TERMINATED,)),
}
ANSWERED_EARLY = frozenset({"early", "early_close", "echo", "stall_reading"})


@dataclass
class Client:
    """One client with at most one connection, kept as long as the proxy keeps it."""

    book: Book
    port: int
    random: random.Random
    line: Line | None = None
    plan: Plan | None = None  # what it is about

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def fresh(self, *, narrow: bool = False) -> Line:
        self.part()
        self.line = await connect(self.port, narrow=narrow)
        return self.line

    async def any_line(self) -> Line:
        return self.line if self.line and not self.line.ended else await self.fresh()

    def part(self) -> None:
        if self.line:
            self.line.close()
            self.line = None

    async def run(self, plan: Plan) -> None:
        """Carry out one plain exchange to its end, on a connection that may have had others."""
        narrow = plan.slow and plan.upload is None and plan.act == "answer"
        line = await self.fresh(narrow=narrow) if narrow else await self.any_line()
        sending = asyncio.ensure_future(self.send(line, plan))
        try:
            kept = await self.receive(line, plan, sending)
        except Cut as cut:
            # a reset, without which HTTP/1.0 can't be told of a cut, may overtake the head
            if plan.minor or not ENDS.get(plan.act, WHOLE).cut:
                raise Lost(f"the connection ended ({cut}) before an answer") from cut
            kept = False
        finally:
            sending.cancel()
            (failure,) = await asyncio.gather(sending, return_exceptions=True)
        if isinstance(failure, Exception) and not isinstance(failure, Cut):
            raise failure
        if not kept or narrow or sending.cancelled():
            self.part()

    # Sending.

    async def send(self, line: Line, plan: Plan) -> None:
        head = request(plan, self.authority)
        if plan.upload is None:
            await line.write(head)
            return
        if plan.expects:
            await line.write(head)
            await plan.step.acquire()  # the 100
            head = b""
        await self.send_content(line, plan, plan.upload, head)

    async def send_content(self, line: Line, plan: Plan, end: int, held: bytes = b"") -> None:
        """Send the content up to `end`; all of it, if that is its end."""
        body, at = octets(plan.number, plan.upload or 0), 0
        if held and self.random.random() < 0.5:
            await line.write(held)
            held = b""
        while at < end:
            size = self.random.choice([1, 1000, 16384, 65536, 1 << 20])
            data = bytes(body[at : min(at + size, end)])
            at += len(data)
            self.book.up += len(data)
            if plan.slow and self.random.random() < 0.3:
                await asyncio.sleep(self.random.random() / 10)
            out = b"%x\r\n%b\r\n" % (len(data), data) if plan.upload_chunked else data
            await line.write(held + out)
            held = b""
        if plan.upload_chunked and end == plan.upload:
            held += b"0\r\n\r\n"
        await line.write(held)

    # Receiving.

    async def receive(self, line: Line, plan: Plan, sending: "asyncio.Future[None]") -> bool:
        """Read the answer and judge it; return whether the connection is kept."""
        head = await self.final_head(line, plan)
        if head.named("proxy-status"):
            await self.take_problem(line, plan, head)
        else:
            ends = ENDS.get(plan.act, WHOLE)
            unsent = not sending.done() or plan.act in ANSWERED_EARLY
            check_answer(plan, head, may_close=unsent)
            whole = await self.take_content(line, plan, head)
            if whole and not ends.whole:
                raise Altered("an answer that was cut short looks whole")
            if not whole and not ends.cut:
                raise Lost("the answer was cut")
            if not whole:
                return False
        return plan.minor == 1 and "close" not in head.named("connection")

    async def final_head(self, line: Line, plan: Plan) -> Head:
        head = await read_head(line)
        interim: list[str] = []
        while head.start[1] in ("100", "103"):
            if head.start[1] == "100":
                plan.step.release()
            interim.append(head.start[1])
            head = await read_head(line)
        allowed = (["100"] if plan.expects else []) + ["103"]
        if interim.count("100") > 1 or not set(interim) <= set(allowed):
            raise Altered(f"interim responses {interim}")
        if plan.act == "interim" and "103" not in interim and not head.named("proxy-status"):
            raise Lost("no 103 came")
        return head

    async def whole(self, line: Line, plan: Plan) -> Head:
        """Read and judge an answer that must be whole, if it isn't a problem."""
        head = await self.final_head(line, plan)
        if head.named("proxy-status"):
            await self.take_problem(line, plan, head)
        else:
            check_answer(plan, head, may_close=False)
            if not await self.take_content(line, plan, head):
                raise Lost("the answer was cut")
        return head

    async def take_content(self, line: Line, plan: Plan, head: Head) -> bool:
        """Compare the content; return whether it ended well."""
        expected, at = octets(plan.number, plan.size), 0
        most = 1500 if plan.slow else 65536
        try:
            async for piece in content(line, head, bodiless=plan.method == "HEAD", most=most):
                if expected[at : at + len(piece)] != piece:
                    raise Altered(f"the answer differs between octets {at} and {at + len(piece)}")
                at += len(piece)
                self.book.down += len(piece)
                if plan.act == "events" and (at % 100 == 0 or at == plan.size):
                    plan.step.release()
                if plan.slow and self.random.random() < 0.02:
                    await asyncio.sleep(0.02)
        except Cut:
            if at > plan.cut_at and plan.cut_at:
                raise Altered(f"{at} octets came of {plan.cut_at}") from None
            if plan.act in ("cut", "stall_body") and at != plan.cut_at and plan.minor:
                raise Lost(f"{at} octets came of the {plan.cut_at} before the cut") from None
            return False
        if at != plan.size and plan.method != "HEAD":
            raise Altered(f"{at} octets of {plan.size} look whole")
        return True

    async def take_problem(self, line: Line, plan: Plan, head: Head) -> None:
        """Read a problem; raise `Lost` unless it is the documented one."""
        said = b"".join(
            [piece async for piece in content(line, head, bodiless=plan.method == "HEAD")]
        )
        token = head.named("proxy-status")[0].rpartition("=")[2]
        end = int(head.start[1]), token
        check_problem(plan, head, said, end)
        if end in ENDS.get(plan.act, WHOLE).problems:
            return
        if end == TERMINATED and self.may_have_died(plan):
            return
        raise Lost(f"answered with {end}: {said!r}")

    def may_have_died(self, plan: Plan) -> bool:
        """Tell whether a kept connection may have died under what may not be sent again."""
        seen = plan.seen
        if plan.act in ("close_first", "reset_first") and len(seen) == 1:
            return not (seen[0].reused and plan.repeatable and plan.upload is None)
        excused = not seen and (plan.upload is not None or not plan.repeatable)
        self.book.excused += excused
        return excused


def check_seen(plan: Plan) -> None:
    """Raise `Altered` where the upstream was asked more often than the client asked."""
    seen = plan.seen
    again = plan.act in ("close_first", "reset_first")
    twice = len(seen) == 2 and again and plan.repeatable and seen[0].reused
    if len(seen) > 1 and not twice:
        raise Altered(f"the upstream was asked {len(seen)} times")


async def gone(plan: Plan) -> None:
    """Wait until the upstream was left, too, in every connection it was asked on."""
    try:
        async with asyncio.timeout(_GOING):
            for sighting in plan.seen:
                await sighting.gone.wait()
    except TimeoutError:
        raise Lost("the upstream still works for a client that is gone") from None
