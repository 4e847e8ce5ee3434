from collections.abc import Callable
from pathlib import Path

import pytest

from corsproxy.config import Config, ConfigError, LogSettings, Problem, load_file, load_mapping
from corsproxy.core.limits import Limits, Listener, Timeouts

ROUTES = "routes: [{upstream: 'http://a', cors: off}]\n"
TABLE: dict[str, object] = {"routes": [{"upstream": "http://a", "cors": False}]}


def test_a_table_with_only_its_routes(load: Callable[..., Config]):
    config = load(ROUTES)
    assert config.listen == (Listener("127.0.0.1", 8080),)
    assert config.admin == Listener("127.0.0.1", 8081)
    assert (config.timeouts, config.limits, config.log) == (Timeouts(), Limits(), LogSettings())
    assert (config.table.default, config.warnings) == (None, ())


def test_a_table_with_settings(load: Callable[..., Config]):
    config = load(
        ROUTES
        + """
listen: [":8080", "unix:/a.sock"]
admin: off
timeouts: {header: 1, connect: 2s, response: off, idle: 4m, tunnel: "off"}
limits: {header_size: 1KiB, upstream_header_size: 2KiB, connections: 3, request_body: 4,
         keepalive: off, upstream_keepalive: 0}
log: {format: json, level: debug, access: no, explain: yes}
"""
    )
    assert config.listen == (Listener("", 8080), Listener(socket="/a.sock"))
    assert config.admin is None
    assert config.timeouts == Timeouts(1.0, 2.0, None, 240.0, None)
    assert config.limits == Limits(1024, 2048, 3, 4, None, 0.0)
    assert config.log == LogSettings("json", "debug", access=False, explain=True)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["t.yaml: the file is empty; write a route under `routes`"]),
        ("# only a comment", ["t.yaml: the file is empty; write a route under `routes`"]),
        ("- a", ["1:1: a route table is a mapping; write routes: and a list under it"]),
        (
            "routes: []",
            [
                (
                    "1:1: routes: a route table has at least one route; "
                    "write routes: [{path: /, upstream: http://localhost:8000}]"
                )
            ],
        ),
        ("routes:", ["1:1: routes: the key has no value: give it one or leave it out"]),
        (
            "routes: {/a: b}",
            [
                (
                    "1:9: routes: expected a list, got a mapping; "
                    "write - path: /a, and in the line under it upstream: b"
                )
            ],
        ),
        ("routes: [x]", ['1:10: routes[0]: "x": expected a mapping, got text']),
        (ROUTES + "listen: []", ["2:1: listen: there is nowhere to listen; write 127.0.0.1:8080"]),
        (
            ROUTES + "listen: [':80', '127.0.0.1:80']",
            ["2:17: listen[1]: \"127.0.0.1:80\": ':80' listens on this address already"],
        ),
        (
            ROUTES + "listen: :80\nadmin: 127.0.0.1:80",
            [
                (
                    '3:8: admin: "127.0.0.1:80": requests are served on this address already; '
                    "write another address, or admin: off"
                )
            ],
        ),
        (
            ROUTES + "listen: 127.0.0.1:8081",
            [
                (
                    '2:9: listen: "127.0.0.1:8081": the admin listener is on this address unless '
                    "told otherwise; write admin: another address, or admin: off"
                )
            ],
        ),
        (ROUTES + "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0", []),
        (ROUTES + "listen: 127.0.0.1:8081\nadmin: off", []),
    ],
)
def test_what_is_wrong_with_a_table(text: str, problems: list[str], tell: Callable[..., list[str]]):
    assert [line.removeprefix(" ") for line in tell(text)] == [
        line.removeprefix("t.yaml:").removeprefix(" ") for line in problems
    ]


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(tell: Callable[..., list[str]]):
    table = """\
lisen: 5
cors:
  allow_origins: ["https://a.com/", "*", null]
  allow_credentials: yes
  max_age: forever
  max_age: 5
routes:
  - path: api
    upstream: http://${HOST}
  - path: /b
    upstream: {url: http://b, tls: {ca: /no/such/file}}
"""
    assert [line.split(": ")[0:2] for line in tell(table)] == [
        ["1:1", "lisen"],
        ["3:19", "cors.allow_origins[0]"],
        ["3:37", "cors.allow_origins[1]"],
        ["3:42", "cors.allow_origins[2]"],
        ["5:12", "cors.max_age"],
        ["6:3", "cors.max_age"],
        ["8:11", "routes[0].path"],
        ["9:15", "routes[0].upstream"],
        ["11:31", "routes[1].upstream.tls"],
        ["11:41", "routes[1].upstream.tls.ca"],
    ]


def test_a_file_is_loaded(tmp_path: Path):
    path = tmp_path / "t.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + ROUTES.replace("\n", "\r\n").encode())
    assert load_file(path, {}) == load_mapping(TABLE, "t")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "the file can't be read: No such file or directory"),
        (b"a: \xc3\xa4\nb: \xc3\xa4\xe4", "the file is not UTF-8"),
    ],
)
def test_a_file_that_can_not_be_read(tmp_path: Path, content: bytes | None, problem: str):
    path = tmp_path / "t.yaml"
    line, column = None, None
    if content is not None:
        path.write_bytes(content)
        line, column = 2, 5
    with pytest.raises(ConfigError) as caught:
        load_file(path, {})
    assert caught.value.problems == (Problem(str(path), problem, line=line, column=column),)


def test_plain_data_is_loaded_without_places():
    with pytest.raises(ConfigError) as caught:
        load_mapping({"routes": [{"upstream": "a:1", "cors": "off"}], "listen": "x"}, "--upstream")
    assert [str(problem) for problem in caught.value.problems] == [
        '--upstream: listen: "x": the port is missing; write x:8080',
        '--upstream: routes[0].upstream: "a:1": the scheme is missing; write http://a:1',
    ]


@pytest.mark.parametrize("name", ["${HOME}", "\ud800"])
def test_nothing_is_substituted_in_plain_data(name: str):
    data = {"routes": [{"upstream": "http://a", "cors": False, "name": name}]}
    if name.isascii():
        assert load_mapping(data, "t").table.routes[0].name == name
        return
    with pytest.raises(ConfigError) as caught:
        load_mapping(data, "t")
    assert str(caught.value) == 't: routes[0].name: "\\ud800": the text is not UTF-8'


def test_loading_is_deterministic(examples: list[Path], certificates: Path):
    environ = {"CERTS": str(certificates)}
    for example in examples:
        assert load_file(example, environ) == load_file(example, environ)


def test_the_examples_load_without_a_warning(examples: list[Path], certificates: Path):
    loaded = {path.name: load_file(path, {"CERTS": str(certificates)}) for path in examples}
    assert sorted(loaded) == ["full.yaml", "legacy-api.yaml", "local-dev.yaml"]
    assert {name: config.warnings for name, config in loaded.items()} == dict.fromkeys(loaded, ())
