"""A table with what was learnt in its policies: all else stays, octet for octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.config import load_text
from corsproxy.config.learnt import MARK, is_ours, written
from corsproxy.config.splicing import NotEditableError
from corsproxy.core.cors import CorsPolicy
from corsproxy.core.learning import TOP, Learnt, Usage

APP = "https://app.example"
USED = Usage(
    origins=(APP,), methods=("PUT",), headers=("x-a",), exposed=("etag",), cookies=frozenset({APP})
)
READ = Usage(origins=(APP,))
HEAD = f"""\
{MARK}
# learnt: whoever used the proxy meanwhile is below: take out what you don't know
# learnt: each `decide` is a question for you; `corsproxy check` tells the rest
"""
NO_COOKIES = """\
# learnt: no cookies came at routes[0]: a page that asks there with
# learnt:     credentials: 'include' all the same needs allow_credentials: true
"""
POLICY = """\
cors:
      allow_methods: [PUT]
      allow_headers: [x-a]
      # decide: the upstream sent all of these; keep those that a page reads, which can't be seen
      expose_headers: [etag]
      # decide: cookies, or what the browser logs in with, came from https://app.example
      allow_credentials: true
"""

TABLES = {
    "a table without policies": (
        "# mine\nlisten: :8080  # all\nroutes:\n  - path: /a\n    upstream: ${A}\n",
        USED,
        HEAD
        + '# mine\nlisten: :8080  # all\ncors:\n  allow_origins: ["https://app.example"]\n'
        + "routes:\n  - path: /a\n    upstream: ${A}\n    "
        + POLICY,
    ),
    "policies, of which the rest is kept": (
        ("cors:  # ours\n  allow_origins: ['*']\n  mode: report\n  max_age: 2h  # long\n"
        "  # about the routes\nroutes:\n  - cors:\n      allow_methods:\n        - PATCH\n"
        "      timing_allow_origin: ['${T}']\n\n    # here\n    upstream: http://a\n"),
        USED,
        HEAD
        + 'cors:\n  allow_origins: ["https://app.example"]\n  max_age: "2h"\n'
        + "  # about the routes\nroutes:\n  - "
        + POLICY
        + '      timing_allow_origin: ["${T}"]\n\n    # here\n    upstream: http://a\n',
    ),
    "one line": (
        "{cors: {allow_origins: ['*']}, routes: [{upstream: 'http://a'}]}",
        READ,
        HEAD + NO_COOKIES + '{cors: {\n    allow_origins: ["https://app.example"],\n  },'
        " routes: [{upstream: 'http://a'}]}\n",
    ),
    "one line without a policy": (
        "{routes: [{upstream: 'http://a', cors: {max_age: 5}}]}\n",
        READ,
        HEAD + NO_COOKIES + '{cors: {\n    allow_origins: ["https://app.example"],\n  }, routes: '
        "[{upstream: 'http://a', cors: {\n    max_age: 5,\n  }}]}\n",
    ),
    "aliases of policies": (
        "cors: &c {allow_origins: ['*']}\nroutes:\n- upstream: http://a\n  cors: *c\n",
        READ,
        HEAD + NO_COOKIES + 'cors:\n  allow_origins: ["https://app.example"]\n'
        "routes:\n- upstream: http://a\n  cors: {}\n",
    ),
    "a policy that is merged from elsewhere": (
        ("cors: {allow_origins: ['*']}\n"
        "routes:\n- upstream: http://a\n  <<: &b {cors: {max_age: 5}}\n"),
        READ,
        HEAD + NO_COOKIES + 'cors:\n  allow_origins: ["https://app.example"]\n'
        "routes:\n- upstream: http://a\n  <<: &b {cors: {max_age: 5}}\n  cors:\n    max_age: 5\n",
    ),
    "its own tests": (
        ("cors: {allow_origins: ['*'], tests: [{path: /, origin: 'https://x y', expect: refuse}]}\n"
        "routes:\n- upstream: http://a\n"),
        READ,
        HEAD + NO_COOKIES + 'cors:\n  allow_origins: ["https://app.example"]\n'
        '  tests: [{path: "/", origin: "https://x y", expect: refuse}]\n'
        "routes:\n- upstream: http://a\n",
    ),
    "Windows' line ends": (
        "cors:\r\n  allow_origins: ['*']\r\nroutes:\r\n- upstream: http://a\r\n",
        READ,
        (HEAD + NO_COOKIES).replace("\n", "\r\n")
        + 'cors:\r\n  allow_origins: ["https://app.example"]\r\nroutes:\r\n- upstream: http://a\r\n',
    ),
    "what was written before": (
        HEAD + NO_COOKIES + "# mine\ncors: {allow_origins: ['*']}\nroutes: [{upstream: 'http://a'}]",
        READ,
        HEAD + NO_COOKIES + '# mine\ncors:\n  allow_origins: ["https://app.example"]\n'
        "routes: [{upstream: 'http://a'}]\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "usage", "text"), TABLES.values(), ids=TABLES)
def test_what_is_written_of(source: str, usage: Usage, text: str):
    learnt = Learnt({"routes[0]": usage})
    assert written(source, learnt) == text
    assert is_ours(text)
    environ = {"A": "http://a", "T": "*"}
    table = load_text(text, "t.yaml", environ).table
    assert learnable(table.routes[0].policy) == learnable(usage.policy)


def learnable(policy: CorsPolicy | None) -> tuple[object, ...]:
    assert policy is not None
    return (policy.origins, policy.methods, policy.headers, policy.expose, policy.credentials,
            policy.report)  # fmt: skip


THREE = """\
cors: {allow_origins: ["http://localhost:3001"], allow_methods: [PATCH]}
routes:
  - {path: /a, upstream: "http://a"}
  - {path: /b, upstream: "http://b", cors: {allow_credentials: true}}
  - {path: /c, upstream: "http://c", cors: off}
