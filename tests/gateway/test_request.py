"""What a request is to the parts that answer it."""

import asyncio

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import BadStatusLine
from aiohttp.http_parser import HttpRequestParser

from corsproxy.core.methods import CARRIED_METHODS
from corsproxy.gateway.request import Request


async def test_it_knows_whether_there_is_content_and_who_is_there():
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    parser = HttpRequestParser(protocol, loop, 1024)
    head = b"GET / HTTP/1.1\r\nHost: h\r\n%b\r\n"
    ((bare, nothing),), _, _ = parser.feed_data(head % b"")
    ((full, content),), _, _ = parser.feed_data(head % b"Content-Length: 2\r\n")
    assert not Request(bare, nothing, protocol).has_content  # type: ignore[arg-type]
    request = Request(full, content, protocol)  # type: ignore[arg-type]
    assert request.has_content
    assert request.transport is None
    assert request.message.path == "/"


# registered with IANA, or llhttp's for other protocols, or by case
OTHERS = (
    b"BASELINE-CONTROL CHECKIN LABEL MKREDIRECTREF MKWORKSPACE ORDERPATCH PRI UNCHECKOUT UPDATE "
    b"UPDATEREDIRECTREF VERSION-CONTROL DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN FLUSH RECORD "
    b"FOO *".split()
)


async def test_the_methods_that_are_said_to_be_carried_are_those_that_the_parser_takes():
    """A policy would grant others, and the request would then be answered 400."""
    loop = asyncio.get_running_loop()
    carried = set()
    for method in {*CARRIED_METHODS, *map(bytes.lower, CARRIED_METHODS), *OTHERS}:
        parser = HttpRequestParser(BaseProtocol(loop), loop, 1024)
        try:
            parser.feed_data(method + b" /a:1 HTTP/1.1\r\nHost: h\r\n\r\n")
        except BadStatusLine:
            continue
        carried.add(method)
    assert carried == CARRIED_METHODS
