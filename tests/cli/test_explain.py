"""`corsproxy explain`: 0 allowed, 3 refused, 2 wrong; and its edit turns every no into a yes."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import os
import re
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corsproxy.cli import main
from corsproxy.config import load_text

TABLE = """\
# the legacy API
listen: 127.0.0.1:8080
cors:
  allow_origins: ["http://localhost:3001"]
  allow_methods: [PUT]  # no more than that
routes:
  - path: /api
    upstream: http://legacy:8000
  - path: /own
    upstream: http://legacy:8000
    cors: {allow_headers: [Content-Type]}
  - path: /off
    upstream: http://legacy:8000
    cors: off
"""
PAGE = ("--origin", "http://localhost:3001")
JSON = ("--header", "Content-Type: application/json")

EXITS = {
    "a simple request": (("/api", *PAGE), 0),
    "a method that is listed": (("/api", *PAGE, "--method", "PUT"), 0),
    "the same in small letters": (("/api", *PAGE, "--method", "put"), 0),
    "with dot segments, which browsers resolve": (("/own/../api", *PAGE), 0),
    "by a whole address": (("http://proxy.example/api?a=b#c", *PAGE), 0),
    "JSON where it is listed": (("/own", *PAGE, *JSON), 0),
    "JSON by the header's name alone": (("/own", *PAGE, "--header", "content-type"), 0),
    "a path of two slashes": (("//api", *PAGE), 3),
    "from the proxy's own origin": (("/off", "--origin", "http://127.0.0.1:8080"), 0),
    "with a method that no parser knows": (("/own", *PAGE, "--method", "patch"), 3),
    "the same on its own origin": (
        ("/off", "--origin", "http://127.0.0.1:8080", "--method", "patch"),
        3,
    ),
    "JSON where it is not listed": (("/api", *PAGE, *JSON), 3),
    "another origin": (("/api", "--origin", "http://localhost:5173"), 3),
    "credentials": (("/api", *PAGE, "--credentials"), 3),
    "what no page can send": (("/api", *PAGE, "--method", "TRACE"), 3),
    "what is left to the upstream": (("/off", *PAGE), 3),
    "no route": (("/nowhere", *PAGE), 3),
    "no origin": (("/api",), 2),
    "an origin that is not ASCII": (("/api", "--origin", "http://exämple"), 2),
    "a method of two words": (("/api", *PAGE, "--method", "GET PUT"), 2),
    "a header that is none": (("/api", *PAGE, "--header", "a b: c"), 2),
    "a header with a line end in it": (("/api", *PAGE, "--header", "a: b\nc"), 2),
    "no path": (("api", *PAGE), 2),
    "a header that the page may read": (("/api", *PAGE, "--read", "Content-Type"), 0),
    "a header that it may not": (("/api", *PAGE, "--read", "X-Total-Count"), 3),
    "the name of one that is none": (("/api", *PAGE, "--read", "a b"), 2),
    "no address": (("http://[::1/", *PAGE), 2),
    "an address of another kind": (("ftp://a/", *PAGE), 2),
    "another file that is not there": (("/api", *PAGE, "-c", "x.yaml"), 2),
}


@pytest.mark.parametrize(("args", "status"), EXITS.values(), ids=EXITS)
def test_it_exits(cli, folder, args, status):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    assert cli("explain", *args)[0] == status


def test_a_wrong_file_has_its_problems_told(cli, folder):
    (folder / "corsproxy.yaml").write_text("routes: []", encoding="utf-8")
    status, out, err = cli("explain", "/", *PAGE)
    assert (status, out) == (2, "")
    assert err.startswith("corsproxy.yaml:1:1: routes: a route table has at least one route")


EDIT = """\
This edit of corsproxy.yaml allows it:

--- corsproxy.yaml
+++ corsproxy.yaml
@@ -3,6 +3,7 @@
 cors:
   allow_origins: ["http://localhost:3001"]
   allow_methods: [PUT]  # no more than that
+  allow_headers: [Content-Type]
 routes:
   - path: /api
     upstream: http://legacy:8000
"""
DANGEROUS = """\
-  allow_origins: ["http://localhost:3001"]
+  allow_origins: ["http://localhost:3001", "null"]
   allow_methods: [PUT]  # no more than that
+  dangerously_allow: [null_origin]
 routes:
   - path: /api
     upstream: http://legacy:8000
It takes on a danger by its name: null_origin
"""
EXPOSED = """\
+  expose_headers: [X-Total-Count, ETag]
 routes:
   - path: /api
     upstream: http://legacy:8000
