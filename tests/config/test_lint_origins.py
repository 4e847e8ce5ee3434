from collections.abc import Callable

import pytest

from corsproxy.config import Config, lint_origins

Tell = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("origins", "covered"),
    [
        (["*", "https://a.com"], {1: "*"}),
        (["https://a.com", "https://a.com"], {1: "https://a.com"}),
        (["https://x.a.com", "https://*.a.com"], {0: "https://*.a.com"}),
        (["https://*.x.a.com", "https://*.a.com"], {0: "https://*.a.com"}),
        (["http://localhost:*", "http://localhost:3001"], {1: "http://localhost:*"}),
        (["https://*.a.com:*", "https://*.a.com"], {1: "https://*.a.com:*"}),
        (["https://a.com", "https://*.a.com", "http://a.com", "https://b.com:*"], {}),
        (["https://x.a.com:*", "https://*.a.com"], {}),
    ],
)
def test_an_origin_that_another_covers(
    origins: list[str], covered: dict[int, str], tell_cors: Tell
):
    problems = [line.partition(": ")[2] for line in tell_cors(f"{{allow_origins: {origins}}}")]
    assert problems == [
        f"cors.allow_origins[{i}]: \"{origins[i]}\": covered by '{other}' already: leave it out"
        for i, other in covered.items()
    ]


@pytest.mark.parametrize(
    ("origins", "alone"),
    [
        (["http://a.com", "https://a.com"], {0: "https://a.com"}),
        (["https://a.com", "http://a.com:8080"], {1: "https://a.com"}),
        (["http://*.a.com", "https://*.a.com"], {0: "https://*.a.com"}),
        (["http://a.com", "https://*.a.com", "https://b.com"], {}),
        (["http://localhost", "https://localhost"], {}),
    ],
)
def test_plain_http_beside_https(origins: list[str], alone: dict[int, str], tell_cors: Tell):
    meant = "allow_credentials: true, dangerously_allow: [insecure_origin_with_credentials]"
    policy = f"{{allow_origins: {origins}, {meant if 'http://localhost' not in origins else ''}}}"
    problems = [line.partition(": ")[2] for line in tell_cors(policy)]
    assert problems == [
        f"cors.allow_origins[{i}]: \"{origins[i]}\": with credentials, '{other}' is worth no more "
        f"than its plain http; write '{other}' alone"
        for i, other in alone.items()
    ]


EXPOSED = """\
listen: {listen}
cors: {{allow_origins: {origins}, allow_credentials: {credentials}}}
routes: [{{upstream: 'http://a'}}]"""
LOCAL = (
    "warning 2:8: cors.allow_origins: off loopback, with credentials, and only for pages on the "
    "user's own machine; write the origins of the real pages, too"
)
ANY_PORT = (
    'info 2:49: cors.allow_origins[1]: "http://localhost:*": any program on the user\'s machine '
    "can serve a page that gets the session"
)


@pytest.mark.parametrize(
    ("listen", "origins", "credentials", "expected"),
    [
        (":80", ["http://localhost:1"], True, [LOCAL]),
        (":80", ["http://localhost:*"], True, [LOCAL]),
        ("[':80', '10.0.0.1:90']", ["http://127.0.0.1", "http://[::1]"], True, [LOCAL]),
        (":80", ["https://a.example.com", "http://localhost:*"], True, [ANY_PORT]),
        (":80", ["http://localhost:*"], False, []),
        ("[':80', '127.0.0.1:90']", ["http://localhost:*"], True, []),
        ("unix:/a.sock", ["http://localhost:*"], True, []),
        (":80", [], True, None),
    ],
)
def test_local_pages_at_an_open_listener(
    listen: str,
    origins: list[str],
    credentials: bool,
    expected: list[str] | None,
    load: Callable[..., Config],
    tell: Tell,
):
    table = EXPOSED.format(listen=listen, origins=origins, credentials=str(credentials).lower())
    if expected is None:
        assert len(tell(table)) == 1
        return
    config = load(table)
    told = [f"{p.level} {p}".replace("t.yaml:", "") for p in (*config.warnings, *config.notes)]
    assert told == expected


@pytest.mark.parametrize("form", ["https://h{}.example.com", "https://*.h{}.example.com:*"])
def test_a_long_list_of_origins_is_not_compared_pair_by_pair(
    form: str, load: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
):
    compared = []
    monkeypatch.setattr(lint_origins, "_covers", lambda *pair: bool(compared.append(pair)))
    origins = ", ".join(f"'{form.format(i)}'" for i in range(500))
    cors = f"{{allow_origins: [{origins}, 'https://*.example.com:*']}}"
    load(f"cors: {cors}\nroutes: [{{upstream: 'http://a'}}]")
    assert len(compared) == 500
