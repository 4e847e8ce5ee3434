"""The types of single values in the models: a parser, and the JSON Schema of what it takes."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import PlainValidator, WithJsonSchema

from corsproxy.config import listeners, names, networks, patterns, sizes, urls
from corsproxy.config.problems import WrongValueError
from corsproxy.config.scalars import choice, count, flag, is_off, off_or, text
from corsproxy.core.limits import Listener
from corsproxy.core.trust import Network
from corsproxy.core.upstreams import ForwardProxy
from corsproxy.core.verdicts import Reason

Schema = dict[str, Any]

OFF: list[Schema] = [{"const": False}, {"const": "off"}]
_TEXT = [{"type": "string", "minLength": 1}]
_TOKEN = [{"type": "string", "pattern": names.NAME_PATTERN}]
_DURATION = [
    {"type": "number", "minimum": 0, "maximum": sizes.LONGEST},
    {"type": "string", "pattern": sizes.DURATION_PATTERN},
]
_MAX_AGE = [
    {"type": "integer", "minimum": 0, "maximum": sizes.LARGEST_MAX_AGE},
    {"type": "string", "pattern": sizes.DURATION_PATTERN},
]
_SIZE = [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": sizes.SIZE_PATTERN}]
_ADDRESS = [{"type": "string", "pattern": r"^(unix:/.+|.*:[0-9]{1,5})$"}]
_PATH = [{"type": "string", "pattern": patterns.PATH_PATTERN}]


def _any_of(*schemas: list[Schema]) -> WithJsonSchema:
    options = [one for schema in schemas for one in schema]
    return WithJsonSchema(options[0] if len(options) == 1 else {"anyOf": options})


def _words(*words: str) -> WithJsonSchema:
    return WithJsonSchema({"enum": list(words)})


def _listener_or_off(value: object) -> Listener | None:
    if isinstance(value, list):
        raise WrongValueError("the admin listener is one address, not a list")
    try:
        return off_or(listeners.listener)(value)
    except WrongValueError as wrong:
        if wrong.write and "8080" not in str(value):  # where requests are served already
            raise WrongValueError(wrong.what, wrong.write.replace("8080", "8081")) from wrong
        raise


def _proxy(value: object) -> ForwardProxy | Literal["env"]:
    return "env" if value == "env" else urls.forward_proxy(value)


def _same_site(value: object) -> str:
    return choice("none", "lax", "strict")(value).capitalize()


def _one_worker(value: object) -> int:
    if value == "auto" or count(value) != 1:
        raise WrongValueError("more than one worker is not supported yet", "1")
    return 1


def _preflight_status(value: object) -> int:
    status = count(value)
    if not 200 <= status <= 299:  # noqa: PLR2004 Fetch §2.2.3, ok status
        raise WrongValueError("a preflight succeeds with an ok status: 200 to 299", "204")
    return status


def _word(word: str) -> Callable[[object], str]:
    """Return what takes one word where a mapping may stand as well."""

    def parse(value: object) -> str:
        if value != word:
            raise WrongValueError(f"expected {word}, or a mapping", word)
        return word

    return parse


def one_or_more(value: object) -> object:
    """Make a list of a single value, which some keys take as well."""
    return value if isinstance(value, list) else [value]


def url_alone(value: object) -> object:
    """Make a mapping of an upstream that is written as its URL alone."""
    return value if isinstance(value, dict | bool) else {"url": value}


def off_tag(value: object) -> str:
    """Tell the two forms of a route's `cors` apart."""
    return "off" if is_off(value) else "policy"


def word_tag(value: object) -> str:
    """Tell the two forms apart of a key that takes a mapping, or one word in its place."""
    return "mapping" if isinstance(value, dict) else "word"


def off(_value: object) -> Literal["off"]:
    """Take what `off_tag` found to be `off`, in any of its forms."""
    return "off"


Text = Annotated[str, PlainValidator(text), _any_of(_TEXT)]
Flag = Annotated[bool, PlainValidator(flag), WithJsonSchema({"type": "boolean"})]
Count = Annotated[int, PlainValidator(count), WithJsonSchema({"type": "integer", "minimum": 1})]
Off = Annotated[Literal["off"], PlainValidator(off), _any_of(OFF)]

Timeout = Annotated[float | None, PlainValidator(off_or(sizes.timeout)), _any_of(_DURATION, OFF)]
KeepAlive = Annotated[float | None, PlainValidator(off_or(sizes.duration)), _any_of(_DURATION, OFF)]
MaxAge = Annotated[int, PlainValidator(sizes.max_age), _any_of(_MAX_AGE)]
Size = Annotated[int, PlainValidator(sizes.size), _any_of(_SIZE)]
SizeOrOff = Annotated[int | None, PlainValidator(off_or(sizes.size)), _any_of(_SIZE, OFF)]

