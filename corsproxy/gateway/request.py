"""A request whose head is whole, on the connection that it came on."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

if TYPE_CHECKING:
    from corsproxy.gateway.protocol import ClientProtocol


class Request:
    """What aiohttp's parser made of a head, its content as it comes, and the connection.

    What `web.BaseRequest` is, less what a proxy never asks: making one takes a tenth of the time.
    """

    __slots__ = ("content", "message", "protocol")

    def __init__(
        self, message: RawRequestMessage, content: StreamReader, protocol: "ClientProtocol"
    ) -> None:
        self.message = message
        self.content = content
        self.protocol = protocol

    @property
    def has_content(self) -> bool:
        """Whether there is content, be it here already or still to come."""
        return self.content is not EMPTY_PAYLOAD

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport to the client, as long as the client is there."""
        return self.protocol.transport
