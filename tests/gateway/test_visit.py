"""A visit: what is sent, octet for octet, in which order, and where it ends."""

# ruff: noqa: ANN001, ANN202, ARG005 the fixtures are typed where they are made, in conftest.py
import asyncio

import pytest

from corsproxy.core.browser import PageRequest
from corsproxy.core.diagnosis import Answer, Part
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.local_network import Space
from corsproxy.gateway.visit import MOST_CONTENT, Manner, visit

PAGE = b"http://localhost:3001"
YES = (
    "Access-Control-Allow-Origin: *",
    "Access-Control-Allow-Methods: *",
    "Access-Control-Allow-Headers: *, authorization",
)
MANNER = Manner(timeout=5)


def asking(url, method=b"GET", headers=(), origin=PAGE, *, credentials=False):
    request = PageRequest.from_script(origin, url, method, headers, credentials=credentials)
    assert isinstance(request, PageRequest)
    return request


async def test_what_is_sent_is_what_a_browser_sends(serves):
    server = serves(lambda asked: serves.reply(200, *YES))
    headers = [(b"X-B", b"1"), (b"x-a", b"2"), (b"Accept", b"text/html")]
    diagnosis = await visit(asking(f"{server.url}/a%20b?c=d#e", b"PUT", headers), MANNER)
    assert diagnosis.allowed
    host = f"Host: 127.0.0.1:{server.server_address[1]}\r\n".encode()
    end = b"User-Agent: Mozilla/5.0 (compatible; corsproxy)\r\nConnection: close\r\n\r\n"
    assert [asked.head for asked in server.asked[:2]] == [
        b"OPTIONS /a%20b?c=d HTTP/1.1\r\n" + host + b"Accept: */*\r\n"
        b"Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a,x-b\r\n"
        b"Origin: http://localhost:3001\r\n" + end,
        b"PUT /a%20b?c=d HTTP/1.1\r\n" + host + b"X-B: 1\r\nx-a: 2\r\nAccept: text/html\r\n"
        b"Origin: http://localhost:3001\r\nContent-Length: 0\r\n" + end,
    ]


async def test_the_same_is_asked_as_others_would(serves):
    server = serves(lambda asked: serves.reply(200, *YES))
    diagnosis = await visit(asking(f"{server.url}/a/"), MANNER)
    assert [probe.part for probe in diagnosis.probes] == [
        Part.OTHER_ORIGIN, Part.NO_ORIGIN, Part.ERROR,
    ]  # fmt: skip
    assert [(asked.path, asked.origin) for asked in server.asked] == [
        ("/a/", PAGE.decode()),
        ("/a/", "https://another.invalid"),
        ("/a/", ""),
        ("/a/corsproxy-diagnose-no-such-page", PAGE.decode()),
    ]


@pytest.mark.parametrize("method", [b"POST", b"DELETE"])
async def test_what_changes_something_is_sent_once(serves, method):
    server = serves(lambda asked: serves.reply(200, *YES))
    assert (await visit(asking(server.url, method), MANNER)).allowed
    assert server.seen.count(f"{method.decode()} /") == 1


async def test_what_was_asked_for_at_first_alone_is_not_sent_again_unasked(serves):
    """A redirect to another origin takes Authorization away, and with it the preflight."""
    end = serves(lambda asked: serves.reply(200, *YES))
    moved = (*YES, f"Location: {end.url}/b")
    server = serves(
        lambda asked: serves.reply(*((204, *YES) if asked.preflight else (307, *moved)))
    )
    headers = [(b"Authorization", b"t")]
    assert (await visit(asking(server.url, b"POST", headers), MANNER)).allowed
    assert (server.seen, end.seen) == (["OPTIONS /", "POST /"], ["POST /b"])


async def test_a_refused_preflight_ends_it(serves):
    server = serves(lambda asked: serves.reply(403))
    assert not (await visit(asking(server.url, b"DELETE"), MANNER)).allowed
    assert server.seen == ["OPTIONS /"]


async def test_redirects_are_followed_as_fetch_does(serves):
    end = serves(lambda asked: serves.reply(200, *YES))
    between = serves(lambda asked: serves.reply(307, *YES, f"Location: {end.url}/c"))
    first = serves(lambda asked: serves.reply(302, *YES, f"Location: {between.url}/b"))
    diagnosis = await visit(asking(f"{first.url}/a"), MANNER)
    assert [step.request.sent_origin for step in diagnosis.steps] == [PAGE, b"null", b"null"]
    assert [server.asked[0].origin for server in (first, between, end)] == [
        PAGE.decode(), "null", "null",
    ]  # fmt: skip


