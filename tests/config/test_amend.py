"""Edits of a policy in a file: one line or entry changes, and all else stays octet for octet."""

import pytest

from corsproxy.config.amend import amend, unified_diff
from corsproxy.core.advice import Change

PUT = Change("allow_methods", "PUT")
COOKIES = Change("allow_credentials", entry=True)
PAGE = Change("allow_origins", "http://a.example")
NAMED = Change("allow_origins", "http://a.example", instead_of="*")

EDITS = [
    pytest.param(
        "cors:\n  allow_methods: [GET]  # these\n", "cors", PUT,
        "cors:\n  allow_methods: [GET, PUT]  # these\n",
        id="an entry more in a list on one line",
    ),
    pytest.param(
        "cors: {allow_methods: []}", "cors", PUT, "cors: {allow_methods: [PUT]}",
        id="the first entry of a list",
    ),
    pytest.param(
        "cors:\n  allow_methods: [\n    GET,  # read\n  ]\n", "cors", PUT,
        "cors:\n  allow_methods: [\n    GET, PUT,  # read\n  ]\n",
        id="an entry more in a list over lines",
    ),
    pytest.param(
        "cors:\n  allow_methods:\n    - GET  # read\n\n  max_age: 5\n", "cors", PUT,
        "cors:\n  allow_methods:\n    - GET  # read\n    - PUT\n\n  max_age: 5\n",
        id="an item more",
    ),
    pytest.param(
        "cors:\n  allow_methods:\n  - GET", "cors", PUT,
        "cors:\n  allow_methods:\n  - GET\n  - PUT",
        id="an item more, at the end of a file without a line end",
    ),
    pytest.param(
        "cors:\r\n  allow_methods:\r\n  - GET\r\n# end\r\n", "cors", PUT,
        "cors:\r\n  allow_methods:\r\n  - GET\r\n  - PUT\r\n# end\r\n",
        id="an item more, with the line ends of the file",
    ),
    pytest.param(
        "\ufeffcors:\n  max_age: 5 # s\nroutes: []\n", "cors", PUT,
        "\ufeffcors:\n  max_age: 5 # s\n  allow_methods: [PUT]\nroutes: []\n",
        id="a key more, after a mark of UTF-8",
    ),
    pytest.param(
        "cors: {max_age: 5}\n", "cors", PUT, "cors: {max_age: 5, allow_methods: [PUT]}\n",
        id="a key more in a mapping on one line",
    ),
    pytest.param(
        "routes:\n- cors: {}\n", "routes[0].cors", COOKIES,
        "routes:\n- cors: {allow_credentials: true}\n",
        id="the first key of a policy",
    ),
    pytest.param(
        "cors:\n  allow_methods:\n  - GET\n  allow_headers:\n  - X-A\n# end\n", "cors", COOKIES,
        "cors:\n  allow_methods:\n  - GET\n  allow_headers:\n  - X-A\n  allow_credentials: true\n"
        "# end\n",
        id="a key more, after a list",
    ),
    pytest.param(
        "cors:\n  allow_credentials: off  # no\n", "cors", COOKIES,
        "cors:\n  allow_credentials: true  # no\n",
        id="a value instead of another",
    ),
    pytest.param(
        'cors:\n  allow_origins: ["*"]\n', "cors", NAMED,
        'cors:\n  allow_origins: ["http://a.example"]\n',
        id="an entry instead of another",
    ),
    pytest.param(
        "cors: {allow_origins: ['${PAGE}', '*']}\nroutes:\n- cors:\n    max_age: 5\n",
        "routes[0].cors", NAMED,
        "cors: {allow_origins: ['${PAGE}', '*']}\nroutes:\n- cors:\n    max_age: 5\n"
        '    allow_origins: ["${PAGE}", "http://a.example"]\n',
        id="what a route takes over, as written, and more",
    ),
    pytest.param(
        "cors: {allow_methods: [GET]}\nroutes:\n- path: /a\n- cors: {max_age: 5}\n",
        "routes[1].cors", PUT,
        "cors: {allow_methods: [GET]}\nroutes:\n- path: /a\n"
        "- cors: {max_age: 5, allow_methods: [GET, PUT]}\n",
        id="the same on one line",
    ),
    pytest.param(
        "routes:\n- cors: &own\n    allow_methods: &m\n      - GET\n", "routes[0].cors", PUT,
        "routes:\n- cors: &own\n    allow_methods: &m\n      - GET\n      - PUT\n",
        id="an item more where there are anchors",
    ),
    pytest.param(
        "base: &b\n  allow_methods: [GET]\ncors:\n  <<: *b\n", "cors", PUT,
        "base: &b\n  allow_methods: [GET]\ncors:\n  allow_methods: [GET, PUT]\n  <<: *b\n",
        id="a key over what is merged in",
    ),
    pytest.param(
        "a: &a {max_age: 5}\nb: &b {allow_methods: [GET]}\ncors:\n  <<: [*a, *b]\n", "cors", PUT,
        "a: &a {max_age: 5}\nb: &b {allow_methods: [GET]}\ncors:\n"
        "  <<: [*a, *b]\n  allow_methods: [GET, PUT]\n",
        id="a key over what is merged in from several",
    ),
    pytest.param(
        "m: &m GET\ncors: {allow_methods: [PATCH, *m]}\n", "cors", PUT,
        "m: &m GET\ncors: {allow_methods: [PUT, PATCH, *m]}\n",
        id="an entry before an alias",
    ),
    pytest.param(
        "m: &m GET\ncors:\n  allow_methods:\n  - PATCH\n  - *m\n", "cors", PUT,
        "m: &m GET\ncors:\n  allow_methods:\n  - PUT\n  - PATCH\n  - *m\n",
        id="an item before an alias",
    ),
    pytest.param(
        "cors: {allow_methods: [&m PATCH, *m]}\n", "cors", PUT,
        "cors: {allow_methods: [PUT, &m PATCH, *m]}\n",
        id="an entry before an alias of the entry before it",
    ),
    pytest.param(
        "cors:\n  allow_methods:\n  - &m PATCH\n  - *m\n", "cors", PUT,
        "cors:\n  allow_methods:\n  - PUT\n  - &m PATCH\n  - *m\n",
        id="an item before such an alias",
    ),
    pytest.param(
        "cors:\n  allow_headers: |\n    x\n", "cors", PUT,
        "cors:\n  allow_methods: [PUT]\n  allow_headers: |\n    x\n",
        id="a key before text over lines",
    ),
    pytest.param(
        "cors: {allow_methods: [é, 日本]}  # ü\n", "cors", Change("allow_methods", 'a"b\\'),
        'cors: {allow_methods: [é, 日本, "a\\"b\\\\"]}  # ü\n',
        id="what needs quotes, after what is not ASCII",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "change", "amended"), EDITS)
