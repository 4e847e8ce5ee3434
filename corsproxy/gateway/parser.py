"""A response of an upstream, from octets to head, content and trailers (RFC 9112), without I/O.

llhttp, behind httptools, finds the boundaries; what it lets pass and a proxy must not is checked
here. The sloppiness of real legacy servers is forgiven as nginx does: bare LF, octets after the
declared end, content on 204, 304 and HEAD; such a connection is not used again.
"""

import re

import httptools

from corsproxy.core.crossing import TO_CLIENT, Crossing
from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.core.fields import OWS, Field, has_control
from corsproxy.core.messages import ResponseHead
from corsproxy.gateway.known import KnownHeads
from corsproxy.gateway.pieces import EMPTY_LINE
from corsproxy.gateway.replies import Framing, Reply

_NO_CONTENT = frozenset({204, 304})
_SWITCHING_PROTOCOLS = 101
_VERSIONS = ("1.1", "1.0")
_MOST_DIGITS = 19  # of a length: as many as 63 bits have
_EMPTY_LINES = re.compile(rb"\r?\n(?:\r?\n)+")
_USUAL, _USUAL_LINE = "1.1", b"HTTP/1.1 "  # asking llhttp makes a text, which takes longer

# Trailer fields that would change how the message is framed or routed (RFC 9110 §6.5.1).
_NO_TRAILERS = frozenset(
    {b"content-length", b"transfer-encoding", b"host", b"set-cookie", b"connection", b"trailer"}
)


