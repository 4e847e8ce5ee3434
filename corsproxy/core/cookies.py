"""Set-Cookie rewritten attribute by attribute, all else byte for byte (RFC 6265 §4.1)."""

from corsproxy.core.fields import OWS
from corsproxy.core.routes import CookieRules


def local_rules(path: str | None, *, secure: bool) -> CookieRules:
    """Return what makes a legacy API's cookies work on localhost (`cookies: local`).

    No Domain, the path under which the route is seen, and Secure and SameSite as the listener's
    scheme allows: over plain HTTP a browser drops Secure cookies and SameSite=None ones.
    """
    return CookieRules(domain="", path=path, secure=secure, lax_for_none=not secure)


def rewrite(cookie: bytes, rules: CookieRules) -> bytes:
    """Rewrite one Set-Cookie value.

    A `__Host-` or `__Secure-` cookie that would lose what its name promises is left alone: a
    browser would drop it without a word.
    """
    pair, *attributes = cookie.split(b";")
    name = pair.strip(OWS)
    if _promises_broken(name, rules):
        return cookie
    changes = _changes(rules)
    kept = [pair]
    written = set()
    for attribute in attributes:
        key = attribute.partition(b"=")[0].strip(OWS).lower()
        if rules.lax_for_none and key == b"samesite" and _value(attribute) == b"none":
            kept.append(b" SameSite=Lax")
        elif key not in changes:
            kept.append(attribute)
        elif key not in written:  # the last of several would count (RFC 6265 §5.3): one is left
            kept.extend(changes[key])
            written.add(key)
    for key in _ADDED:
        if key not in written:
            kept.extend(changes.get(key, ()))
    return b";".join(kept)


_ADDED = (b"path", b"secure", b"samesite", b"domain")


def _changes(rules: CookieRules) -> dict[bytes, tuple[bytes, ...]]:
    """Map attribute names to what stands there afterwards: one attribute, or none."""
    changes: dict[bytes, tuple[bytes, ...]] = {}
    if rules.domain is not None:
        changes[b"domain"] = (b" Domain=" + rules.domain.encode(),) if rules.domain else ()
    if rules.path is not None:
        changes[b"path"] = (b" Path=" + rules.path.encode(),) if rules.path else ()
    if rules.same_site is not None:
        changes[b"samesite"] = (b" SameSite=" + rules.same_site.encode(),)
    if rules.secure is not None:
        changes[b"secure"] = (b" Secure",) if rules.secure else ()
    return changes


def _value(attribute: bytes) -> bytes:
    return attribute.partition(b"=")[2].strip(OWS).lower()


def _promises_broken(name: bytes, rules: CookieRules) -> bool:
    lowered = name.lower()
    if lowered.startswith(b"__host-"):
        return rules.secure is False or bool(rules.domain) or rules.path not in (None, "/")
    return lowered.startswith(b"__secure-") and rules.secure is False
