"""Methods and field names as Fetch and RFC 9110 allow them in a policy or a route."""

import re

from corsproxy.config.problems import WrongValueError
from corsproxy.config.scalars import text
from corsproxy.core.fields import HOP_BY_HOP, has_control, is_token
from corsproxy.core.methods import is_forbidden_method, normalise_method
from corsproxy.core.safelist import is_forbidden_header

NAME_PATTERN = r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$"

_FRAMING = HOP_BY_HOP | {b"content-length"}

# of requests and of answers to preflights, which no page ever sees (Fetch §3.3)
_UNREADABLE = frozenset(
    {
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-private-network",
        "access-control-max-age",
        "access-control-request-headers",
        "access-control-request-method",
        "access-control-request-private-network",
        "origin",
    }
)

# what a policy answers with, and the key that says it
_ANSWERED = {
    "access-control-allow-origin": "allow_origins",
    "access-control-allow-methods": "allow_methods",
    "access-control-allow-headers": "allow_headers",
    "access-control-allow-credentials": "allow_credentials",
    "access-control-expose-headers": "expose_headers",
    "access-control-max-age": "max_age",
}


def method(value: object) -> str:
    """Read one method; those that browsers write in upper case are (Fetch §2.2.1, normalize)."""
    name = text(value)
    if not _is_token(name):
        raise _no_name(name, "method")
    return normalise_method(name.encode()).decode()


def route_method(value: object) -> str:
    """Read a method that a route serves."""
    name = method(value)
    if name == "*":
        raise WrongValueError("a route serves every method where `methods` is left out")
    return name


def policy_method(value: object) -> str:
    """Read a method that pages may use: none that Fetch forbids (Fetch §2.2.1)."""
    name = method(value)
    if is_forbidden_method(name.encode()):
        raise WrongValueError("Fetch forbids the method to every page: leave it out")
    return name


def request_header(value: object) -> str:
    """Read the name of a header that pages may send (Fetch §2.2.2, forbidden request-header)."""
    name = _field_name_item(value)
    lowered = name.lower()
    if lowered == "cookie":
        raise WrongValueError("cookies are sent where allow_credentials is true: leave it out")
    if lowered.startswith("access-control-"):
        raise WrongValueError("this is a header of the CORS protocol itself: leave it out")
    if is_forbidden_header(lowered.encode(), b""):
        raise WrongValueError("browsers let no page set this header: leave it out")
    return name


def response_header(value: object) -> str:
    """Read the name of a header that pages may read (Fetch §2.2.2, forbidden response-header)."""
    name = _field_name_item(value)
    if name.lower() in {"set-cookie", "set-cookie2"}:
        raise WrongValueError("browsers let no page read this header: leave it out")
    if name.lower() in _UNREADABLE:
        raise WrongValueError("no response that a page gets has this header: leave it out")
    return name


def edited_request_field(value: object) -> str:
    """Read the name of a request header that a route adds or removes."""
    name = settable_request_field(value)
    if name.lower() == "host":
        raise WrongValueError("a request has one Host: it can only be set")
    return name


def settable_request_field(value: object) -> str:
    """Read the name of a request header that a route sets."""
    return _edited(value)


def addable_response_field(value: object) -> str:
    """Read the name of a response header that a route adds."""
    name = _edited(value)
    if name.lower().startswith("access-control-"):
        write = f"{_ANSWERED.get(name.lower(), 'it')} in `cors`"
        raise WrongValueError("the route's policy answers CORS", write)
    return name


def edited_response_field(value: object) -> str:
    """Read the name of a response header that a route sets or removes."""
    name = addable_response_field(value)
    if name.lower() == "vary":
        raise WrongValueError("caches need the Vary of the policy: it can only be added to")
    return name


def field_value(value: object) -> bytes:
    """Read a field's value; what Latin-1 can't hold goes as UTF-8 (RFC 9110 §5.5)."""
    content = text(value)
    try:
        octets = content.encode("latin-1")
    except UnicodeEncodeError:
        octets = content.encode()
    if has_control(octets):
        raise WrongValueError("a header's value has no control characters and no line breaks")
    return octets.strip(b" \t")


def _edited(value: object) -> str:
    name = text(value)
    if not _is_token(name):
        raise _no_name(name.partition(":")[0], "header's name")
    if name.lower().encode() in _FRAMING:
        raise WrongValueError(
            "the header belongs to the connection, which the proxy manages itself"
        )
    return name


def _field_name_item(value: object) -> str:
    name = text(value)
    if _is_token(name):
        return name
    if ":" in name:
        raise WrongValueError(
            "a header's name stands without its value", name.partition(":")[0] or None
        )
    raise _no_name(name, "header's name")


def _no_name(value: str, kind: str) -> WrongValueError:
    words = [word for word in re.split(r"[\s,;|]+", value) if _is_token(word)]
    if len(words) > 1:
        return WrongValueError(f"one {kind} an item", f"[{', '.join(words)}]")
    return WrongValueError(f"this is no {kind}", words[0] if words else None)


def _is_token(value: str) -> bool:
    return value.isascii() and is_token(value.encode())
