import re
from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from corsproxy.core.origins import (
    MAX_ORIGIN_LENGTH,
    Origin,
    OriginPattern,
    OriginSyntaxError,
    compile_origins,
    parse_octets,
)

LABEL = st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True)
HOST = st.lists(LABEL, min_size=1, max_size=4).map(".".join) | st.sampled_from(
    ["localhost", "127.0.0.1", "[::1]", "example.com.", "10.0.0.1", "[2001:db8::1]"]
)
SCHEME = st.sampled_from(["https", "http", "capacitor", "moz-extension"])
PORT = st.none() | st.integers(1, 65535).filter(lambda port: port not in (80, 443))
ORIGIN = st.builds(Origin, SCHEME, HOST, PORT)


def pattern_of(origin: Origin, wild: str) -> OriginPattern:
    """Make a pattern that covers the origin, or one near it."""
    host, port = origin.host, origin.port
    named = not (host.startswith("[") or host[0].isdigit())
    subdomains = "s" in wild and named
    any_port = "p" in wild
    return OriginPattern(origin.scheme, host, None if any_port else port, subdomains, any_port)


PATTERN = st.builds(pattern_of, ORIGIN, st.sampled_from(["", "s", "p", "sp"]))
SENT = (
    ORIGIN.map(str)
    | st.builds("{}.{}".format, LABEL, HOST).map("https://{}".format)
    | st.builds(
        "https://{}{}".format, HOST, st.sampled_from([":", "/", ":443", ".evil", "#", "\n"])
    )
    | st.text(max_size=40)
).map(lambda text: text.encode("utf-8", "surrogatepass"))


@given(ORIGIN)
def test_an_origin_read_back_is_the_same(origin: Origin):
    assert Origin.parse(str(origin)) == origin


@given(PATTERN)
def test_a_pattern_read_back_is_the_same(pattern: OriginPattern):
    assert OriginPattern.parse(str(pattern)) == pattern


@given(st.text() | st.from_regex(r"[a-z]{1,6}://[a-z0-9.:*\[\]/@?#\\-]{0,30}", fullmatch=True))
@example("https://[::1]:443/")
def test_what_is_read_is_written_back_to_the_letter(text: str):
    with suppress(OriginSyntaxError):
        assert str(OriginPattern.parse(text)) == text


@given(st.text() | st.from_regex(r"([a-zA-Z]{1,6}://)?[A-Za-z0-9.:*\[\]/@?#\\-]{0,30}"))
@example("https://*..example.com")
@example("http://[::1]@[::2")
def test_what_to_write_instead_can_be_written(text: str):
    write = None
    try:
        OriginPattern.parse(text)
    except OriginSyntaxError as error:
        write = error.write

    if write is not None and " " not in write:
        assert str(OriginPattern.parse(write)) == write


@given(st.binary(max_size=400))
def test_reading_octets_never_fails(octets: bytes):
    origin = parse_octets(octets)

    assert origin is None or str(origin).encode() == octets


READABLE = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[0-9a-f:]+\]|[a-z0-9._-]+)(:(?P<port>[0-9]+))?"
)


def covers(entry: OriginPattern, sent: bytes) -> bool:
    """Say by the readable definition whether an entry allows what was sent."""
    match = READABLE.fullmatch(sent.decode("latin-1"))
    if not match or len(sent) > MAX_ORIGIN_LENGTH:
        return False
    scheme, host, port = match["scheme"], match["host"], match["port"]
    default = {"http": "80", "https": "443"}.get(scheme)
    port_is_one = port is None or (
        port.strip("0") != "" and port[0] != "0" and int(port) < 65536 and port != default
    )
    same_port = port_is_one if entry.any_port else port == (str(entry.port) if entry.port else None)
    if entry.subdomains:
        front, dot, _ = host.rpartition("." + entry.host)
        same_host = bool(dot) and host == front + dot and all(front.split("."))
    else:
        same_host = host == entry.host
    return scheme == entry.scheme and same_port and same_host


@given(st.lists(PATTERN, max_size=4), SENT, st.data())
def test_only_what_the_readable_definition_covers_is_allowed(
    entries: list[OriginPattern], sent: bytes, data: st.DataObject
):
    if entries:
        below = data.draw(st.sampled_from(entries))
        front = data.draw(st.sampled_from(["", "a.", "a.b.", "evil", ".", "a..", "#."]))
        port = data.draw(st.sampled_from(["", ":81", ":80", ":0", ":081", ":99999", ":", ".evil"]))
        near = f"{below.scheme}://{front}{below.host}{port}".encode()
        sent = data.draw(st.sampled_from([sent, near, str(below).encode()]))

    allowed = compile_origins(map(str, entries)).allows(sent)

    assert allowed == any(covers(entry, sent) for entry in entries)


@given(st.lists(PATTERN, max_size=4), PATTERN | st.just("*") | st.just("null"), SENT)
def test_adding_an_entry_never_takes_an_origin_away(
    entries: list[OriginPattern], added: OriginPattern | str, sent: bytes
):
    before = compile_origins(map(str, entries))
    after = compile_origins([*map(str, entries), str(added)])

    assert after.allows(sent) >= before.allows(sent)


@given(st.lists(st.sampled_from([".*", "null", "n?ull", "(?s).*", "[a-z]+", "null|x"])))
def test_no_regular_expression_matches_null(regexes: list[str]):
    assert not compile_origins([], regexes).allows(b"null")


@given(st.lists(PATTERN, min_size=1, max_size=4), ORIGIN)
def test_a_near_miss_is_said_of_an_entry_and_only_where_there_is_one(
    entries: list[OriginPattern], origin: Origin
):
    origins = compile_origins(map(str, entries))

    near = origins.near_miss(origin)

    if not origins.allows(str(origin).encode()) and near is not None:
        assert any(pattern.host in near for pattern in entries)
