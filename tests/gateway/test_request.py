"""What a request is to the parts that answer it."""

import asyncio

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpRequestParser

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