"""


def test_what_no_page_used_is_named_and_allows_no_more_than_the_top_level():
    text = written(THREE, Learnt({"routes[0]": USED}), ["a remark"])
    assert text.startswith(
        HEAD + "# learnt: no page used routes[1], routes[2]\n# learnt: a remark\n"
    )
    first, second, third = load_text(text, "t.yaml", {}).table.routes
    assert learnable(first.policy) == learnable(USED.policy)
    assert learnable(second.policy) == learnable(READ.policy)
    assert third.policy is None


def test_many_that_no_page_used_are_counted():
    routes = "".join(f"  - {{path: /{i}, upstream: 'http://a'}}\n" for i in range(20))
    text = written("routes:\n" + routes, Learnt({"routes[3]": READ}))
    assert "# learnt: no page used routes[0], routes[1], routes[2], routes[4], " in text
    assert "routes[10] and 9 more\n" in text


def test_long_lists_are_wrapped():
    usage = Usage(origins=(APP,), headers=tuple(f"x-header-{i}" for i in range(100)))
    text = written("routes:\n  - upstream: http://a\n", Learnt({"routes[0]": usage}))
    assert max(map(len, text.splitlines())) <= 110
    policy = load_text(text, "t.yaml", {}).table.routes[0].policy
    assert learnable(policy) == learnable(usage.policy)


UNEDITABLE = {
    "no YAML": "routes: [",
    "no routes": "cors: {}",
    "one route twice": "routes:\n- &a {upstream: 'http://a', cors: {max_age: 5}}\n- *a\n",
    "no table": "- a",
}


@pytest.mark.parametrize("source", UNEDITABLE.values(), ids=UNEDITABLE)
def test_what_cannot_be_rewritten(source: str):
    with pytest.raises(NotEditableError):
        written(source, Learnt({"routes[0]": USED}))


ORIGINS = ["http://localhost:3001", APP, "http://app.example", "null", "http://[::1]:81", "app://x"]
NAMES = ["x-a", "authorization", "x'y", "null", "on", "x-"]


def some(of: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(of), unique=True).map(tuple)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    origins = draw(st.lists(st.sampled_from(ORIGINS), unique=True, min_size=1))
    return Usage(
        origins=tuple(origins),
        methods=draw(some(["PUT", "patch", "NULL", "M-SEARCH", "1"])),
        headers=draw(some(NAMES)),
        exposed=draw(some([*NAMES, "etag"])),
        cookies=frozenset(draw(st.lists(st.sampled_from(origins)))),
        cookies_set=frozenset(draw(st.lists(st.sampled_from(origins)))),
        left_out=frozenset(draw(some(["origins", "methods", "headers", "exposed"]))),
    )


LAYOUTS = [
    "routes:\n  - {path: /a, upstream: 'http://a'}\n  - path: /b\n    upstream: http://b\n",
    (
        "cors: {allow_origins: ['*'], allow_origin_regex: ['https://x']}\nroutes:\n"
        "- path: /a\n  upstream: http://a\n  cors: {max_age: 5, dangerously_allow: []}\n"
        "- cors:\n    allow_credentials: false\n    allow_methods: ['*']\n  path: /b\n"
        "  upstream: http://b"
    ),
    (
        "{routes: [{path: /a, upstream: 'http://a'}, {path: /b, upstream: 'http://b'}],"
        " cors: {allow_origins: ['https://x'], mode: report}}"
    ),
]


@given(st.sampled_from(LAYOUTS), usages(), usages(), st.none() | usages())
def test_what_is_written_passes_check_and_says_just_what_was_learnt(
    source: str, one: Usage, two: Usage, top: Usage | None
):
    usages = {"routes[0]": one, "routes[1]": two} | ({TOP: top} if top else {})
    learnt = Learnt(usages)
    config = load_text(written(source, learnt), "t.yaml", {})
    first, second = config.table.routes
    assert learnable(first.policy) == learnable(one.policy)
    assert learnable(second.policy) == learnable(two.policy)
    assert learnable(config.table.default) == learnable(learnt.top.policy)


def test_a_pages_plain_requests_leave_nothing_to_be_warned_of():
    config = load_text(written(THREE, Learnt({"routes[0]": READ})), "t.yaml", {})
    assert config.warnings == ()