async def test_a_redirected_request_is_asked_about_anew(serves):
    def answer(asked):
        if asked.preflight:
            return serves.reply(204, *YES)
        return serves.reply(307, *YES, "Location: /b") if asked.path == "/" else serves.reply(403)

    server = serves(answer)
    diagnosis = await visit(asking(server.url, b"PUT"), MANNER)
    assert server.seen == ["OPTIONS /", "PUT /", "OPTIONS /b", "PUT /b"]
    assert diagnosis.failure is diagnosis.steps[-1].findings[0]


async def test_redirects_end_after_twenty(serves):
    server = serves(lambda asked: serves.reply(302, *YES, "Location: /"))
    diagnosis = await visit(asking(server.url), MANNER)
    assert (len(server.asked), diagnosis.failure.failure) == (21, "redirect_limit")


async def test_a_redirect_without_cors_ends_it(serves):
    server = serves(lambda asked: serves.reply(302, "Location: /b"))
    assert (await visit(asking(server.url), MANNER)).failure.failure == "origin_missing"
    assert server.seen == ["GET /", "OPTIONS /"]  # a corsproxy would tell why


async def test_a_redirect_to_what_is_no_address(serves):
    server = serves(lambda asked: serves.reply(302, *YES, "Location: mailto:a@b"))
    diagnosis = await visit(asking(server.url), MANNER)
    assert (diagnosis.failure, diagnosis.end.failure) == (diagnosis.end, "redirect_unusable")


async def test_a_redirect_from_https_to_http_is_not_followed(serves):
    server = serves(lambda asked: serves.reply(302, *YES, "Location: http://api.invalid/"))
    diagnosis = await visit(asking(server.url, origin=b"https://app.invalid"), MANNER)
    assert (diagnosis.end.failure, diagnosis.blocked) == ("mixed_content", "http://api.invalid/")


async def test_mixed_content_is_not_sent_at_all():
    request = asking("http://10.0.0.1/a", origin=b"https://app.invalid")
    diagnosis = await visit(request, MANNER)
    assert (diagnosis.steps, diagnosis.failure.failure) == ((), "mixed_content")


@pytest.mark.parametrize(
    ("origin", "page"),
    [
        pytest.param(b"https://app.invalid", Space.PUBLIC, id="a public page"),
        pytest.param(b"https://10.0.0.1", Space.LOCAL, id="a page of the local network"),
        pytest.param(PAGE, None, id="a page of the same machine"),
        pytest.param(b"null", None, id="a page of nobody knows where"),
    ],
)
async def test_a_nearer_network_is_noticed(serves, origin, page):
    server = serves(lambda asked: serves.reply(200, *YES))
    crossings = (await visit(asking(server.url, origin=origin), MANNER)).crossings
    assert [(found.page, found.server) for found in crossings] == (
        [] if page is None else [(page, Space.LOOPBACK)]
    )


PROBLEM = "Content-Type: application/problem+json"


@pytest.mark.parametrize(
    ("fields", "content", "read"),
    [
        pytest.param([PROBLEM], b"{}", b"{}", id="a problem is read"),
        pytest.param(["Content-Type: text/plain"], b"{}", b"", id="nothing else is"),
        pytest.param([], b"{}", b"", id="nor what has no type"),
    ],
)
async def test_which_content_is_read(serves, fields, content, read):
    server = serves(lambda asked: serves.reply(200, *YES, *fields, content=content))
    answer = (await visit(asking(server.url), MANNER)).steps[0].answer
    assert isinstance(answer, Answer)
    assert answer.content == read


async def test_a_problem_without_end_is_read_so_far_and_not_waited_for(serves):
    begun = serves.reply(200, *YES, PROBLEM, content=b"x" * 2 * MOST_CONTENT)
    endless = begun.replace(b"Content-Length: ", b"Content-Length: 9")
    server = serves(lambda asked: endless)
    step = (await visit(asking(server.url, b"POST"), MANNER)).steps[0]
    assert len(step.answer.content) == MOST_CONTENT


async def test_interim_answers_are_passed_over(serves):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    server = serves(lambda asked: early + serves.reply(200, *YES))
    assert (await visit(asking(server.url), MANNER)).allowed


async def test_the_own_origin_is_asked_without_cors(serves):
    server = serves(lambda asked: serves.reply(200))
    diagnosis = await visit(asking(server.url, origin=server.url.encode()), MANNER)
    assert (diagnosis.allowed, diagnosis.probes, server.asked[0].origin) == (True, (), "")


async def test_a_server_that_closes_in_the_handshake_has_a_cause():
    async def close(reader, writer):
        await reader.read(1)
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        diagnosis = await visit(asking(url), MANNER)
    assert diagnosis.unreached.kind is ProxyErrorType.TLS_PROTOCOL_ERROR
    assert not diagnosis.unreached.said.endswith(": ")
