"""The benches can be run, and what they run is valid; nothing is timed here."""

import re
import subprocess
import sys
from pathlib import Path

import latency
import pytest
import run
import set_up
import tables
from harness import echo, peers, processes
from harness.turns import Options, chosen

from corsproxy.config.loader import load_text

BENCH = Path(__file__).parents[2] / "bench"
SCRIPTS = sorted(path.stem for path in BENCH.glob("*.py"))
VARIABLES = {"PORT": "8080", "UPSTREAM": "127.0.0.1:8000", "FOLDER": "/tmp/folder"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_tells_how_it_is_run(name: str):
    done = subprocess.run(
        [sys.executable, BENCH / f"{name}.py", "--help"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert done.stdout.startswith("usage:")
    assert "bench/" in done.stdout


def test_every_script_that_measures_is_run_by_make_bench():
    assert sorted([*run.BENCHES, "run", "set_up", "profiling"]) == SCRIPTS


def test_every_page_names_every_bench():
    text = (BENCH / "README.md").read_text()

    assert [name for name in run.BENCHES if f"`{name}.py`" not in text] == []


def test_our_own_configuration_is_good():
    config = load_text((BENCH / "peers" / "corsproxy.yaml").read_text(), "file", VARIABLES)

    assert config.warnings == ()
    assert config.log.access is False


def test_a_large_route_table_is_good():
    text = tables.table(["/r0", "/r1"], ["https://page0.example", "https://page1.example"])
    config = load_text(text, "file", VARIABLES)

    assert config.warnings == ()
    assert len(config.table.routes) == 2


def test_the_tables_differ_only_in_how_much_they_hold():
    made = tables.tables()

    assert [made[label].count("path:") for label in (tables.SMALL, tables.LARGE)] == [1, 1000]
    assert [made[label].count(".example") for label in (tables.SMALL, tables.LARGE)] == [1, 10000]
    assert all(tables.LAST in text for text in made.values())


@pytest.mark.parametrize("name", ["nginx.conf", "upstream.conf"])
def test_names_in_braces_are_filled_in_and_nginx_keeps_its_own(name: str):
    text = peers.filled(BENCH / "peers" / name, VARIABLES)

    assert "${" not in text
    assert "listen 127.0.0.1:8080" in text
    assert "/tmp/folder" in text


@pytest.mark.parametrize("peer", peers.CATALOGUE.values(), ids=peers.CATALOGUE)
def test_every_peer_has_its_files(peer: peers.Peer):
    named = [Path(word) for word in peer.command if word.startswith(str(peers.PEERS))]
    named += [peers.PEERS / peer.config] if peer.config else []

    assert [path.is_file() for path in named] == [True]


def test_the_node_peers_have_exact_versions():
    text = (BENCH / "peers" / "package.json").read_text()
    versions = re.findall(r'"[a-z-]+": "(\S+\d)"', text)

    assert len(versions) == 4
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
    assert set_up.PROGRAMS.keys() >= set(set_up.QUICK)


@pytest.mark.parametrize(
    ("top", "ours", "theirs", "called"),
    [
        pytest.param(
            8_000, 4_000, 4_000, "at half its top rate", id="a slower peer sets the pace"
        ),
        pytest.param(
            32_000, 16_000, 16_000, "at half its top rate", id="the most that is sustained"
        ),
        pytest.param(
            50_000, 10_000, 25_000, "each at half of its own",
            id="a peer too fast is measured at its own half",
        ),
    ],
)  # fmt: skip
def test_the_rate_at_which_latency_is_compared(top: int, ours: int, theirs: int, called: str):
    found = latency.paces("peer", {"corsproxy": 20_000, "peer": top})

    assert found == (latency.Pace("corsproxy", ours), latency.Pace("peer", theirs), called)


@pytest.mark.parametrize(
    ("rate", "lag", "connections", "pause"),
    [
        pytest.param(4_000, 0, 40, "10.000", id="ten milliseconds between"),
        pytest.param(4_000, 0.002, 40, "8.000", id="less what an answer takes"),
        pytest.param(100, 0, 8, "80.000", id="no fewer than eight connections"),
        pytest.param(50_000, 0.009, 256, "0.000", id="no more than 256, and no pause below none"),
    ],
)
def test_how_a_rate_is_kept(rate: int, lag: float, connections: int, pause: str):
    work = latency.Pace("corsproxy", rate).work(lag)

    assert (work.connections, work.words) == (connections, (f"pauses={pause}",))


def test_ours_is_measured_whoever_else_is():
    options = Options(peers=("caddy",))

    assert chosen(["corsproxy", "nginx", "caddy"], options) == ["corsproxy", "caddy"]


def test_a_handshake_is_answered():
    head = b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    assert echo.switching(head) == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"  # RFC 6455 §1.3
    )


def test_a_server_ends_with_its_block(tmp_path: Path):
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1"]
    port = processes.free_port()
    with processes.running(None, [*command, str(port)], port, tmp_path, {}) as own:
        own.wait()
        assert processes.tree(own.pid) == [own.pid]
        assert processes.resident(own.pid) > 1024**2
        assert processes.processor_times(own.pid).both > 0

    assert own.process.returncode is not None


def test_a_server_that_never_listens_is_told_of_with_what_it_said(tmp_path: Path):
    command = [sys.executable, "-c", "raise SystemExit('no ' + 'such thing')"]
    port = processes.free_port()
    with (
        processes.running(None, command, port, tmp_path, {}) as own,
        pytest.raises(processes.BenchError, match="no such thing"),
    ):
        own.wait()
