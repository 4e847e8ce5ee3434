"""Probes behind what serves: each once, after a while of patience, with the place in the file."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import asyncio
import socket
import ssl

import pytest
import trustme

from corsproxy.cli.probes import Probing, probe_now, probes, show, tell
from corsproxy.config.loader import load_text
from corsproxy.config.problems import Problem
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.limits import Limits
from corsproxy.core.probing import Answer, Answers, Trouble
from corsproxy.gateway.probe import Prober
from corsproxy.gateway.upstream import Pools

PAGE = "http://localhost:3001"
OK = Answer(200)


def table(*upstreams: str, more: str = "") -> str:
    routes = "".join(
        f"- {{path: /r{i}, upstream: '{url}'{more}}}\n" for i, url in enumerate(upstreams)
    )
    return f"cors: {{allow_origins: ['{PAGE}']}}\nroutes:\n{routes}"


def config(*upstreams: str, more: str = ""):
    return load_text(table(*upstreams, more=more), "t.yaml", {})


REFUSED = Trouble(ProxyErrorType.CONNECTION_REFUSED, "", "is the upstream up?")
NOT_REACHABLE = "not reachable, for it refuses connections; is the upstream up?"
FOREIGN = (
    f"it answers 403 to a page of {PAGE}, and 200 without an Origin; it refuses foreign origins"
)
SET = 'request_headers: {set: {Origin: "http://a"}} on the route'
OUTCOMES = {
    "one that is not there": (REFUSED, NOT_REACHABLE, None, "error"),
    "one that refuses pages": (Answers(OK, Answer(403), OK), FOREIGN, SET, "warning"),
}


@pytest.mark.parametrize(("outcome", "what", "write", "level"), OUTCOMES.values(), ids=OUTCOMES)
@pytest.mark.parametrize(
    ("others", "same"),
    [(0, ""), (1, " (the same holds for routes[1])"), (2, " (the same holds for 2 more routes)")],
)
def test_what_holds_for_several_routes_is_said_once(outcome, what, write, level, others, same):
    loaded = config(*["http://a"] * (1 + others))
    ((probe, routes),) = probes(loaded).items()
    assert tell(loaded, probe, routes, outcome).problems == (
        Problem("t.yaml", what + same, "routes[0].upstream", "http://a", write, 3, 25, level),
    )


def test_an_upstream_that_answers_well():
    loaded = config("http://a", "http://b", "http://a")
    (_, (probe, routes)) = probes(loaded).items()
    probed = tell(loaded, probe, routes, Answers(OK, OK, OK, "GET"))
    well = Problem("t.yaml", "GET is answered with 200", "routes[1].upstream", "http://b",
                   None, 4, 25, "info")  # fmt: skip
    assert (probed.problems, probed.well, probed.usable) == ((), well, True)


def test_over_tls_upstreams_are_told_so():
    loaded = load_text("tls: self_signed\n" + table("http://a"), "t.yaml", {})
    (probe,) = probes(loaded)
    assert b"\r\nX-Forwarded-Proto: https\r\n" in probe.plain(b"HEAD")


def test_an_upstream_in_a_mapping_is_named_where_its_url_is():
    text = table("http://a").replace("'http://a'", "{url: 'http://a'}")
    assert load_text(text, "t.yaml", {}).upstream_places[0] == (3, 31)


@pytest.mark.parametrize(("level", "word"), [("error", "warning"), ("warning", "warning"),
                                             ("info", "info")])  # fmt: skip
def test_at_the_start_nothing_is_more_than_a_warning(capsys, level, word):
    show(Problem("t.yaml", "it is so", "routes[0].upstream", "http://a", None, 3, 24, level))
    expected = f'{word}: t.yaml:3:24: routes[0].upstream: "http://a": it is so\n'
    assert capsys.readouterr() == ("", expected)


async def test_all_are_probed_at_once(upstream):
    good, bad = upstream(), upstream(FOREIGN=403)
    probed = await probe_now(config(good.url, bad.url))
    assert [(one.well is not None, len(one.problems)) for one in probed] == [(True, 0), (False, 1)]
    assert (good.methods, bad.methods) == (["HEAD", "HEAD", "OPTIONS"],) * 2


# Behind what serves.


class Counting(Prober):
    """A prober that counts how often it is asked, and then does something."""

    def __init__(self, pools) -> None:
        super().__init__(pools)
        self.asked = 0
        self.then = lambda: None

    async def ask(self, probe):
        outcome = await super().ask(probe)
        self.asked += 1
        self.then()
        return outcome


@pytest.fixture
async def behind():
    """Probe as a proxy does that serves: what it asks with, what it told, and itself."""
    pools, told = Pools(Limits()), []
    prober = Counting(pools)
    probing = Probing(prober, told.append, (0, 0, 0))
    yield prober, told, probing
    await probing.stop()
    async with asyncio.timeout(10):
        while pools.size or len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 others' state
            await asyncio.sleep(0)


async def done(probing):
    async with asyncio.timeout(20):
        await asyncio.gather(*probing._tasks.values())


@pytest.fixture
def closed():
    """A port on which nobody listens yet."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound


