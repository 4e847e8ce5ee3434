"""What went wrong in other servers, by the name under which it was published."""

import pytest

from corsproxy.core.cors import CorsPolicy, CorsRequest, PreflightRequest
from corsproxy.core.origins import compile_origins


def policy(*origins: str, regexes: tuple[str, ...] = (), **keys: object) -> CorsPolicy:
    return CorsPolicy(
        origins=compile_origins(origins, regexes),
        **keys,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("rules", "origin", "allowed"),
    [
        pytest.param(
            policy("*"), b"https://evil.example", b"*", id="CVE-2018-20744: rs/cors reflected for *"
        ),
        pytest.param(
            policy("*", credentials=True),
            b"null",
            None,
            id="CVE-2026-54290: Hono reflected anything with credentials",
        ),
        pytest.param(
            policy("https://*.foo.com", "https://bar.com"),
            b"https://barfoo.com",
            None,
            id="GHSA-vhxv-fg4m-p2w8: jub0bs/cors joined two entries",
        ),
        pytest.param(
            policy("https://*.foo.com", "https://*.bar.com"),
            b"https://a.foo.com.bar.com.evil.example",
            None,
            id="GHSA-v84h-653v-4pq9: fcors joined two wildcards",
        ),
        pytest.param(
            policy("https://app.example", credentials=True),
            b"https://other.example",
            None,
            id="CVE-2024-25124: Fiber sent * with credentials",
        ),
        pytest.param(
            policy("https://*.example.com"),
            b"https://evil.example.com.evil.net",
            None,
            id="CVE-2019-25211: gin-contrib matched a wildcard anywhere",
        ),
        pytest.param(
            policy("https://a.example.com:*"),
            b"https://a.example.com.evil.net",
            None,
            id="CVE-2019-25211: and a prefix",
        ),
        pytest.param(
            policy(regexes=(r"https://app\.example",)),
            b"https://app.example.evil.net",
            None,
            id="CVE-2026-37737: sanic-cors used match()",
        ),
        pytest.param(
            policy(regexes=(r"https://app\.example$",)),
            b"https://app.example\n",
            None,
            id="CVE-2026-37737: and $ before a line end",
        ),
        pytest.param(
            policy(regexes=(".*",)), b"null", None, id="CVE-2019-9580: StackStorm allowed null"
        ),
        pytest.param(
            policy("https://app.example"),
            b"https://app.example.evil.net",
            None,
            id="GHSA-972r-f3fv-whm3: resteasy compared by a part",
        ),
        pytest.param(
            policy("http://localhost:*"),
            b"https://evil.example",
            None,
            id="CVE-2025-24010: Vite answered every page",
        ),
    ],
)
def test_the_origin_granted_is(rules: CorsPolicy, origin: bytes, allowed: bytes | None):
    for request in (CorsRequest((origin,)), PreflightRequest((origin,), (b"GET",))):
        verdict = rules.judge(request)

        assert dict(verdict.fields).get(b"Access-Control-Allow-Origin") == allowed
        assert (verdict.refusal is None) == (allowed is not None)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"," * 1_000_000, id="GHSA-mh55-gqvf-xfwm: a million commas at rs/cors"),
        pytest.param(b"a," * 500_000, id="go-chi/cors 36: a million names"),
        pytest.param(b" " * 1_000_000, id="CVE-2026-69207: Hono split by a regular expression"),
    ],
)
def test_the_work_a_preflight_can_ask_for_is_bounded(line: bytes):
    request = PreflightRequest((b"https://a.example",), (b"GET",), (line,))

    refusal = policy("*", headers=("*",)).judge(request).refusal

    assert refusal is not None
    assert refusal.reason == "too_many_headers"


def test_an_address_without_a_scheme_is_no_origin():
    """CVE-2020-36851 (cors-anywhere) and others took any text for a place to go to."""
    refusal = policy("*").judge(PreflightRequest((b"169.254.169.254",), (b"GET",))).refusal

    assert refusal is not None
    assert refusal.reason == "origin_malformed"