def test_an_edit_changes_its_own_place_only(text: str, place: str, change: Change, amended: str):
    assert amend(text, place, change) == amended


@pytest.mark.parametrize(
    ("text", "place", "change"),
    [
        pytest.param("cors: {allow_credentials: no}", "routes[0].cors", COOKIES, id="no policy"),
        pytest.param("routes: [{cors: off}]", "routes[0].cors", COOKIES, id="a policy that is off"),
        pytest.param("", "cors", COOKIES, id="nothing"),
        pytest.param("- a", "cors", COOKIES, id="a list"),
        pytest.param("a: [", "cors", COOKIES, id="no YAML"),
        pytest.param("a: &a [GET]\ncors: {allow_methods: *a}", "cors", PUT, id="an alias list"),
        pytest.param("a: &a no\ncors: {allow_credentials: *a}", "cors", COOKIES, id="an alias"),
        pytest.param("cors: {allow_methods: GET}", "cors", PUT, id="no list"),
        pytest.param("cors: {allow_credentials: [a]}", "cors", COOKIES, id="a list as a value"),
        pytest.param(
            "m: &m GET\ncors:\n  allow_methods:\n  - *m\n", "cors", PUT, id="nothing but an alias"
        ),
        pytest.param(
            "cors: {allow_methods: [[a]]}\nroutes: [{cors: {}}]", "routes[0].cors", PUT,
            id="lists in a list that is taken over",
        ),
    ],
)  # fmt: skip
def test_what_can_t_be_edited_is_left_alone(text: str, place: str, change: Change):
    assert amend(text, place, change) is None


def test_a_difference_is_as_patch_reads_it():
    assert unified_diff("a\nb\nc", "a\nb\nd\n", "t.yaml") == (
        "--- t.yaml\n+++ t.yaml\n@@ -1,3 +1,3 @@\n a\n b\n-c\n\\ No newline at end of file\n+d\n"
    )


def test_other_line_ends_stay_within_their_lines():
    assert unified_diff("a\r\nb\x0bc\r\n", "a\r\nd\r\n", "t.yaml") == (
        "--- t.yaml\n+++ t.yaml\n@@ -1,2 +1,2 @@\n a\r\n-b\x0bc\r\n+d\r\n"
    )
