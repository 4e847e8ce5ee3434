import pytest

from corsproxy.config.keys import models
from corsproxy.config.model import Table
from corsproxy.config.model_cors import Cors
from corsproxy.config.suggestions import _ELSEWHERE, alike, named, needless, otherwise

KNOWN = ["allow_origins", "max_age", "upstream"]

# every key that others have in a policy, and ours; `-` is one that is not needed here
TOOLS = {
    "rs/cors": (
        "AllowedOrigins=allow_origins AllowedMethods=allow_methods AllowedHeaders=allow_headers "
        "ExposedHeaders=expose_headers AllowCredentials=allow_credentials MaxAge=max_age "
        "AllowPrivateNetwork=allow_private_network OptionsSuccessStatus=preflight_status "
        "OptionsPassthrough=- Debug=-"
    ),
    "jub0bs/cors": (
        "Origins=allow_origins Credentialed=allow_credentials Methods=allow_methods "
        "RequestHeaders=allow_headers MaxAgeInSeconds=max_age ResponseHeaders=expose_headers "
        "PreflightSuccessStatus=preflight_status PrivateNetworkAccess=allow_private_network"
    ),
    "Express": (
        "origin=allow_origins methods=allow_methods allowedHeaders=allow_headers "
        "exposedHeaders=expose_headers credentials=allow_credentials maxAge=max_age "
        "optionsSuccessStatus=preflight_status preflightContinue=-"
    ),
    "Flask-CORS": (
        "origins=allow_origins methods=allow_methods allow_headers=allow_headers "
        "expose_headers=expose_headers supports_credentials=allow_credentials max_age=max_age "
        "allow_private_network=allow_private_network send_wildcard=- vary_header=- "
        "automatic_options=- intercept_exceptions=- always_send=- resources=-"
    ),
    "django-cors-headers": (
        "CORS_ALLOWED_ORIGINS=allow_origins CORS_ALLOWED_ORIGIN_REGEXES=allow_origin_regex "
        "CORS_ALLOW_ALL_ORIGINS=allow_origins CORS_ORIGIN_ALLOW_ALL=allow_origins "
        "CORS_ORIGIN_WHITELIST=allow_origins CORS_ORIGIN_REGEX_WHITELIST=allow_origin_regex "
        "CORS_ALLOW_METHODS=allow_methods CORS_ALLOW_HEADERS=allow_headers "
        "CORS_EXPOSE_HEADERS=expose_headers CORS_PREFLIGHT_MAX_AGE=max_age "
        "CORS_ALLOW_CREDENTIALS=allow_credentials "
        "CORS_ALLOW_PRIVATE_NETWORK=allow_private_network CORS_URLS_REGEX=-"
    ),
    "Envoy": (
        "allow_origin_string_match=allow_origin_regex allow_methods=allow_methods "
        "allow_headers=allow_headers expose_headers=expose_headers max_age=max_age "
        "allow_credentials=allow_credentials allow_private_network_access=allow_private_network "
        "forward_not_matching_preflights=- filter_enabled=-"
    ),
    "Kong": (
        "origins=allow_origins methods=allow_methods headers=allow_headers "
        "exposed_headers=expose_headers credentials=allow_credentials max_age=max_age "
        "private_network=allow_private_network preflight_continue=-"
    ),
    "APISIX": (
        "allow_origins=allow_origins allow_credential=allow_credentials "
        "allow_origins_by_regex=allow_origin_regex timing_allow_origins=timing_allow_origin "
        "timing_allow_origins_by_regex=timing_allow_origin"
    ),
    "Traefik": (
        "accessControlAllowCredentials=allow_credentials "
        "accessControlAllowHeaders=allow_headers accessControlAllowMethods=allow_methods "
        "accessControlAllowOriginList=allow_origins "
        "accessControlAllowOriginListRegex=allow_origin_regex "
        "accessControlExposeHeaders=expose_headers accessControlMaxAge=max_age addVaryHeader=-"
    ),
    "Spring": (
        "allowedOrigins=allow_origins allowedOriginPatterns=allow_origins "
        "allowedMethods=allow_methods allowedHeaders=allow_headers "
        "exposedHeaders=expose_headers allowCredentials=allow_credentials maxAge=max_age"
    ),
    "header names, as in nginx": (
        "Access-Control-Allow-Origin=allow_origins Access-Control-Allow-Methods=allow_methods "
        "Access-Control-Allow-Headers=allow_headers "
        "Access-Control-Expose-Headers=expose_headers "
        "Access-Control-Allow-Credentials=allow_credentials Access-Control-Max-Age=max_age "
        "Access-Control-Allow-Private-Network=allow_private_network "
        "Timing-Allow-Origin=timing_allow_origin Cross-Origin-Resource-Policy=resource_policy"
    ),
}
PAIRS = [(tool, *pair.split("=")) for tool, pairs in TOOLS.items() for pair in pairs.split()]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("allowOrigins", "allow_origins"),
        ("ALLOW-ORIGINS", "allow_origins"),
        ("origins", "allow_origins"),
        ("backend", "upstream"),
        ("allow_origns", None),
        ("listen", None),
        ("", None),
    ],
)
def test_a_key_is_known_by_another_name(key: str, name: str | None):
    assert named(key, KNOWN) == name


@pytest.mark.parametrize(("tool", "key", "ours"), PAIRS)
def test_every_key_of_another_tool_is_known(tool: str, key: str, ours: str):
    assert tool
    if ours == "-":
        assert needless(key, ("cors",))
        assert needless(key, ("routes", 0, "cors"))
        assert needless(key, ()) is None
    else:
        assert ours == (key if key in Cors.model_fields else named(key, Cors.model_fields))


@pytest.mark.parametrize(
    ("key", "where", "write"),
    [
        ("paths", ("routes", 0), "a route for each, with its own `path`"),
        ("tls", ("routes", 0), "upstream: {url: https://…, tls: {…}}"),
        ("tls", (), None),
        (
            "rejectUnauthorized",
            ("routes", 0),
            "upstream: {url: https://…, tls: {verify: false}} to trust any certificate",
        ),
        ("insecure", ("routes", 0, "upstream"), "tls: {verify: false} to trust any certificate"),
        ("insecure", ("routes", 0, "upstream", "tls"), None),
        ("caFile", ("routes", 0, "upstream"), "ca under `tls`"),
        ("serverName", ("routes", 0, "upstream"), "server_name under `tls`"),
    ],
)
def test_a_key_that_is_written_otherwise_here(
    key: str, where: tuple[str | int, ...], write: str | None
):
    assert otherwise(key, where) == write


def test_a_key_that_a_route_does_not_need():
    what = "the upstream gets its own Host, unless preserve_host is true: leave it out"
    assert needless("changeOrigin", ("routes", 0)) == what
    assert needless("changeOrigin", ("cors",)) is None


@pytest.mark.parametrize(
    ("key", "name"), [("allow-origns", "allow_origins"), ("upstraem", "upstream"), ("zzz", None)]
)
def test_a_key_is_known_by_its_looks(key: str, name: str | None):
    assert alike(key, KNOWN) == name


def test_only_keys_that_exist_are_suggested():
    ours = {name for _, model in models(Table) for name in model.model_fields}
    assert set(_ELSEWHERE) <= ours
