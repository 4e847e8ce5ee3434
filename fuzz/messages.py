"""A strict reading of HTTP/1.1 messages (RFC 9112), which shares no code with the proxy's."""

import re
from dataclasses import dataclass

Fields = list[tuple[bytes, bytes]]

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%b) +([^\0- \x7f]+) +HTTP/1\.([0-9])" % _TOKEN)
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([0-9]{3})(?: ([\t -~\x80-\xff]*))?")
_FIELD = re.compile(rb"(%b):[ \t]*((?:[^\0-\x08\n-\x1f\x7f])*?)[ \t]*" % _TOKEN)
_CHUNK = re.compile(rb"(0*[0-9A-Fa-f]+)[ \t]*(?:;[^\0-\x08\n-\x1f\x7f]*)?")
_NO_CONTENT = (204, 304)


class MalformedError(Exception):
    """Octets that no strict reader takes for a message."""


class CutError(Exception):
    """Octets that end inside a message."""


@dataclass
class Message:
    """One message: its start line's parts, its fields and its content, and where it ends.

    `by_close` says that only the connection's end is the end of the content.
    """

    start: tuple[bytes, ...]
    fields: Fields
    head_end: int
    content: bytes = b""
    end: int = 0
    by_close: bool = False
    trailers: bool = False

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of the fields of a name in lower case."""
        return [value for field, value in self.fields if field.lower() == name]


def read_requests(data: bytes) -> tuple[list[Message], Message | None, Exception | None]:
    """Read requests one after another.

    Return the whole ones, the head of a last one that is not whole, and what ended the reading:
    None where the octets end with a request.
    """
    whole: list[Message] = []
    at = 0
    message: Message | None = None
    try:
        while at < len(data):
            message = None
            while data.startswith((b"\r", b"\n"), at):  # RFC 9112 §2.2
                at += 1
            if at == len(data):
                break
            message = _head(data, at, _REQUEST_LINE)
            _request_content(data, message)
            whole.append(message)
            at = message.end
    except (MalformedError, CutError) as error:
        return whole, message, error
    return whole, None, None


def read_response(
    data: bytes, method: bytes, *, closed: bool, sloppy: bool = False
) -> tuple[list[Message], Message]:
    """Read the interim responses and the final one to a request of a method.

    `closed` says whether the octets were followed by an orderly end of the connection, `sloppy`
    to forgive what the proxy forgives an upstream: bare LF, folds, and blank lines in front.
    """
    interim: list[Message] = []
    at = 0
    while True:
        while sloppy and data.startswith((b"\r", b"\n"), at):
            at += 1
        message = _head(data, at, _STATUS_LINE, sloppy=sloppy)
        status = int(message.start[1])
        if status < 100:
            raise MalformedError("the status")
        if status >= 200 or status == 101:
            _response_content(data, message, method, (closed, sloppy))
            return interim, message
        interim.append(message)
        at = message.end = message.head_end


def _head(data: bytes, at: int, start_line: re.Pattern[bytes], *, sloppy: bool = False) -> Message:
    if sloppy:
        match = re.compile(rb"\r?\n\r?\n").search(data, at)
        end, after = match.span() if match else (-1, -1)
    else:
        end = data.find(b"\r\n\r\n", at)
        after = end + 4
    if end < 0:
        raise CutError("in the head")
    start, *lines = _lines(data[at:end], sloppy=sloppy)
    start_match = start_line.fullmatch(start)
    if start_match is None:
        raise MalformedError("the start line")
    return Message(tuple(g or b"" for g in start_match.groups()), _fields(lines), after)


def _lines(block: bytes, *, sloppy: bool) -> list[bytes]:
    if sloppy:
        block = re.sub(rb"\r?\n[ \t]+", b" ", block).replace(b"\r\n", b"\n")
        return block.split(b"\n")
    return block.split(b"\r\n")


def _fields(lines: list[bytes]) -> Fields:
    fields = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise MalformedError(f"the field {line[:60]!r}")
        fields.append((match[1], match[2]))
    return fields


def _length(message: Message) -> int | None:
    lengths = message.values(b"content-length")
    if len(lengths) > 1 or (lengths and not re.fullmatch(rb"[0-9]{1,19}", lengths[0])):
        raise MalformedError("Content-Length")
    return int(lengths[0]) if lengths else None


def _is_chunked(message: Message, minor: bytes) -> bool:
    codings = message.values(b"transfer-encoding")
    if codings and (
        minor == b"0"
        or message.values(b"content-length")
        or [c.lower() for c in codings] != [b"chunked"]
    ):
        raise MalformedError("Transfer-Encoding")
    return bool(codings)


def _request_content(data: bytes, message: Message) -> None:
    if _is_chunked(message, message.start[2]):
        _read_chunks(data, message)
    else:
        _read_length(data, message, _length(message) or 0)


def _response_content(data: bytes, message: Message, method: bytes, how: tuple[bool, bool]) -> None:
    closed, sloppy = how
    chunked, length = _is_chunked(message, message.start[0]), _length(message)
    status = int(message.start[1])
    if method == b"HEAD" or status in _NO_CONTENT or status == 101:
        message.end = message.head_end
    elif chunked:
        _read_chunks(data, message, sloppy=sloppy)
    elif length is not None:
        _read_length(data, message, length)
    elif closed:
        message.by_close = True
        message.content, message.end = data[message.head_end :], len(data)
    else:
        raise CutError("in content that the close should end")


def _read_length(data: bytes, message: Message, length: int) -> None:
    message.end = message.head_end + length
    message.content = data[message.head_end : message.end]
    if len(message.content) < length:
        raise CutError("in the content")


def _read_chunks(data: bytes, message: Message, *, sloppy: bool = False) -> None:
    line_end = re.compile(rb"\r?\n" if sloppy else rb"\r\n")
    at, pieces = message.head_end, []
    while True:
        found = line_end.search(data, at)
        if found is None:
            raise CutError("in a chunk's size")
        match = _CHUNK.fullmatch(data[at : found.start()])
        if match is None:
            raise MalformedError("a chunk's size")
        at, size = found.end(), int(match[1], 16)
        if size == 0:
            break
        pieces.append(data[at : at + size])
        message.content = b"".join(pieces)
        at += size
        found = line_end.match(data, at) if at <= len(data) else None
        if found is None:
            if len(data) >= at + 2:
                raise MalformedError("the end of a chunk")
            raise CutError("in a chunk")
        at = found.end()
    if found := line_end.match(data, at):
        message.end = found.end()
        return
    found = re.compile(rb"\r?\n\r?\n" if sloppy else rb"\r\n\r\n").search(data, at)
    if found is None:
        raise CutError("in the trailers")
    _fields(_lines(data[at : found.start()], sloppy=sloppy))
    message.trailers = True
    message.end = found.end()
