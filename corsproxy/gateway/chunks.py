"""The chunked transfer coding, written (RFC 9112 §7.1)."""

from corsproxy.core.fields import Fields


def chunk(data: bytes) -> bytes:
    """Frame a piece of content; nothing for no content, for an empty chunk is the last."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def last_chunk(trailers: Fields = ()) -> bytes:
    """Write the end of the content, with the trailer section (§7.1.2)."""
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in trailers)
    return b"0\r\n" + lines + b"\r\n"
