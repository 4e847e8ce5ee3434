"""An exchange as one line: bounded, printable, without secrets (R90)."""

import asyncio
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsproxy.core.exchange import Exchange
from corsproxy.core.verdicts import Reason, Refusal, Verdict
from corsproxy.observe.access_log import AccessLog, masked, structured, text

REFUSED = Verdict(refusal=Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://evil.example", "by the port"))
REPORTED = Verdict(reported=Refusal(Reason.ORIGIN_NULL, "null", "a near miss"))


def exchange(**known: object) -> Exchange:
    made = Exchange(
        method="GET", target="/a?b=c", client="127.0.0.1", status=200, sent=12, received=3,
        started=1.0, finished=1.0123,
    )  # fmt: skip
    for name, value in known.items():
        setattr(made, name, value)
    return made


LINES = {
    "a request without Origin": (
        exchange(route="api"),
        '127.0.0.1 "GET /a?b=c" 200 12B 12.3ms route=api',
    ),
    "a page that may": (
        exchange(route="api", origin="http://a", verdict=Verdict()),
        '127.0.0.1 "GET /a?b=c" 200 12B 12.3ms route=api origin=http://a cors=allowed',
    ),
    "a page that may not": (
        exchange(route="api", origin="https://evil.example", verdict=REFUSED, preflight=True),
        (
            '127.0.0.1 "GET /a?b=c" 200 12B 12.3ms route=api origin=https://evil.example '
            "cors=refused:origin_not_allowed https://evil.example (by the port) preflight"
        ),
    ),
    "a page on the proxy's own origin": (
        exchange(route="api", origin="https://evil.example", verdict=REFUSED, same_origin=True),
        (
            '127.0.0.1 "GET /a?b=c" 200 12B 12.3ms route=api origin=https://evil.example '
            "cors=same-origin"
        ),
    ),
    "a page that may for now": (
        exchange(route="api", origin="null", verdict=REPORTED),
        (
            '127.0.0.1 "GET /a?b=c" 200 12B 12.3ms route=api origin=null '
            "cors=reported:origin_null null (a near miss)"
        ),
    ),
    "a fault": (
        exchange(status=502, error="connection_refused", detail="http://a: Connection refused"),
        (
            '127.0.0.1 "GET /a?b=c" 502 12B 12.3ms error=connection_refused '
            "'http://a: Connection refused'"
        ),
    ),
    "what was no request": (
        Exchange(client="unix", status=400, error="http_request_error"),
        'unix "- -" 400 0B 0.0ms error=http_request_error',
    ),
    "an Origin that would forge a line": (
        exchange(origin="a\r\nb\x1b[31m", verdict=Verdict()),
        r'127.0.0.1 "GET /a?b=c" 200 12B 12.3ms origin=a\r\nb\x1b[31m cors=allowed',
    ),
    "a detail that would forge a line": (
        exchange(error="x", detail="a\nb"),
        "127.0.0.1 \"GET /a?b=c\" 200 12B 12.3ms error=x 'a\\nb'",
    ),
}


@pytest.mark.parametrize(("made", "line"), LINES.values(), ids=LINES)
def test_a_line_for_people(made: Exchange, line: str):
    assert text(made) == line


def test_a_culprit_cannot_forge_a_line():
    refusal = Refusal(Reason.ORIGIN_MALFORMED, "a\r\n127.0.0.1 \x1b[2J\u2028\udce9")
    made = exchange(origin="a", verdict=Verdict(refusal=refusal))
    line = text(made)
    assert line.isascii()
    assert line.isprintable()


def test_a_line_for_machines():
    made = exchange(route="api", origin="https://evil.example", verdict=REFUSED, error="x")
    assert json.loads(structured(made)) == {
        "client": "127.0.0.1",
        "method": "GET",
        "target": "/a?b=c",
        "status": 200,
        "received": 3,
        "sent": 12,
        "ms": 12.3,
        "route": "api",
        "origin": "https://evil.example",
        "cors": "refused:origin_not_allowed https://evil.example",
        "reason": "origin_not_allowed",
        "culprit": "https://evil.example",
        "near_miss": "by the port",
        "preflight": False,
        "error": "x",
        "detail": None,
    }


def test_what_is_only_reported_has_its_reason_too():
    line = json.loads(structured(exchange(origin="null", verdict=REPORTED)))
    told = {key: line[key] for key in ("cors", "reason", "culprit", "near_miss")}
    assert told == {
        "cors": "reported:origin_null null",
        "reason": "origin_null",
        "culprit": "null",
        "near_miss": "a near miss",
    }


def test_a_line_for_machines_is_one_line_whatever_is_in_it():
    made = exchange(origin="a\r\nb\udce9", target="/\udce9\n", detail="\u2028", verdict=Verdict())
    line = structured(made)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["origin"] == "a\r\nb\udce9"


TARGETS = {
    "nothing secret": ("/a?page=2&sort=name", "/a?page=2&sort=name"),
    "a token": ("/a?token=abc&x=1", "/a?token=***&x=1"),
    "a token behind": ("/a?x=1&access_token=abc", "/a?x=1&access_token=***"),
    "a token in any letter case": ("/a?Access_Token=abc", "/a?Access_Token=***"),
    "a password": ("/a?user=me&password=p", "/a?user=me&password=***"),
    "a signed address": ("/a?X-Amz-Signature=abc&y=2", "/a?X-Amz-Signature=***&y=2"),
    "keys": ("/?api_key=1&apikey=2&key=3", "/?api_key=***&apikey=***&key=***"),
    "codes": ("/?sig=4&code=5", "/?sig=***&code=***"),
    "semicolons": ("/a?x=1;token=abc;y=2", "/a?x=1;token=***;y=2"),
    "a page called token": ("/token/abc", "/token/abc"),
    "octets beyond ASCII": ("/caf\udce9", r"/caf\udce9"),
    "controls": ("/a\r\n\x1b[31m", r"/a\r\n\x1b[31m"),
}  # fmt: skip


# R90
@pytest.mark.parametrize(("target", "shown"), TARGETS.values(), ids=TARGETS)
def test_a_target_in_a_log(target: str, shown: str):
    assert masked(target) == shown


def test_a_long_target_is_cut_before_its_secrets_are():
    assert masked("/" + "a" * 5000) == "/" + "a" * 2047
    assert masked("/" + "a" * 2030 + "?token=" + "s" * 5000) == "/" + "a" * 2030 + "?token=***"


# R90
@pytest.mark.parametrize("form", ["text", "json"])
def test_each_exchange_is_one_line_at_once(form: str):
    out = io.StringIO()
    log = AccessLog(form, out)
    for target in ("/1", "/2"):
        log.report(exchange(target=target))
    write = structured if form == "json" else text
    assert out.getvalue() == "".join(write(exchange(target=t)) + "\n" for t in ("/1", "/2"))


class Counted(io.StringIO):
    flushes = 0

    def flush(self) -> None:
        self.flushes += 1


async def test_the_lines_of_one_turn_of_the_loop_are_written_together():
    out = Counted()
    log = AccessLog("text", out)
    for target in ("/1", "/2"):
        log.report(exchange(target=target))
    await asyncio.sleep(0)
    log.report(exchange(target="/3"))
    assert (out.getvalue().count("\n"), out.flushes) == (2, 1)
    await asyncio.sleep(0)
    assert [line.split()[2] for line in out.getvalue().splitlines()] == ['/1"', '/2"', '/3"']


class Broken(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError


# R91
def test_a_log_that_nobody_reads_ends_nothing():
    AccessLog("text", Broken()).report(exchange())
    closed = io.StringIO()
    closed.close()
    AccessLog("text", closed).report(exchange())


def plain_text(made: Exchange) -> str:
    """Write the line part by part: what `text` must come to."""
    refusal = made.refusal if made.origin is not None else None
    parts = [
        made.client,
        f'"{made.method} {masked(made.target)}"',
        str(made.status),
        f"{made.sent}B",
        f"{(made.finished - made.started) * 1000:.1f}ms",
        f"route={made.route}" if made.route is not None else "",
        f"origin={ascii(made.origin)[1:-1]}" if made.origin is not None else "",
        f"cors={ascii(made.cors)[1:-1]}" if made.origin is not None else "",
        f"({ascii(refusal.near_miss)[1:-1]})" if refusal and refusal.near_miss else "",
        "preflight" if made.preflight else "",
        f"error={made.error}" if made.error is not None else "",
        ascii(made.detail) if made.detail else "",
    ]
    return " ".join(filter(None, parts))


def plain_json(made: Exchange) -> str:
    """Let the json module write the object: what `structured` must come to."""
    refusal = made.refusal
    return json.dumps(
        {
            **{name: getattr(made, name) for name in ("client", "method")},
            "target": masked(made.target),
            "status": made.status,
            "received": made.received,
            "sent": made.sent,
            "ms": round((made.finished - made.started) * 1000, 3),
            **{name: getattr(made, name) for name in ("route", "origin", "cors")},
            "reason": refusal.reason.value if refusal else None,
            "culprit": refusal.culprit if refusal else None,
            "near_miss": refusal.near_miss if refusal else None,
            "preflight": made.preflight,
            "error": made.error,
            "detail": made.detail,
        }
    )


WORDS = st.text(st.characters(codec=None), max_size=12) | st.text(min_size=250, max_size=260)
VERDICTS = st.sampled_from([None, Verdict(), REFUSED]) | st.builds(
    lambda culprit: Verdict(refusal=Refusal(Reason.ORIGIN_MALFORMED, culprit)), WORDS
)


@given(
    st.builds(
        exchange,
        target=WORDS, route=st.none() | WORDS, origin=st.none() | WORDS, verdict=VERDICTS,
        preflight=st.booleans(), error=st.none() | st.just("dns_error"), detail=st.none() | WORDS,
        finished=st.floats(1.0, 1e6), sent=st.integers(0, 1 << 50),
    )
)  # fmt: skip
def test_the_quick_ways_write_what_the_plain_ones_do(made: Exchange):
    assert text(made) == plain_text(made)
    assert structured(made) == plain_json(made)
