"""Whose address `corsproxy explain` is asked about: the proxy's, an upstream's, or nobody's."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import pytest

TABLE = """\
listen: {listen}
cors: {{allow_origins: ["http://localhost:3001"]}}
routes:
  - {{path: /api, upstream: "http://localhost:8000"}}
  - {{path: /v1, upstream: "http://users.internal", strip_prefix: true}}
  - {{path: /old, upstream: "https://old.example/base"}}
  - {{path: /, host: app.example, upstream: "http://localhost:8000"}}
  - {{path: /, host: both.example, upstream: "http://both.example"}}
"""
LOCAL, ALL = "127.0.0.1:8080", "0.0.0.0:8080"
UPSTREAMS = {
    "an upstream": (
        LOCAL, "http://localhost:8000/api/users?a=b", "http://127.0.0.1:8080/api/users?a=b"),
    "by its address": (
        LOCAL, "http://127.0.0.1:8000/api", "http://127.0.0.1:8080/api"),
    "behind a prefix that the proxy takes off": (
        LOCAL, "http://users.internal/users", "http://127.0.0.1:8080/v1/users"),
    "what no route asks it for": (
        LOCAL, "https://old.example/else", "http://127.0.0.1:8080/else"),
    "under a path of its own": (
        LOCAL, "https://old.example/base/old/a", "http://127.0.0.1:8080/old/a"),
    "with listeners on every interface": (
        ALL, "http://localhost:8000/api", "http://localhost:8080/api"),
}  # fmt: skip


@pytest.mark.parametrize(("listen", "url", "instead"), UPSTREAMS.values(), ids=UPSTREAMS)
def test_the_upstream_itself(cli, folder, listen, url, instead):
    (folder / "corsproxy.yaml").write_text(TABLE.format(listen=listen), encoding="utf-8")
    status, out, err = cli("explain", url, "--origin", "http://localhost:3001")
    server = "/".join(url.split("/")[:3])
    said = f"Refused: {server} is the upstream itself, not the proxy: let the page call {instead}\n"
    assert (status, out, err) == (3, said, "")


NOTES = {
    "the listener": (LOCAL, "http://127.0.0.1:8080/api", False),
    "the listener by another name": (LOCAL, "http://localhost:8080/api", False),
    "another port": (LOCAL, "http://localhost:8081/api", True),
    "another host": (LOCAL, "http://proxy.example:8080/api", True),
    "another host with every interface": (ALL, "http://proxy.example:8080/api", False),
    "another port with every interface": (ALL, "http://proxy.example/api", True),
    "a route's host": (LOCAL, "https://app.example/api", False),
    "a route's host that is its upstream's": (LOCAL, "http://both.example/api", False),
    "a unix socket, behind who knows what": ("unix:/run/c.sock", "http://proxy.example/api", False),
    "any free port": ("127.0.0.1:0", "http://localhost:5000/api", False),
}


@pytest.mark.parametrize(("listen", "url", "noted"), NOTES.values(), ids=NOTES)
def test_where_nothing_listens(cli, folder, listen, url, noted):
    (folder / "corsproxy.yaml").write_text(TABLE.format(listen=listen), encoding="utf-8")
    status, out, _ = cli("explain", url, "--origin", "http://localhost:3001")
    server = "/".join(url.split("/")[:3])
    note = f"\n\nnote: nothing of this file listens at {server}; is a proxy before it there?\n"
    assert (status, out.endswith(note)) == (0, noted)
    assert ("note:" in out) is noted
