"""Methods: which need no leave, which no page has, and which the parser carries."""

SAFELISTED_METHODS = frozenset({b"GET", b"HEAD", b"POST"})  # Fetch §2.2.1
FORBIDDEN_METHODS = frozenset({b"CONNECT", b"TRACE", b"TRACK"})  # Fetch §2.2.1
CARRIED_METHODS = frozenset(  # all that the parser takes, and by case: it answers 400 to others
    b"ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY "
    b"MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND "
    b"REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE".split()
)

_NORMALISED = frozenset({b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT"})


def normalise_method(method: bytes) -> bytes:
    """Return a method as browsers send it: six are raised to upper case, `patch` is not.

    Fetch §2.2.1, normalize a method.
    """
    upper = method.upper()
    return upper if upper in _NORMALISED else method


def is_forbidden_method(method: bytes) -> bool:
    """Tell whether no page may use a method at all, in whatever letter case (Fetch §2.2.1)."""
    return method.upper() in FORBIDDEN_METHODS


def why_not_carried(method: bytes) -> str | None:
    """Say why a request with a method, which is a token, can't be served; None where it can."""
    if method in CARRIED_METHODS:
        return None
    upper = method.upper()
    better = f"; '{upper.decode()}' they know" if upper in CARRIED_METHODS else ""
    return f"HTTP parsers don't know the method, and refuse it{better}"
