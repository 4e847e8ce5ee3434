"""What a page may send without asking first, and what it never sends (Fetch §2.2.1, §2.2.2)."""

import re
from dataclasses import dataclass

from corsproxy.core.fields import OWS, Fields, is_token
from corsproxy.core.methods import is_forbidden_method

MAX_VALUE = 128  # octets of one safelisted value
MAX_VALUES = 1024  # octets of all of them together

SECTION = "Fetch §2.2.2, CORS-safelisted request-header"

_UNSAFE = re.compile(rb'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
_LANGUAGE = re.compile(rb"[0-9A-Za-z *,\-.;=]*")
_RANGE = re.compile(rb"bytes=([0-9]+)-([0-9]*)")
_FORM_TYPES = frozenset(
    {b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain"}
)
_HTTP_WHITESPACE = b" \t\r\n"

_FORBIDDEN = frozenset(
    b"accept-charset accept-encoding access-control-request-headers access-control-request-method "
    b"connection content-length cookie cookie2 date dnt expect host keep-alive origin referer "
    b"set-cookie te trailer transfer-encoding upgrade via".split()
)
_OVERRIDES = frozenset({b"x-http-method", b"x-http-method-override", b"x-method-override"})
# members of a list in which what is quoted is not split
_MEMBER = re.compile(rb'((?:"(?:\\.|[^"\\])*(?:"|\Z)|[^",])+)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class UnsafeHeader:
    """A header that a page may not send unasked: its name in lower case, and why not."""

    name: bytes
    why: str


def is_forbidden_header(name: bytes, value: bytes) -> bool:
    """Tell whether a header is the browser's own, so that a page's word for it is dropped."""
    lowered = name.lower()
    if lowered in _FORBIDDEN or lowered.startswith((b"proxy-", b"sec-")):
        return True
    if lowered not in _OVERRIDES:
        return False
    return any(is_forbidden_method(member.strip(OWS)) for member in _MEMBER.findall(value))


def unsafe_headers(headers: Fields) -> tuple[UnsafeHeader, ...]:
    """Return what of a page's headers has to be asked for, sorted by name, each name once.

    Fetch §2.2.2, CORS-unsafe request-header names.
    """
    unsafe: dict[bytes, str] = {}
    safelisted, size = [], 0
    for name, value in headers:
        if why := why_unsafe(name, value):
            unsafe.setdefault(name.lower(), why)
        else:
            safelisted.append(name.lower())
            size += len(value)
    if size > MAX_VALUES:
        why = f"all safelisted values together are longer than {MAX_VALUES} octets"
        unsafe = dict.fromkeys(safelisted, why) | unsafe
    return tuple(UnsafeHeader(name, unsafe[name]) for name in sorted(unsafe))


def why_unsafe(name: bytes, value: bytes) -> str | None:
    """Say why a header is not safelisted, None where it is (CORS-safelisted request-header)."""
    check = _CHECKS.get(name.lower())
    if check is None:
        return "its name is not safelisted"
    if len(value) > MAX_VALUE:
        return f"its value is longer than {MAX_VALUE} octets"
    return check(value)


def _accept(value: bytes) -> str | None:
    found = _UNSAFE.search(value)
    return f"its value has the unsafe octet {found[0].decode('latin-1')!a}" if found else None


def _language(value: bytes) -> str | None:
    return None if _LANGUAGE.fullmatch(value) else "its value has more in it than language tags do"


def _content_type(value: bytes) -> str | None:
    if unsafe := _accept(value):
        return unsafe
    essence = _essence(value)
    if essence is None:
        return "its value is no media type"
    if essence not in _FORM_TYPES:
        return f"{essence.decode()} is none of the three types that a form can send"
    return None


def _range(value: bytes) -> str | None:
    found = _RANGE.fullmatch(value)
    if found and (not found[2] or int(found[1]) <= int(found[2])):
        return None
    return "its value is not one range with a start, such as bytes=0-99"


def _essence(value: bytes) -> bytes | None:
    """Return type/subtype in lower case, None where there is none (MIME Sniffing §4.4)."""
    kind, slash, rest = value.strip(_HTTP_WHITESPACE).partition(b"/")
    subtype = rest.partition(b";")[0].rstrip(_HTTP_WHITESPACE)
    if not slash or not is_token(kind) or not is_token(subtype):
        return None
    return (kind + slash + subtype).lower()


_CHECKS = {
    b"accept": _accept,
    b"accept-language": _language,
    b"content-language": _language,
    b"content-type": _content_type,
    b"range": _range,
}