"""
EDITS = {
    "what is exposed": (
        ("/api", *PAGE, "--read", "X-Total-Count", "--read", "ETag"),
        EXPOSED,
    ),
    "none for a cookie": (
        ("/api", *PAGE, "--read", "Set-Cookie"),
        "No edit of the policy allows it.\n",
    ),
    "an edit": (("/api", *PAGE, *JSON), EDIT),
    "an edit that is dangerous": (("/api", "--origin", "null"), DANGEROUS),
    "none for what is no origin": (
        ("/api", "--origin", "http://localhost:3001/"),
        "No edit of the policy allows it.\n",
    ),
    "none for what is left to the upstream": (
        ("/off", *PAGE),
        "No edit of the policy allows it.\n",
    ),
    "none for what is none of it all": (
        ("/api", "--origin", "http://localhost:3002", "--method", "patch"),
        (
            "No edit of the policy allows it: still method_not_allowed patch; HTTP parsers don't "
            "know the method, and refuse it; 'PATCH' they know.\n"
        ),
    ),
    "none where there is no route": (("/nowhere", *PAGE), "No edit of the policy allows it.\n"),
}


@pytest.mark.parametrize(("args", "end"), EDITS.values(), ids=EDITS)
def test_it_shows_the_edit(cli, folder, args, end):
    (folder / "corsproxy.yaml").write_text(TABLE, encoding="utf-8")
    assert cli("explain", *args)[1].endswith(end)


@pytest.mark.parametrize(
    ("listen", "base"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        (":8080", "http://localhost:8080/"),
        ('"[::1]:8080"', "http://[::1]:8080/"),
        ("127.0.0.1:0", "http://127.0.0.1/"),
        ("unix:/run/x.sock", "http://localhost/"),
        ("[unix:/run/x.sock, ':81']", "http://localhost:81/"),
        (":8443\ntls: self_signed", "https://localhost:8443/"),
    ],
)
def test_a_path_is_one_of_the_proxy(cli, folder, listen, base):
    table = TABLE.replace("127.0.0.1:8080", listen, 1)
    (folder / "corsproxy.yaml").write_text(table, encoding="utf-8")
    out = cli("explain", "/a b", *PAGE)[1]
    assert out.startswith(f"GET {base}a%20b from a page at http://localhost:3001\n")


def test_files_are_named_from_the_folder_of_the_table(cli, folder):
    (folder / "there").mkdir()
    (folder / "there" / "ca.pem").write_text("", encoding="utf-8")
    upstream = "upstream: {url: 'https://a', tls: {ca: ca.pem}}"
    (folder / "there" / "t.yaml").write_text(
        f"cors: {{allow_origins: ['https://a.example']}}\nroutes: [{{{upstream}}}]\n", "utf-8"
    )
    status, out, err = cli("explain", "/", *PAGE, "-c", "there/t.yaml")
    if "ca.pem" in err:
        pytest.fail(err)
    assert (status, Path.cwd()) == (3, folder)
    assert '+cors: {allow_origins: ["https://a.example", "http://localhost:3001"]}' in out or (
        "allow_origins: ['https://a.example', \"http://localhost:3001\"]" in out
    )


ROOT = Path(__file__).parents[2]


def block(page: str, language: str) -> str:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.search(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1]


def test_the_docs_show_what_it_says(cli, folder):
    (folder / "corsproxy.yaml").write_text(block("README.md", "yaml"), encoding="utf-8")
    command, _, said = block("docs/explain.md", "text").partition("\n")
    assert cli(*shlex.split(command.removeprefix("$ corsproxy "))) == (3, said, "")


# The law: what it shows makes it say yes.

ORIGINS = ["http://localhost:3001", "https://*.example.com", "http://localhost:*", "*",
           "https://app.example"]  # fmt: skip
PAGES = ["http://localhost:3001", "https://a.example.com", "null", "http://plain.example",
         "http://127.0.0.1:5173", "tauri://localhost"]  # fmt: skip
METHODS = ["PUT", "DELETE", "*", "M-SEARCH"]
HEADERS = ["Content-Type", "X-Own", "*", "Authorization"]
SENT = ["X-Own: 1", "content-type: application/json", "Authorization: b", "x-other: 2",
        "Accept: */*", "accept-language: de(x)"]  # fmt: skip


def some(of: list[str], least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(of), unique=True, min_size=least, max_size=3)


@st.composite
def lists(draw: st.DrawFn, key: str, entries: list[str], indent: str) -> str:
    quote = draw(st.sampled_from(['"{}"', "'{}'"]))
    texts = [quote.format(entry) for entry in entries]
    comment = draw(st.sampled_from(["", "  # [why] - so: {x}"]))
    if not texts or draw(st.booleans()):
        between = draw(st.sampled_from([", ", ",\n" + indent + "    "]))
        return f"{indent}{key}: [{between.join(texts)}]{comment}\n"
    dashed = indent + draw(st.sampled_from(["", "  "]))
    return f"{indent}{key}:{comment}\n" + "".join(f"{dashed}- {t}{comment}\n" for t in texts)


@st.composite
def policies(draw: st.DrawFn, indent: str, least: int) -> str:
    parts = []
    if least or draw(st.booleans()):
        parts.append(draw(lists("allow_origins", draw(some(ORIGINS, 1)), indent)))
    if draw(st.booleans()):
        parts.append(draw(lists("allow_methods", draw(some(METHODS)), indent)))
    if draw(st.booleans()):
        parts.append(draw(lists("allow_headers", draw(some(HEADERS)), indent)))
    if draw(st.booleans()):
        parts.append(draw(lists("expose_headers", draw(some(["ETag", "*"])), indent)))
    if draw(st.booleans()):
        parts.append(f"{indent}allow_credentials: {draw(st.sampled_from(['true', 'off']))} # c\n")
    return "".join(draw(st.permutations(parts)))


@st.composite
def tables(draw: st.DrawFn) -> str:
    own = draw(policies("      ", 0))
    own = f"    cors:\n{own}" if own else draw(st.sampled_from(["", "    cors: {}\n"]))
    top = "cors:\n" + draw(policies("  ", 1))
    routes = f"routes:\n  # first\n  - upstream: http://a:1\n{own}"
    parts = draw(st.permutations([top, routes, "\n", "# ü\nlisten: 127.0.0.1:8080\n"]))
    text = "".join(parts)
    text = text if draw(st.booleans()) else text.rstrip("\n")
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


REQUESTS = st.tuples(
    st.sampled_from(PAGES),
    st.sampled_from(["GET", "POST", "put", "DELETE", "PROPFIND", "M-SEARCH"]),
    some(SENT),
    st.booleans(),
    some(["X-Total-Count", "ETag", "Content-Type"]),
)


def applied(text: str, diff: str) -> str:
    """Apply a unified diff as `patch` would, and as strictly."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    made: list[str] = []
    done = 0
    for hunk in re.split(r"^@@ ", diff, flags=re.MULTILINE)[1:]:
        head, _, body = hunk.partition("\n")
        start = int(re.match(r"-(\d+)", head)[1]) - 1
        made += lines[done:start]
        done = start
        body = body.replace("\n\\ No newline at end of file\n", "\0")
        for marked in re.findall(r"[^\n\0]*[\n\0]", body):
            line = marked.rstrip("\0")
            if line[0] in " -":
                assert lines[done] == line[1:]
                done += 1
            if line[0] in " +":
                made.append(line[1:])
    return "".join(made + lines[done:])


@settings(deadline=None, max_examples=80)
@given(tables(), REQUESTS)
def test_the_edit_it_shows_makes_it_say_yes(text, request):
    origin, method, headers, credentials, reads = request
    args = ["explain", "/x", "--origin", origin, "--method", method]
    args += [part for header in headers for part in ("--header", header)]
    args += [part for name in reads for part in ("--read", name)]
    args += ["--credentials"] if credentials else []
    with TemporaryDirectory() as folder:
        file = Path(folder, "corsproxy.yaml")
        file.write_bytes(text.encode())
        command = [*args, "-c", os.fspath(file)]
        first = CliRunner().invoke(main, command)
        assume(first.exit_code != 2)
        if first.exit_code == 0:
            return
        assert first.exit_code == 3, first.output
        diff = first.stdout_bytes.decode().partition("allows it:\n\n")[2]
        diff = re.sub(r"^It takes on a danger.*\n", "", diff, flags=re.MULTILINE)
        amended = applied(text, diff)
        file.write_bytes(amended.encode())
        again = CliRunner().invoke(main, command)
        assert again.exit_code == 0, again.output
        assert [line for line in re.findall("#.*", text) if line not in amended] == []
        assert load_text(amended, "t", {}).listen == load_text(text, "t", {}).listen