Listen = Annotated[Listener, PlainValidator(listeners.listener), _any_of(_ADDRESS)]
Admin = Annotated[Listener | None, PlainValidator(_listener_or_off), _any_of(_ADDRESS, OFF)]
TrustedProxy = Annotated[
    Network | None,
    PlainValidator(networks.proxy_network),
    WithJsonSchema({"type": "string", "pattern": networks.NETWORK_PATTERN}),
]
SelfSigned = Annotated[
    Literal["self_signed"],
    PlainValidator(_word("self_signed")),
    WithJsonSchema({"const": "self_signed"}),
]
OneWorker = Annotated[int, PlainValidator(_one_worker), WithJsonSchema({"const": 1})]
LogFormat = Annotated[
    Literal["text", "json"], PlainValidator(choice("text", "json")), _words("text", "json")
]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    PlainValidator(choice("debug", "info", "warning", "error")),
    _words("debug", "info", "warning", "error"),
]

RouteName = Annotated[str, PlainValidator(patterns.route_name), _any_of(_TEXT)]
PathPrefix = Annotated[bytes, PlainValidator(patterns.path), _any_of(_PATH)]
PathRegex = Annotated[re.Pattern[bytes], PlainValidator(patterns.path_regex), _any_of(_TEXT)]
Host = Annotated[str, PlainValidator(patterns.host), _any_of(_TEXT)]
RouteMethod = Annotated[str, PlainValidator(names.route_method), _any_of(_TOKEN)]

UpstreamUrl = Annotated[
    urls.Url,
    PlainValidator(urls.upstream_url),
    WithJsonSchema({"type": "string", "pattern": urls.URL_PATTERN}),
]
Proxy = Annotated[ForwardProxy | Literal["env"], PlainValidator(_proxy), _any_of(_TEXT)]

Origin = Annotated[patterns.Origin, PlainValidator(patterns.origin), _any_of(_TEXT)]
TimingOrigin = Annotated[patterns.Origin, PlainValidator(patterns.timing_origin), _any_of(_TEXT)]
OriginRegex = Annotated[re.Pattern[str], PlainValidator(patterns.origin_regex), _any_of(_TEXT)]
PolicyMethod = Annotated[str, PlainValidator(names.policy_method), _any_of(_TOKEN)]
RequestHeader = Annotated[str, PlainValidator(names.request_header), _any_of(_TOKEN)]
ResponseHeader = Annotated[str, PlainValidator(names.response_header), _any_of(_TOKEN)]
PreflightStatus = Annotated[
    int,
    PlainValidator(_preflight_status),
    WithJsonSchema({"type": "integer", "minimum": 200, "maximum": 299}),
]
Mode = Annotated[str, PlainValidator(choice("enforce", "report")), _words("enforce", "report")]
UpstreamCors = Annotated[str, PlainValidator(choice("replace", "fill")), _words("replace", "fill")]
OnRefused = Annotated[str, PlainValidator(choice("forward", "block")), _words("forward", "block")]
ResourcePolicy = Annotated[
    str,
    PlainValidator(choice("same-origin", "same-site", "cross-origin")),
    _words("same-origin", "same-site", "cross-origin"),
]
DANGERS = (
    "null_origin",
    "any_origin_with_credentials",
    "public_suffix_wildcard",
    "insecure_origin_with_credentials",
)
Expectation = Annotated[
    Literal["allow", "refuse"], PlainValidator(choice("allow", "refuse")), _words("allow", "refuse")
]
RefusalReason = Annotated[str, PlainValidator(choice(*Reason)), _words(*Reason)]
TestPath = Annotated[
    str,
    PlainValidator(patterns.test_path),
    WithJsonSchema({"type": "string", "pattern": r"^(/|[hH][tT][tT][pP][sS]?://)"}),
]
Danger = Annotated[str, PlainValidator(choice(*DANGERS)), _words(*DANGERS)]

SetRequestField = Annotated[str, PlainValidator(names.settable_request_field), _any_of(_TOKEN)]
EditRequestField = Annotated[str, PlainValidator(names.edited_request_field), _any_of(_TOKEN)]
AddResponseField = Annotated[str, PlainValidator(names.addable_response_field), _any_of(_TOKEN)]
EditResponseField = Annotated[str, PlainValidator(names.edited_response_field), _any_of(_TOKEN)]
FieldValue = Annotated[bytes, PlainValidator(names.field_value), _any_of(_TEXT)]

LocalCookies = Annotated[
    Literal["local"], PlainValidator(_word("local")), WithJsonSchema({"const": "local"})
]
CookieDomain = Annotated[str, PlainValidator(patterns.cookie_domain), _any_of(_TEXT)]
CookiePath = Annotated[
    str,
    PlainValidator(patterns.cookie_path),
    WithJsonSchema({"type": "string", "pattern": "^/[^;]*$"}),
]
SameSite = Annotated[str, PlainValidator(_same_site), _words("none", "lax", "strict")]
