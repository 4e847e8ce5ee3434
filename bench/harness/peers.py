"""Who is measured: each proxy with the same features on, by its configuration in `peers/`."""

import contextlib
import http.client
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.processes import LOAD_CORE, PROXY_CORE, BenchError, Server, free_port, running

PEERS = Path(__file__).parent.parent / "peers"
ORIGIN = "http://localhost:3001"
OURS = "corsproxy"
PATHS = {"/small": 50, "/10k": 10 * 1024, "/1m": 1024 * 1024}
_NODE = "install Node.js, then: make bench (or npm install in bench/peers)"
_DEBIAN = "apt-get install nginx haproxy caddy wrk util-linux nodejs npm"


@dataclass(frozen=True, slots=True)
class Peer:
    """A proxy that can be started: its command, with {config}, {port} and {upstream} filled in."""

    name: str
    command: tuple[str, ...]
    config: str | None = None  # a file of peers/, where names in ${...} are filled in
    variables: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""  # what stands before the path, with {upstream} filled in
    credentials: bool = True  # whether it can allow them

    def path(self, path: str, upstream: str) -> str:
        """Return the path to ask this peer for."""
        return self.prefix.format(upstream=upstream) + path


CATALOGUE = {
    peer.name: peer
    for peer in (
        Peer(OURS, (sys.executable, "-m", "corsproxy", "run", "-c", str(PEERS / "corsproxy.yaml"))),
        Peer("nginx", ("nginx", "-e", "stderr", "-p", "{folder}", "-c", "{config}"), "nginx.conf"),
        Peer("caddy", ("caddy", "run", "--adapter", "caddyfile", "--config",
                       str(PEERS / "Caddyfile"))),
        Peer("express", ("node", str(PEERS / "express.cjs"))),
        Peer("cors-anywhere", ("node", str(PEERS / "cors-anywhere.cjs")),
             prefix="/http://{upstream}", credentials=False),
        Peer("cors-anywhere-kept", ("node", str(PEERS / "cors-anywhere.cjs")),
             variables={"KEEP": "1"}, prefix="/http://{upstream}", credentials=False),
        Peer("haproxy", ("haproxy", "-f", str(PEERS / "haproxy.cfg"))),
        Peer("textbook", (sys.executable, str(PEERS / "textbook.py"), "{port}",
                          "http://{upstream}")),
        Peer("textbook-uvloop", (sys.executable, str(PEERS / "textbook.py"), "{port}",
                                 "http://{upstream}", "uvloop")),
    )
}  # fmt: skip
UPSTREAM = Peer(
    "upstream", ("nginx", "-e", "stderr", "-p", "{folder}", "-c", "{config}"), "upstream.conf"
)


@dataclass(frozen=True, slots=True)
class Stand:
    """An upstream with proxies before it, all running."""

    folder: Path
    upstream: str
    servers: Mapping[str, Server]
    peers: Mapping[str, Peer]

    def url(self, name: str, path: str) -> str:
        """Return the URL that leads to `path` of the upstream through a proxy."""
        target = self.peers[name].path(path, self.upstream)
        return f"http://127.0.0.1:{self.servers[name].port}{target}"


@contextlib.contextmanager
def start(peer: Peer, upstream: str, folder: Path, which: int = PROXY_CORE) -> Iterator[Server]:
    """Run a proxy on its core; it may not listen yet."""
    port = free_port()
    given = {"port": str(port), "upstream": upstream, "folder": str(folder)}
    variables = {name.upper(): value for name, value in given.items()}
    variables |= {"NODE_ENV": "production", "HOME": str(folder), "PYTHONWARNINGS": "ignore"}
    variables |= {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), **peer.variables}
    if peer.config:
        made = folder / f"{port}-{peer.config}"
        made.write_text(filled(PEERS / peer.config, variables))
        given["config"] = str(made)
    command = [word.format_map(given) if "{" in word else word for word in peer.command]
    with running(which, command, port, folder, variables) as server:
        yield server


def filled(path: Path, variables: Mapping[str, str]) -> str:
    """Return a configuration with ${NAME} filled in; nginx's own $names are left to it."""
    return re.sub(r"\$\{([A-Z]+)\}", lambda found: variables[found[1]], path.read_text())


@contextlib.contextmanager
def standing(peers: Sequence[Peer], upstream: Peer = UPSTREAM) -> Iterator[Stand]:
    """Run the upstream and these proxies, and see that each of them listens."""
    require(upstream, *peers)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="corsproxy-bench-")))
        folder.chmod(0o755)  # nginx's worker is another user where root starts it
        (folder / "files").mkdir()
        for path, size in PATHS.items():
            (folder / "files" / path[1:]).write_bytes(b"0123456789abcdef" * (size // 16))
        source = stack.enter_context(start(upstream, "", folder, LOAD_CORE))
        source.wait()
        address = f"127.0.0.1:{source.port}"
        servers = {peer.name: stack.enter_context(start(peer, address, folder)) for peer in peers}
        for server in servers.values():
            server.wait()
        yield Stand(folder, address, servers, {peer.name: peer for peer in peers})


def require(*peers: Peer) -> None:
    """Raise `BenchError` where a program is missing."""
    for program in {"taskset", "wrk", *(peer.command[0] for peer in peers)}:
        if not shutil.which(program):
            raise BenchError(f"{program} is missing: {_DEBIAN}")
    needs_node = any(peer.command[0] == "node" for peer in peers)
    if needs_node and not (PEERS / "node_modules" / "express").is_dir():
        raise BenchError(f"the Node peers are not installed: {_NODE}")


def check(stand: Stand, name: str) -> None:
    """See that a proxy does what all are to do; raise `BenchError` if not."""
    for path, size in PATHS.items():
        status, fields, length = _ask(stand, name, "GET", path)
        _expect(name, path, (status, length) == (200, size), f"{status}, {length} octets")
        _expect(name, path, _allows(stand.peers[name], fields), f"{fields}")
    status, _, _ = _ask(stand, name, "POST", "/upload", b"x" * PATHS["/1m"])
    _expect(name, "/upload", status == 204, str(status))
    if stand.peers[name].credentials:
        status, fields, _ = _ask(stand, name, "OPTIONS", "/small")
        allowed = "PUT" in fields.get("access-control-allow-methods", "")
        _expect(name, "preflight", status == 204 and allowed, f"{status} {fields}")


def _allows(peer: Peer, fields: Mapping[str, str]) -> bool:
    allowed = fields.get("access-control-allow-origin") == (ORIGIN if peer.credentials else "*")
    credentials = fields.get("access-control-allow-credentials") == "true"
    return allowed and credentials == peer.credentials


def _expect(name: str, what: str, met: bool, got: str) -> None:
    if not met:
        raise BenchError(f"{name} answers {what} wrongly: {got}")


def _ask(
    stand: Stand, name: str, method: str, path: str, body: bytes | None = None
) -> tuple[int, dict[str, str], int]:
    connection = http.client.HTTPConnection("127.0.0.1", stand.servers[name].port, timeout=10)
    fields = {"Origin": ORIGIN}
    if method == "OPTIONS":
        fields["Access-Control-Request-Method"] = "PUT"
    with contextlib.closing(connection):
        connection.request(method, stand.peers[name].path(path, stand.upstream), body, fields)
        reply = connection.getresponse()
        got = {field.lower(): value for field, value in reply.getheaders()}
        return reply.status, got, len(reply.read())
