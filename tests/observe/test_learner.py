"""What is learnt of exchanges, and when it is written."""

import asyncio

import pytest

from corsproxy.core.cors import CorsPolicy, CorsRequest
from corsproxy.core.exchange import Exchange
from corsproxy.core.learning import Learnt
from corsproxy.core.messages import Client, Heads, Passage, RequestHead
from corsproxy.core.origins import OriginSet
from corsproxy.core.targets import Target
from corsproxy.observe import learner
from corsproxy.observe.learner import Learner

POLICY = CorsPolicy(origins=OriginSet(any_origin=True, null=True), credentials=True)


def exchange(origin: bytes, error: str | None = None) -> Exchange:
    head = RequestHead(b"GET", Target(b"/"), 1, (), {b"origin": [origin]})
    passage = Passage(POLICY.judge(CorsRequest((origin,))), POLICY, Client("127.0.0.1"), b"h")
    return Exchange(heads=Heads(head, passage), error=error)


def origins(learnt: Learnt) -> tuple[str, ...]:
    return learnt.usages["cors"].origins


class Written(list[tuple[str, ...]]):
    """The origins of what was written, each time."""

    def write(self, learnt: Learnt) -> None:
        self.append(origins(learnt))


@pytest.fixture
def written() -> Written:
    return Written()


async def test_what_is_new_is_written_together_and_at_the_end(written: Written):
    learning = Learner(written.write)
    for origin in (b"http://a", b"http://b", b"http://a"):
        learning.report(exchange(origin))
    assert written == []
    await asyncio.wait_for(learning.finish(), 1)
    assert written == [("http://a", "http://b")]


async def test_it_is_written_within_seconds(written: Written, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(learner, "_PAUSE", 0.001)
    learning = Learner(written.write)
    for count, origin in enumerate((b"http://a", b"http://b"), 1):
        learning.report(exchange(origin))
        async with asyncio.timeout(5):
            while len(written) < count:  # noqa: ASYNC110 another thread's doing
                await asyncio.sleep(0)
    assert written == [("http://a",), ("http://a", "http://b")]
    learning.report(exchange(b"http://a"))
    await learning.finish()
    assert len(written) == 2


async def test_of_nothing_nothing_is_written(written: Written):
    learning = Learner(written.write)
    for one in (Exchange(), exchange(b"x"), exchange(b"http://a", "http_request_error")):
        learning.report(one)
    await learning.finish()
    assert (written, learning.learnt) == ([], Learnt())


async def test_what_cannot_be_written_is_logged_and_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(learner, "_PAUSE", 0)
    written = []

    def write(learnt: Learnt) -> None:
        written.append(origins(learnt))
        if len(written) == 1:
            raise OSError("No space left on device")

    learning = Learner(write)
    learning.report(exchange(b"http://a"))
    async with asyncio.timeout(5):
        while len(written) < 2:  # noqa: ASYNC110 another thread's doing
            await asyncio.sleep(0)
    await learning.finish()
    assert caplog.messages == ["what was learnt can't be written: No space left on device"]
    assert written == [("http://a",), ("http://a",)]


async def test_what_can_never_be_written_keeps_nobody_waiting():
    tried = []

    def write(learnt: Learnt) -> None:
        tried.append(learnt)
        raise OSError("No space left on device")

    learning = Learner(write)
    learning.report(exchange(b"http://a"))
    await asyncio.wait_for(learning.finish(), 5)
    assert len(tried) == 1
