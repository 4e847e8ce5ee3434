"""Deadlines that move with every piece."""

import asyncio
from collections.abc import Callable

import pytest

from corsproxy.gateway.deadline import Deadline

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

Act = Callable[[Deadline], object]


async def fired(seconds: float, *acts: Act, due: bool) -> int:
    """Do this with a deadline at once, and count how often it passed within the seconds."""
    times = 0

    def expired() -> None:
        nonlocal times
        times += 1

    loop = asyncio.get_running_loop()
    deadline = Deadline(loop, expired)
    for act in acts:
        act(deadline)
    # as long as one is due a busy machine gets its time; then it must not pass once more
    for patience in (2.0 if deadline.pending and due else 0.0, seconds):
        end = loop.time() + patience
        while loop.time() < end and not (patience > seconds and times):  # noqa: ASYNC110
            await asyncio.sleep(0)
    deadline.close()
    return times


ACTS: dict[str, tuple[tuple[Act, ...], int]] = {
    "it passes once": ((lambda d: d.set(0.02),), 1),
    "no time at all passes too": ((lambda d: d.set(0),), 1),
    "moved nearer, it passes once": ((lambda d: d.set(10), lambda d: d.set(0.02)), 1),
    "moved further, it does not pass": ((lambda d: d.set(0.02), lambda d: d.set(10)), 0),
    "for ever, it does not pass": ((lambda d: d.set(0.02), lambda d: d.set(None)), 0),
    "cleared, it does not pass": ((lambda d: d.set(0.02), lambda d: d.clear()), 0),
    "closed, it does not pass": ((lambda d: d.set(0.02), lambda d: d.close()), 0),
    "cleared and set again, it passes once": (
        (lambda d: d.set(0.02), lambda d: d.clear(), lambda d: d.set(0.03)),
        1,
    ),
    "closed and set again, it passes once": (
        (lambda d: d.set(0.02), lambda d: d.close(), lambda d: d.set(0.03)),
        1,
    ),
}


@pytest.mark.parametrize(("acts", "times"), ACTS.values(), ids=ACTS)
async def test_when_a_deadline_passes(acts: tuple[Act, ...], times: int):
    assert await fired(0.05, *acts, due=times > 0) == times


async def test_a_deadline_never_passes_early():
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    deadline = Deadline(loop, lambda: passed.set_result(loop.time()))
    deadline.set(0.2)
    for _ in range(3):
        while deadline._at is not None and loop.time() < deadline._at - 0.15:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
        deadline.set(0.2)
    due = deadline._at
    assert due is not None
    assert await asyncio.wait_for(passed, 1) >= due
    assert not deadline.pending


async def test_a_thousand_pieces_cost_one_timer():
    loop = asyncio.get_running_loop()
    deadline = Deadline(loop, lambda: None)
    deadline.set(10)
    timer = deadline._timer
    for _ in range(1000):
        deadline.set(10)
    assert deadline._timer is timer
    deadline.close()
