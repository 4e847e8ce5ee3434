"""The reading half of a connection, held against a strict reader: see test_packets.py too."""

import asyncio

import pytest
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from corsproxy.core.errors import GatewayError
from corsproxy.gateway.intake import Intake

GET = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"


class Noting(Intake):
    """Notes what is read; each request is answered when the test says so."""

    def __init__(self, limit: int = 200) -> None:
        super().__init__(asyncio.get_running_loop(), limit)
        self.noted: list[object] = []

    @property
    def _header_timeout(self) -> float | None:
        return None

    def _open(self, message: RawRequestMessage, content: StreamReader, octets: int) -> None:
        self._ready, self._waits = False, True
        self._content = content
        self.noted.append((message.path, octets))

    def _refuse(self, error: GatewayError) -> None:
        self._waits = True
        self.noted.append(error.status)

    def _spoil(self, error: HttpProcessingError) -> None:
        self._body = None
        self.noted.append(error.message)

    def _too_late(self) -> None:
        self.noted.append("too late")

    def answer(self) -> None:
        self._waits = False
        self._ready = not self._held
        self._read_on()


async def test_a_request_waits_until_the_one_before_it_is_answered():
    reading = Noting()
    reading.data_received(GET % 1 + GET % 2)
    reading.data_received(GET % 3)
    assert reading.noted == [("/1", 28)]
    reading.answer()
    assert reading.noted == [("/1", 28), ("/2", 28)]
    reading.answer()
    reading.answer()
    assert reading.noted == [("/1", 28), ("/2", 28), ("/3", 28)]


WRONG = {
    "garbage": (b"garbage\r\n\r\n", 400),
    "a field too long": (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * 300 + b"\r\n\r\n", 431),
    "a head that is too large before its end": (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 40, 431),
}


@pytest.mark.parametrize(("raw", "status"), WRONG.values(), ids=WRONG)
async def test_what_is_no_head_takes_no_sound_request_along(raw: bytes, status: int):
    reading = Noting()
    reading.data_received(GET % 1 + raw)
    assert reading.noted == [("/1", 28)]
    reading.answer()
    assert reading.noted == [("/1", 28), status]


async def test_the_fast_way_is_for_one_whole_head_and_reads_as_the_long_one_does():
    fast, slow = Noting(), Noting()
    fast.data_received(GET % 1)
    slow._ready = False
    slow.data_received(GET % 1)
    assert fast.noted == slow.noted == [("/1", 28)]


REPEATED = {
    "a GET": (GET % 1, True),
    "one that ends its connection": (b"GET / HTTP/1.0\r\nHost: h\r\n\r\n", False),
    "one that asks to switch": (
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", False
    ),
    "one with content to come": (POST[:-5], False),
    "a large one": (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 800 + b"\r\n", False),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "remembered"), REPEATED.values(), ids=REPEATED)
async def test_the_same_octets_are_read_once(raw: bytes, *, remembered: bool):
    reading = Noting(8192)
    reading.data_received(raw)
    assert (reading._last == raw) == remembered
    if remembered:
        reading._parser = None  # it is not asked
        for _ in range(2):
            reading.answer()
            reading.data_received(raw)
        assert reading.noted == reading.noted[:1] * 3
