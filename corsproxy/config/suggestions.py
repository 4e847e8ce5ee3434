"""What a key that is not known here may have meant."""

import difflib
import re
from collections.abc import Collection

# What other tools call it: nginx, Caddy, Vite, Express, Flask, Spring, rs/cors, Kong, Envoy, ...
_ELSEWHERE = {
    "allow_origins": (
        "origin origins allowed_origins allow_origin allowed_origin cors_origins origin_whitelist "
        "allow_origins_list allow_all_origins origin_allow_all access_control_allow_origin "
        "access_control_allow_origin_list allowed_origin_patterns origin_patterns"
    ),
    "allow_origin_regex": (
        "origin_regex origin_regexes allow_origin_regexes allow_origins_regex "
        "allowed_origin_regexes allow_origins_by_regex "
        "access_control_allow_origin_list_regex allow_origin_string_match origin_regex_whitelist"
    ),
    "allow_methods": "allowed_methods allow_method methods access_control_allow_methods",
    "allow_headers": (
        "allowed_headers allow_header headers request_headers access_control_allow_headers"
    ),
    "expose_headers": (
        "exposed_headers expose_header exposed expose response_headers "
        "access_control_expose_headers"
    ),
    "allow_credentials": (
        "credentials supports_credentials support_credentials with_credentials credential "
        "allowed_credentials allow_credential credentialed access_control_allow_credentials"
    ),
    "max_age": (
        "maxage cache_max_age preflight_max_age max_age_in_seconds access_control_max_age "
        "preflight_cache"
    ),
    "allow_private_network": (
        "private_network allow_private_networks private_network_access "
        "allow_private_network_access access_control_allow_private_network"
    ),
    "preflight_status": (
        "options_success_status options_status preflight_status_code preflight_success_status"
    ),
    "timing_allow_origin": (
        "timing_origins tao timing_allow_origins timing_allow_origins_by_regex"
    ),
    "resource_policy": "corp cross_origin_resource_policy",
    "upstream": "backend target server proxy_pass destination upstreams url uri to forward service",
    "path": "prefix location match route context path_prefix",
    "path_regex": "regex pattern path_pattern path_regexp",
    "strip_prefix": "strip_path rewrite path_rewrite strip handle_path",
    "preserve_host": "pass_host pass_host_header",
    "rewrite_location": "auto_rewrite proxy_redirect host_rewrite location_rewrite",
    "cookies": "cookie cookie_domain_rewrite cookie_path_rewrite rewrite_cookies",
    "host": "hosts hostname domain server_name",
    "methods": "method verbs",
    "request_headers": "headers set_headers proxy_set_header header_up",
    "response_headers": "add_header header_down",
    "routes": "route proxy proxies services rules locations",
    "listen": "bind port address addr listeners host",
    "request_body": "client_max_body_size max_body_size body_size max_request_body body",
    "header_size": "max_header_size request_header_size",
    "connections": "max_connections",
    "verify": "secure ssl_verify verify_ssl insecure insecure_skip_verify reject_unauthorized",
    "ca": "ca_cert ca_file cafile cacert",
    "cert": "certificate cert_file certfile",
    "key": "key_file keyfile private_key",
    "server_name": "sni servername hostname",
    "url": "uri upstream target address backend",
    "same_site": "samesite",
    "response": "read timeout proxy_timeout read_timeout",
    "connect": "connection connect_timeout",
    "idle": "idle_timeout",
    "access": "access_log requests",
}


# What others need to be told and this proxy does anyway, or leaves to another key.
_NEEDLESS = {
    "cors": {
        "preflights are answered here: leave it out, or write `cors: off` on a route": (
            "preflight_continue options_passthrough forward_not_matching_preflights "
            "automatic_options"
        ),
        "`Vary` always says what an answer depends on: leave it out": (
            "vary vary_header add_vary_header"
        ),
        "the fields stand on every answer that needs them, errors included: leave it out": (
            "always always_send send_wildcard intercept_exceptions"
        ),
        "the routes say what a policy is for: leave it out, and write it on a route": (
            "urls_regex cors_urls_regex resources"
        ),
        "refusals are explained in the log, and on loopback in the answer: leave it out": "debug",
        "what is not written is off: leave it out": "filter_enabled shadow_enabled enabled enable",
    },
    "routes": {
        "the upstream gets its own Host, unless preserve_host is true: leave it out": (
            "change_origin"
        ),
    },
}
_UNVERIFIED = (
    "secure insecure verify ssl_verify verify_ssl insecure_skip_verify reject_unauthorized "
    "tls_insecure_skip_verify proxy_ssl_verify"
)
# what is written otherwise in the mapping that it is found in
_OTHERWISE = {
    "routes": {
        "a route for each, with its own `path`": "paths locations",
        "upstream: {url: https://…, tls: {…}}": "tls ssl",
        "upstream: {url: https://…, tls: {verify: false}} to trust any certificate": _UNVERIFIED,
    },
    "upstream": {
        "tls: {verify: false} to trust any certificate": _UNVERIFIED,
        **{f"{key} under `tls`": f"{key} {_ELSEWHERE[key]}" for key in ("ca", "cert", "key")},
        "server_name under `tls`": "server_name sni",
    },
}


def needless(key: str, where: tuple[object, ...]) -> str | None:
    """Say why a key that other tools have in a policy or a route is not needed in one here."""
    return _NEEDED_NOT.get((_mapping(where), _fold(key)))


def otherwise(key: str, where: tuple[object, ...]) -> str | None:
    """Return what to write for a key that stands for more than another key."""
    return _WRITTEN.get((_mapping(where), _fold(key)))


def _mapping(where: tuple[object, ...]) -> object:
    """Name a mapping by its key, or an item by the key of its list."""
    return next((part for part in reversed(where) if isinstance(part, str)), "")


def named(key: str, known: Collection[str]) -> str | None:
    """Return the known key that `key` spells otherwise, or as other tools call it."""
    folded = _fold(key)
    spelt = (name for name in known if _fold(name) == folded)
    called = (name for name in _ALIASES.get(folded, ()) if name in known)
    # django-cors-headers puts CORS_ before each
    bare = folded.removeprefix("cors") if folded != "cors" else folded
    found = next(spelt, None) or next(called, None)
    return named(bare, known) if found is None and bare != folded else found


def alike(key: str, known: Collection[str]) -> str | None:
    """Return the known key that `key` looks like: a slip of the finger."""
    close = difflib.get_close_matches(key.lower().replace("-", "_"), known, n=1, cutoff=0.7)
    return close[0] if close else None


def _fold(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _by_alias(table: dict[str, dict[str, str]]) -> dict[tuple[object, str], str]:
    return {
        (mapping, _fold(alias)): said
        for mapping, entries in table.items()
        for said, aliases in entries.items()
        for alias in aliases.split()
    }


_NEEDED_NOT = _by_alias(_NEEDLESS)
_WRITTEN = _by_alias(_OTHERWISE)
_ALIASES = {
    _fold(alias): tuple(ours for ours, theirs in _ELSEWHERE.items() if alias in theirs.split())
    for words in _ELSEWHERE.values()
    for alias in words.split()
}
