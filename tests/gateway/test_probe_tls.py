"""Upstreams that are asked over TLS, or should be: whose certificate is wrong, and how."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from corsproxy.core.cors import CorsPolicy
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.messages import Client
from corsproxy.core.origins import compile_origins
from corsproxy.core.probing import Answer, Answers, CertificateFault, Probe, Trouble
from corsproxy.core.routes import Route
from corsproxy.core.upstreams import Address, Upstream, UpstreamTls
from corsproxy.gateway.probe import Prober
from corsproxy.gateway.upstream import Pools

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

State = Any
Start = Callable[..., Awaitable[Any]]
Play = Callable[..., Awaitable[None]]
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter

PATIENCE = 0.5
EMPTY = b" X\r\nContent-Length: 0\r\n\r\n"
AUTHORITY = trustme.CA()
T, C = ProxyErrorType, CertificateFault


def probe(address: Address, origin: str = "http://localhost:3001") -> Probe:
    policy = CorsPolicy(origins=compile_origins([origin]))
    route = Route(name="a", upstream=Upstream(address), policy=policy)
    return Probe.of(route, None, Client("127.0.0.1"))


async def serving(state: State, reader: Reader, writer: Writer) -> None:
    await state.request(reader)
    writer.write(b"HTTP/1.1 200" + EMPTY)
    await reader.read()


GOOD = Answers(*[Answer(200, ((b"Content-Length", b"0"),))] * 3)


@pytest.fixture
def ca(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return str(path)


def context(*names: str, days: tuple[int, int] = (-1, 1)) -> ssl.SSLContext:
    """Return a server's context, its certificate valid between these days from now."""
    first, last = (datetime.now(UTC) + timedelta(days=day) for day in days)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names, not_before=first, not_after=last).configure_cert(made)
    return made


def self_signed(folder: Path) -> ssl.SSLContext:
    path, made = str(folder / "own.pem"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    alone = trustme.CA()
    alone.private_key_pem.write_to_path(path)
    alone.cert_pem.write_to_path(path, append=True)
    made.load_cert_chain(path)
    return made


async def test_one_whose_certificate_is_good(upstream: Start, pools: Pools, ca: str):
    before = await upstream(serving, context("127.0.0.1"))
    address = Address("127.0.0.1", before.port, UpstreamTls(ca=ca))
    assert await Prober(pools, PATIENCE).ask(probe(address)) == GOOD


FAULTS = {
    "an unknown authority": (["127.0.0.1"], (-1, 1), False, C.UNTRUSTED, ()),
    "a past one": (["127.0.0.1"], (-9, -1), True, C.EXPIRED, ()),
    "one of the future": (["127.0.0.1"], (1, 9), True, C.NOT_YET_VALID, ()),
    "another name": (["b.example", "10.0.0.5"], (-1, 1), True, C.WRONG_NAME,
                     ("b.example", "10.0.0.5")),
}  # fmt: skip


@pytest.mark.parametrize(("names", "days", "known", "fault", "told"), FAULTS.values(), ids=FAULTS)
async def test_one_whose_certificate_is_of(
    upstream: Start,
    pools: Pools,
    ca: str,
    names: list[str],
    days: tuple[int, int],
    known: bool,
    fault: C,
    told: tuple[str, ...],
):
    before = await upstream(serving, context(*names, days=days))
    tls = UpstreamTls(ca=ca) if known else UpstreamTls()
    got = await Prober(pools, PATIENCE).ask(probe(Address("127.0.0.1", before.port, tls)))
    assert isinstance(got, Trouble)
    assert (got.kind, got.fault, set(got.names), got.speaks) == (
        T.TLS_CERTIFICATE_ERROR,
        fault,
        set(told),
        None,
    )
    assert before.heads == []


async def test_one_that_signed_its_certificate_itself(
    upstream: Start, pools: Pools, tmp_path: Path
):
    before = await upstream(serving, self_signed(tmp_path))
    address = Address("127.0.0.1", before.port, UpstreamTls())
    got = await Prober(pools, PATIENCE).ask(probe(address))
    assert isinstance(got, Trouble)
    assert got.fault is C.SELF_SIGNED


async def complaining(_state: State, reader: Reader, writer: Writer) -> None:
    """Answer what is no request as Go's and nginx's servers do."""
    data = await reader.read(65536)
    writer.write(b"HTTP/1.1 %d" % (200 if data.startswith(b"HEAD") else 400) + EMPTY)
    await reader.read()


@pytest.mark.parametrize("script", [complaining, serving], ids=["it complains", "it waits"])
async def test_plain_http_where_tls_is_expected(upstream: Start, pools: Pools, script: Play):
    before = await upstream(script)
    address = Address("127.0.0.1", before.port, UpstreamTls())
    got = await Prober(pools, PATIENCE).ask(probe(address))
    assert isinstance(got, Trouble)
    assert got.speaks == "http"


async def test_nothing_that_a_route_sets_is_sent_in_clear_text(upstream: Start, pools: Pools):
    before = await upstream(serving)
    address = Address("127.0.0.1", before.port, UpstreamTls())
    await Prober(pools, PATIENCE).ask(probe(address))
    assert before.heads == [f"HEAD / HTTP/1.1\r\nHost: 127.0.0.1:{before.port}\r\n\r\n".encode()]


async def test_tls_where_plain_http_is_expected(upstream: Start, pools: Pools):
    before = await upstream(serving, context("other.example"))
    got = await Prober(pools, PATIENCE).ask(probe(Address("127.0.0.1", before.port)))
    assert isinstance(got, Trouble)
    assert got.speaks == "https"


async def test_nothing_at_all_where_tls_is_expected(upstream: Start, pools: Pools):
    async def silent(_state: State, reader: Reader, _writer: Writer) -> None:
        await reader.read()

    before = await upstream(silent)
    address = Address("127.0.0.1", before.port, UpstreamTls())
    got = await Prober(pools, PATIENCE).ask(probe(address))
    assert got == Trouble(T.CONNECTION_TIMEOUT, "within 0.5 s")


async def test_tls_where_plain_http_is_answered_400(proxy: Start, pools: Pools, tmp_path: Path):
    leaf, cert, key = AUTHORITY.issue_cert("a.example"), tmp_path / "c.pem", tmp_path / "k.pem"
    leaf.cert_chain_pems[0].write_to_path(str(cert))
    leaf.private_key_pem.write_to_path(str(key))
    tls = {"cert": str(cert), "key": str(key)}
    itself = await proxy("http://127.0.0.1:9", top={"tls": tls})
    got = await Prober(pools, PATIENCE).ask(probe(Address("127.0.0.1", itself.port)))
    assert got == Trouble(T.HTTP_PROTOCOL_ERROR, speaks="https")