def url(bound):
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


async def test_one_that_is_not_there_is_waited_for_and_told_of_once(behind, closed):
    prober, told, probing = behind
    probing.apply(config(url(closed)))
    await done(probing)
    assert (prober.asked, [problem.path for problem in told]) == (4, ["routes[0].upstream"])
    probing.apply(config(url(closed), url(closed)))
    await done(probing)
    assert (prober.asked, len(told)) == (4, 1)


async def test_one_that_comes_up_meanwhile_is_not_told_of(behind, closed, upstream):
    prober, told, probing = behind
    started = []

    def start() -> None:
        if not started:
            started.append(upstream(port=closed.getsockname()[1]))

    prober.then = start
    probing.apply(config(url(closed)))
    await done(probing)
    assert (prober.asked, told, started[0].methods) == (2, [], ["HEAD", "HEAD", "OPTIONS"])


async def test_a_certificate_does_not_become_good_by_waiting(behind):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    prober, told, probing = behind
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        probing.apply(config(url(server.sockets[0]).replace("http", "https")))
        await done(probing)
    assert (prober.asked, len(told)) == (1, 1)


async def test_what_is_found_at_once_is_told_at_once(behind, upstream):
    prober, told, probing = behind
    probing.apply(config(upstream(FOREIGN=403).url))
    await done(probing)
    assert (prober.asked, len(told)) == (1, 1)


async def test_after_a_reload_only_what_is_new_is_probed(behind, upstream):
    _, told, probing = behind
    old, new = upstream(FOREIGN=403), upstream(FOREIGN=403)
    probing.apply(config(old.url))
    await done(probing)
    probing.apply(config(new.url, old.url))
    await done(probing)
    assert (len(old.methods), len(new.methods)) == (3, 3)
    assert [problem.value for problem in told] == [old.url, new.url]


async def test_what_a_reload_took_away_is_probed_again_when_it_comes_back(behind, upstream):
    _, told, probing = behind
    old, other = upstream(FOREIGN=403), upstream()
    for one in (old, other, old):
        probing.apply(config(one.url))
        await done(probing)
    assert (len(old.methods), [problem.value for problem in told]) == (6, [old.url] * 2)


async def test_what_a_reload_took_away_meanwhile_is_not_told_of(behind, upstream):
    _, told, probing = behind
    held, other = upstream(FOREIGN=403), upstream()
    held.go_on.clear()
    probing.apply(config(held.url))
    await asyncio.to_thread(held.asked.wait, 20)
    probing.apply(config(other.url))
    await done(probing)
    held.go_on.set()
    assert told == []


async def test_the_place_is_that_of_the_table_that_is_served(behind, upstream):
    _, told, probing = behind
    held = upstream(FOREIGN=403)
    held.go_on.clear()
    probing.apply(config(held.url))
    probing.apply(config(upstream().url, held.url))
    await asyncio.to_thread(held.asked.wait, 20)
    held.go_on.set()
    async with asyncio.timeout(20):
        while not told:  # noqa: ASYNC110 it is another's state
            await asyncio.sleep(0)
    assert [(problem.path, problem.line) for problem in told] == [("routes[1].upstream", 4)]


async def test_nothing_is_left_where_it_ends_while_it_waits(behind, upstream):
    _, told, probing = behind
    held = upstream()
    held.go_on.clear()
    probing.apply(config(held.url))
    await asyncio.to_thread(held.asked.wait, 20)
    await probing.stop()
    assert told == []


async def test_a_bug_is_logged_and_ends_nothing_else(behind, upstream, caplog):
    prober, _, probing = behind

    def fail() -> None:
        prober.then = lambda: None
        raise RuntimeError

    prober.then = fail
    probing.apply(config(upstream().url))
    await done(probing)
    assert [record.message[:36] for record in caplog.records] == [
        "a bug in corsproxy, at the probe of "
    ]