class ReplyParser:
    """Reads one response, with the interim ones before it."""

    # what most responses never change stands here, for a parser is made for each of them
    complete = False
    final: Reply | None = None
    junk = False
    tail: bytes | None = None
    _failure: GatewayError | None = None
    _octets = 0  # of heads, as long as the final one is not whole
    _size = 0  # of the fields that are whole, trailers too
    _interim = 0  # how many interim responses there were
    _reason = b""
    _version = ""
    _left: int | None = None  # octets of content to come, where llhttp isn't needed for them
    _parser: httptools.HttpResponseParser | None = None

    def __init__(self, *, bodiless: bool, limit: int, known: KnownHeads | None = None) -> None:
        """Make ready for the answer to a request; `bodiless` for HEAD, `limit` in octets."""
        self._bodiless = bodiless
        self._limit = limit
        self._known = None if bodiless else known
        self._fields: list[Field] = []
        self._heads: list[bytes] = []  # as received, as long as the final one is not whole
        self.replies: list[Reply] = []
        self.body: list[bytes] = []
        self.trailers: list[Field] = []

    @property
    def reusable(self) -> bool:
        """Whether the connection is in step for another exchange (RFC 9112 §9.3)."""
        return self.complete and not self.junk and self.final is not None and self.final.persistent

    def feed(self, data: bytes) -> None:
        """Take what was received; raise `GatewayError` where it is no response (RFC 9112 §4)."""
        if self._left is not None:
            self._count(data)
            return
        if self.complete:
            if self.tail is None:
                self.junk = True
            else:
                self.tail += data
            return
        if self.final is not None or self._octets or self._known is None:
            self._parse(data)
            return
        end = data.find(EMPTY_LINE) + 4
        octets = data[:end] if len(EMPTY_LINE) <= end <= self._limit else b""
        known = self._known.find(octets)
        if known is None:
            self._parse(data)
            if self.final is not None and self._may_come_again(octets, self.final):
                self._known.note(octets, self.final)
        else:
            self.final, self._left = known, known.length
            self.replies.append(known)
            self._count(data[end:])

    def _may_come_again(self, octets: bytes, reply: Reply) -> bool:
        """Tell whether the final head is `octets`, of which no other reading is possible."""
        return (
            reply.framing is Framing.LENGTH
            and reply.persistent
            and not self._interim
            and octets.startswith(_USUAL_LINE)
            and octets.count(b"\n") == octets.count(b"\r\n")
        )

    def _count(self, data: bytes) -> None:
        """Take content of which only the length counts."""
        left = self._left or 0
        self.junk = self.junk or len(data) > left
        if data and left:
            self.body.append(data[:left] if len(data) > left else data)
        self._left = max(0, left - len(data))
        self.complete = not self._left

    def _parse(self, data: bytes) -> None:
        parser = self._parser or self._begin()
        if self.final is None:
            self._version = _USUAL if not self._octets and data.startswith(_USUAL_LINE) else ""
            self._octets += len(data)
            self._heads.append(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.tail = data[upgrade.args[0] :]
            self.complete = True
        except httptools.HttpParserError as error:
            if not self.complete:
                raise self._failure or _malformed(str(error)) from error
            self.junk = True
        if self.final is None and self._octets > self._limit:
            raise _too_large(self._limit)
        if self.final is not None and self.final.framing is Framing.LENGTH and not self.complete:
            self._left = self.final.length - sum(map(len, self.body))
        if self.complete or self._left:
            # the two hold each other; parted, they go at once and leave the collector nothing
            self._parser = None

    def _begin(self) -> httptools.HttpResponseParser:
        self._parser = parser = httptools.HttpResponseParser(self)
        parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        return parser

    def feed_eof(self, error: Exception | None) -> None:
        """Take the end of the connection; raise `GatewayError` where it cuts the response.

        Only content that is delimited by the close itself ends here, and only by an orderly one.
        """
        if self.complete:
            return
        if self.final is None:
            raise GatewayError(
                ProxyErrorType.CONNECTION_TERMINATED,
                "the upstream closed the connection before it answered",
                inside=str(error or ""),
            )
        if self.final.framing is not Framing.CLOSE or error is not None:
            raise GatewayError(
                ProxyErrorType.HTTP_RESPONSE_INCOMPLETE,
                "the upstream cut its response short",
                inside=str(error or ""),
            )
        self.complete = True

    # What httptools calls.
    def on_status(self, piece: bytes) -> None:
        """Take a piece of the reason phrase."""
        self._reason += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head, or of the trailer section."""
        if b" " in name:  # which llhttp lets pass behind the names that it knows
            self._fail(_malformed("a blank in the name of a field"))
        if self.final is None:
            self._fields.append((name, value.rstrip(OWS)))
        elif not self.complete:
            self._size += len(name) + len(value) + 4
            if self._size > self._limit:
                self._fail(_too_large(self._limit))
            if has_control(value):
                self._fail(_malformed(f"a control character in the trailer {name!r}"))
            if name.lower() not in _NO_TRAILERS:
                self.trailers.append((name, value.rstrip(OWS)))

    def on_headers_complete(self) -> None:
        """Finish a head: find the framing, and refuse what is ambiguous (RFC 9112 §6.3)."""
        if self.complete or self._parser is None:
            return
        status = self._parser.get_status_code()
        version = self._version or self._parser.get_http_version()
        if version not in _VERSIONS or status < 100:  # noqa: PLR2004
            self._fail(_malformed("no status line of HTTP/1"))
        values = [value for _, value in self._fields]
        if has_control(b"".join(values) + self._reason):
            self._fail(_malformed("a control character in the head"))
        if self._octets > self._limit:  # though content may be among these
            self._size += sum(len(name) + len(value) + 4 for name, value in self._fields)
            if self._size > self._limit:
                self._fail(_too_large(self._limit))
        if status < 200 and status != _SWITCHING_PROTOCOLS:  # noqa: PLR2004 1xx are interim
            head = ResponseHead(status, self._reason, self._fields)
            self.replies.append(Reply(head, Framing.NONE))
            self._version, self._reason, self._fields = "", b"", []  # for the head that follows
            self._interim += 1
            return
        if not self._is_http():
            self._fail(_malformed("a head that is none of HTTP's"))
        self._heads.clear()
        framing, options, length = self._framing(status, version)
        head = ResponseHead(status, self._reason, self._fields, options)
        persistent = (
            self._parser.should_keep_alive()
            and framing is not Framing.CLOSE
            and status != _SWITCHING_PROTOCOLS
        )
        self.final = Reply(head, framing, persistent, length)
        self.replies.append(self.final)
        self.complete = framing is Framing.NONE
        # in a trailer, unlike here, nobody would see a bare CR that was taken for a line's end
        self._parser.set_dangerous_leniencies(lenient_headers=False)

    def _is_http(self) -> bool:
        """Whether the final head, and those before it, are what HTTP calls one."""
        octets = b"".join(self._heads)
        if self._version and _is_plain(octets[: octets.find(b"\r\n\r\n")]):
            return True
        heads = _EMPTY_LINES.split(octets.lstrip(b"\r\n"), self._interim + 1)[: self._interim + 1]
        return all(map(_is_plain, heads))

    def on_body(self, piece: bytes) -> None:
        """Take a piece of the content."""
        if self.complete:
            self.junk = True
        else:
            self.body.append(piece)

    def on_message_complete(self) -> None:
        """End the message, unless it was an interim one."""
        self.complete = self.complete or self.final is not None

    def _framing(self, status: int, version: str) -> tuple[Framing, list[bytes], int]:
        """Tell how the content ends, what stands in Connection, and the length."""
        codings, options, length = [], [], None
        for name, value in self._fields:
            crossing, key = TO_CLIENT[name]
            if crossing is Crossing.PASS:
                continue
            if crossing is Crossing.LENGTH:
                length = value
            elif crossing is Crossing.CONNECTION:
                options.append(value)
            elif key == b"transfer-encoding":
                codings.append(value)
        # to llhttp a list with an empty member is none that ends with chunked
        if codings and (b",".join(codings).lower() != b"chunked" or version != "1.1"):
            self._fail(_malformed("a transfer coding other than one 'chunked'"))
        if self._bodiless or status in _NO_CONTENT or status == _SWITCHING_PROTOCOLS:
            return Framing.NONE, options, 0
        if codings:
            return Framing.CHUNKED, options, 0
        if length is None:
            return Framing.CLOSE, options, 0
        size = self._size_of(length)
        return Framing.LENGTH if size else Framing.NONE, options, size

    def _size_of(self, length: bytes) -> int:
        if len(length) > _MOST_DIGITS:
            self._fail(_malformed("a length of too many digits"))
        return int(length)

    def _fail(self, error: GatewayError) -> None:
        # httptools wraps what a callback raises; the real reason is kept beside it
        self._failure = error
        raise error


def _is_plain(head: bytes) -> bool:
    """Tell whether a head, without its empty line, is HTTP's (RFC 9112 §2.2).

    llhttp takes RTSP and ICE too, CR alone for a line end, and a blank before the first field for
    nothing: where the head ends would then be a matter of opinion.
    """
    fields = head.find(b"\n") + 1
    return (
        head.startswith(b"HTTP/")
        and head.count(b"\r") == head.count(b"\r\n")
        and not (fields and head.startswith((b" ", b"\t"), fields))
    )


def _malformed(inside: str) -> GatewayError:
    return GatewayError(
        ProxyErrorType.HTTP_PROTOCOL_ERROR, "the upstream's answer is malformed", inside=inside
    )


def _too_large(limit: int) -> GatewayError:
    kind = ProxyErrorType.HTTP_RESPONSE_HEADER_SECTION_SIZE
    inside = f"over {limit} octets (limits.upstream_header_size)"
    return GatewayError(kind, "the head of the upstream's response is too large", inside=inside)
