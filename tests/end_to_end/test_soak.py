"""A short soak; and a proxy that is broken on purpose is found, whatever is broken in it."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOAK, PROXY = HERE / "soak.py", HERE / "soaking" / "proxy.py"

BREAKING = """
import asyncio, os, runpy, sys
from corsproxy.core.errors import GatewayError, ProxyErrorType
from corsproxy.gateway import handler, parser, relay, upstream, wire
count = 0
def sometimes():
    global count
    count += 1
    return count % 50 == 0
{sabotage}
runpy.run_path({proxy!r}, run_name="__main__")
"""

LEFTOVERS = """
take, left = upstream.Pools.take, []
def leave(self, address):
    left.append(os.urandom(100_000))
    if sometimes():
        left.append(asyncio.ensure_future(asyncio.sleep(1000)))
        left.append(os.dup(0))
        os.write(2, b"a bug in corsproxy")
    return take(self, address)
upstream.Pools.take = leave
sys.exit = lambda *_: os._exit(3)
"""
A_CONNECTION = """
release = upstream.Pools.release
def keep(self, address, connection, *, in_step=True):
    if in_step and connection.reusable and sometimes():
        connection.rest()
    else:
        release(self, address, connection, in_step=in_step)
upstream.Pools.release = keep
"""
AN_OCTET = """
take = wire.Connection.take
def flip(self):
    data = take(self)
    return data[:-1] + bytes([data[-1] ^ 1]) if data and sometimes() else data
wire.Connection.take = flip
"""
AN_UPLOADED_OCTET = """
write = wire.Connection.write
def flip(self, data):
    write(self, data[:100] + b"!" + data[101:] if len(data) > 1000 and sometimes() else data)
wire.Connection.write = flip
"""
THE_END = """
def end_cleanly(self, error):
    self.complete = True
parser.ReplyParser.feed_eof = end_cleanly
"""
A_FIELD = """
to_client = relay.to_client
def add(*args):
    head = to_client(*args)
    return head[:-2] + b"Access-Control-Allow-Origin: *\\r\\n\\r\\n" if sometimes() else head
relay.to_client = add
"""
A_REPEAT = """
def may_retry(error, visit, connection, upload):
    return upload.ready is not None and not visit.answer.started
handler._may_retry = may_retry
"""
A_CUT = """
content = wire.Connection.content
async def cut(self):
    if sometimes():
        raise GatewayError(ProxyErrorType.HTTP_RESPONSE_INCOMPLETE)
    await content(self)
wire.Connection.content = cut
"""


def soak(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SOAK, *args]
    text = list(map(str, command))
    return subprocess.run(text, capture_output=True, text=True, timeout=100, check=False)


def test_nothing_is_lost_altered_or_leaked():
    done = soak("--seconds", 8)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    ends = [line.split() for line in done.stdout.splitlines()[-3:]]
    assert ends == [["lost", "0"], ["altered", "0"], ["leaked", "0"]]


@pytest.mark.parametrize(
    ("sabotage", "found"),
    [
        pytest.param(AN_OCTET, ["Altered in"], id="an octet of an answer is altered"),
        pytest.param(AN_UPLOADED_OCTET, ["Altered"], id="an octet of a request is altered"),
        pytest.param(A_FIELD, ["Access-Control-Allow-Origin"], id="a field is there twice"),
        pytest.param(THE_END, ["whole"], id="what was cut looks whole"),
        pytest.param(A_CUT, ["Lost in"], id="what was whole is cut"),
        pytest.param(A_REPEAT, ["was asked 2 times"], id="what may not be repeated is"),
        pytest.param(A_CONNECTION, ["upstream connections"], id="connections are left behind"),
        pytest.param(
            LEFTOVERS,
            ["tasks", "descriptors", "memory grew by", "on standard error", "exits with 3"],
            id="all else is left behind",
        ),
    ],
)
def test_a_broken_proxy_is_found(tmp_path: Path, sabotage: str, found: list[str]):
    broken = tmp_path / "broken.py"
    broken.write_text(BREAKING.format(sabotage=sabotage, proxy=str(PROXY)))
    done = soak("--seconds", 2, "--connections", 12, "--seed", 1, "--proxy", broken)
    assert done.returncode == 1, done.stdout
    assert "findings, of which the first" in done.stderr
    assert [what for what in found if what not in done.stderr] == [], done.stderr
