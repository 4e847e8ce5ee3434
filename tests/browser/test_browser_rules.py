"""The browser's rules as `core` knows them, held against the real Chromium, case by case."""

# ruff: noqa: ANN001 the fixtures are typed where they are made, in conftest.py
import asyncio
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
import pytest_asyncio

from corsproxy.core.browser import Finding, PageRequest, preflight_of
from corsproxy.core.cors_check import cors_check, preflight_check, readable_headers
from corsproxy.core.preflight_cache import CAPS, PreflightCache

pytestmark = pytest.mark.asyncio(loop_scope="session")

TWICE = (False, True)  # without and with credentials
Headers = tuple[tuple[str, str], ...]
Log = dict[str, list[tuple[str, dict[str, str]]]]

ORIGIN, METHOD, NAMES = "origin", "access-control-request-method", "access-control-request-headers"
OFFERED = (("x-shown", "1"), ("x-hidden", "2"), ("etag", '"3"'), ("set-cookie", "a=b"))
OFFERED = (*OFFERED, ("cache-control", "no-store"), ("content-type", "text/plain"))


@dataclass(frozen=True)
class Answer:
    """What a server says; `*` in an origin's place is `*`, PAGE the page's origin."""

    headers: Headers = (("access-control-allow-origin", "PAGE"),)
    status: int = 200


@dataclass(frozen=True)
class Case:
    """A script's request, and what the server says to the preflight and to the request."""

    method: str = "GET"
    headers: Headers = ()
    credentials: bool = False
    preflight: Answer = field(default_factory=Answer)
    answer: Answer = field(default_factory=Answer)

    def init(self) -> dict[str, Any]:
        body = {} if self.method.upper() in ("GET", "HEAD") else {"body": "{}"}
        if self.method not in ("GET", "HEAD") and not self.typed:
            body = {}
        credentials = "include" if self.credentials else "same-origin"
        headers = [list(header) for header in self.headers]
        return {"method": self.method, "headers": headers, "credentials": credentials, **body}

    @property
    def name(self) -> str:
        parts = (self.method, self.headers, self.credentials, self.preflight, self.answer)
        return " ".join("YES" if part == YES else str(part) for part in parts)

    @property
    def typed(self) -> bool:
        return any(name.lower() == "content-type" for name, _ in self.headers)


def octets(headers: Headers, page: str) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((n.encode(), v.replace("PAGE", page).encode()) for n, v in headers)


def made(case: Case, page: str, url: str) -> PageRequest | Finding:
    headers = octets(case.headers, page)
    return PageRequest.from_script(
        page.encode(), url, case.method.encode(), headers, credentials=case.credentials
    )


def told(case: Case, page: str, url: str) -> dict[str, Any]:
    """Tell what the rules say that a browser does."""
    request = made(case, page, url)
    if isinstance(request, Finding):
        return {"sent": [], "read": None}
    sent, goes_on = [], True
    if preflight := preflight_of(request):
        asked = {name.decode().lower(): value.decode() for name, value in preflight.fields}
        sent.append(("OPTIONS", {n: asked[n] for n in (ORIGIN, METHOD, NAMES) if n in asked}))
        fields = octets(case.preflight.headers, page)
        goes_on = preflight_check(request, case.preflight.status, fields).grant is not None
    if not goes_on:
        return {"sent": sent, "read": None}
    sent.append((request.method.decode(), {ORIGIN: page}))
    answer = octets((*OFFERED, *case.answer.headers), page)
    if not cors_check(request, answer).passed:
        return {"sent": sent, "read": None}
    ours = {name for name, _ in OFFERED}
    readable = {name.decode() for name in readable_headers(request, answer)}
    return {"sent": sent, "read": sorted(ours & readable)}


class Server:
    """Answers what a case says, methods of any name included, and keeps what came of each."""

    def __init__(self, page: str) -> None:
        self.cases: dict[str, Case] = {}
        self.log: Log = {}
        self.page = page
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                fields = {}
                while (named := await reader.readline()).strip():
                    name, _, value = named.decode("latin-1").partition(":")
                    fields[name.lower()] = value.strip()
                await reader.readexactly(int(fields.get("content-length", 0)))
                method, path, _ = line.decode().split(" ")
                writer.write(self.answer(method, path[1:], fields))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def answer(self, method: str, number: str, fields: dict[str, str]) -> bytes:
        case = self.cases[number]
        kept = {name: fields[name] for name in (ORIGIN, METHOD, NAMES) if name in fields}
        self.log.setdefault(number, []).append((method, kept))
        said = case.preflight if METHOD in kept else case.answer
        headers = octets((*(() if METHOD in kept else OFFERED), *said.headers), self.page)
        lines = [b"HTTP/1.1 %d Said" % said.status, *(n + b": " + v for n, v in headers)]
        length = () if said.status in (204, 304) else (b"Content-Length: 0",)
        return b"\r\n".join([*lines, *length, b"\r\n"])


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def server(pages):
    """A server that says what each case wants."""
    server = Server(pages.allowed)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield server
    listening.close()


async def seen(tab, server, cases: list[Case]) -> list[dict[str, Any]]:
    """Have the browser make all requests, and tell what it sent and what the page read."""
    server.cases = {str(i): case for i, case in enumerate(cases)}
    server.log.clear()
    calls = [[f"{server.url}/{i}", case.init()] for i, case in enumerate(cases)]
    got = await tab.page.evaluate(
        "a => Promise.all(a.map(([url, init]) => call(url, init)))", calls
    )
    ours = {name for name, _ in OFFERED}
    read = [sorted(ours & set(one["headers"])) if "headers" in one else None for one in got]
    return [{"sent": server.log.get(str(i), []), "read": read[i]} for i in range(len(cases))]


async def differences(tab, server, cases: list[Case]) -> list[str]:
    assert len(cases) == len(set(cases))
    rows = zip(cases, await seen(tab, server, cases), strict=True)
    expected = [(case, told(case, server.page, server.url), got) for case, got in rows]
    return [f"{case.name} told {ours}, seen {got}" for case, ours, got in expected if ours != got]


METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "put", "patch",
           "delete", "post", "TRACE", "connect", "Track", "FOO", "a!b", "M-SEARCH")  # fmt: skip
VALUES = {
    "content-type": (
        "text/plain", "TEXT/Plain;charset=utf-8", "text/plain ; x", "multipart/form-data",
        "application/x-www-form-urlencoded", "application/json", "text/html", "text", "text/",
        "/plain", "text/plain; a=(b)", 'text/plain; a="b"', "text/plain, application/json", "",
        "text/plain; " + "a" * 116, "text/plain; " + "a" * 117, "a b/c", "text /plain",
    ),
    "accept": ("*/*", "a", "", "a(b", "a\tb", "a{b", "a;b=c,d", "a:b", "a@b", "x" * 128, "x" * 129),
    "accept-language": ("de", "de, en;q=0.5", "de_AT", "de\t", "a\tb", "*", "x" * 128, "x" * 129),
    "content-language": ("de", "de/at", "de, en;q=0.5"),
    "range": ("bytes=0-99", "bytes=5-", "bytes=-5", "bytes=9-5", "bytes=0-1,3-4", "bytes= 0-9",
              "Bytes=0-9", "items=0-9"),
    "authorization": ("Bearer t",),
    "x-own": ("", "1", "x" * 200),
    "cookie": ("a=b",),
    "origin": ("http://a.example",),
    "sec-own": ("1",),
    "proxy-own": ("1",),
    "x-http-method-override": ("PUT", "TRACE", "put, track", '"TRACE"', '"a,TRACE,b"'),
    "date": ("now",),
    "dnt": ("1",),
    "upgrade-insecure-requests": ("1",),
}  # fmt: skip
YES = Answer(
    (
        ("access-control-allow-origin", "PAGE"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", ", ".join(METHODS)),
        ("access-control-allow-headers", ", ".join(VALUES)),
    )
)


async def test_which_requests_it_asks_for_and_in_what_words(tab, server):
    single = [((name, value),) for name, values in VALUES.items() for value in values]
    sums = [
        (("accept", "a" * 128), ("accept-language", "b" * 128), ("content-language", "c" * 128),
         ("content-type", "text/plain; " + "d" * 116), ("range", "bytes=0-9")),
        (("x-b", "1"), ("X-A", "2"), ("x-a-b", "3"), ("Content-Type", "text/html")),
    ]  # fmt: skip
    cases = [Case(method, preflight=YES, answer=YES) for method in METHODS]
    cases += [Case(method, headers, preflight=YES, answer=YES)
              for method, headers in product(("GET", "POST", "PUT"), [*single, *sums])]  # fmt: skip
    cases += [Case("PUT", single[0], credentials=True, preflight=YES, answer=YES)]
    assert await differences(tab, server, cases) == []


ALL = YES.headers[2:]

# Access-Control-Allow-Origin and -Credentials, on either answer
CHECKS = [
    (),
    (("access-control-allow-origin", "*"),),
    (("access-control-allow-origin", "PAGE"),),
    (("access-control-allow-origin", "PAGE/"),),
    (("access-control-allow-origin", "null"),),
    (("access-control-allow-origin", "http://other.example"),),
    (("access-control-allow-origin", "PAGE, PAGE"),),
    (("access-control-allow-origin", "PAGE"), ("access-control-allow-origin", "PAGE")),
    (("access-control-allow-origin", "*"), ("access-control-allow-origin", "PAGE")),
    (("access-control-allow-origin", ""),),
    (("Access-Control-ALLOW-Origin", "PAGE"), ("access-control-allow-credentials", "true")),
    (("access-control-allow-origin", "*"), ("access-control-allow-credentials", "true")),
    (("access-control-allow-origin", "PAGE"), ("access-control-allow-credentials", "True")),
    (("access-control-allow-origin", "PAGE"), ("access-control-allow-credentials", "false")),
    (("access-control-allow-origin", "PAGE"), *[("access-control-allow-credentials", "true")] * 2),
]
GOOD = (("access-control-allow-origin", "PAGE"), ("access-control-allow-credentials", "true"))


def granting(kind: str, *lines: str) -> Answer:
    return Answer((*GOOD, *((f"access-control-allow-{kind}", line) for line in lines)))


async def test_which_answers_a_page_may_read(tab, server):
    statuses = (200, 204, 299, 304, 400, 404, 500)
    exposing = [(), ("x-shown",), ("X-SHOWN, etag",), ("*",), ("*, x-shown",), ("x-shown", "etag"),
                ("set-cookie",), ("a b, x-shown",), ("",), (", ,x-shown,",)]  # fmt: skip
    answers = [Answer(check, status) for check, status in product(CHECKS, (200, 500))]
    answers += [Answer(GOOD, status) for status in statuses if Answer(GOOD, status) not in answers]
    answers += [
        Answer((*GOOD, *(("access-control-expose-headers", line) for line in lines)))
        for lines in exposing
    ]
    cases = [
        Case("GET", credentials=credentials, answer=answer)
        for answer, credentials in product(dict.fromkeys(answers), TWICE)
    ]
    assert await differences(tab, server, cases) == []


async def test_which_preflights_allow(tab, server):
    statuses = (200, 204, 299, 199 + 101, 301, 304, 307, 403, 404, 500)
    methods = [(), ("PUT",), ("put",), ("*",), ("*, PUT",), ("GET, PUT",), ("GET", "PUT"), ("",),
               ("GET PUT",), ("PUT,",), (" , PUT\t",), ("DELETE",), ("PUT;",)]  # fmt: skip
    names = [(), ("x-own",), ("X-OWN",), ("*",), ("*, x-own",), ("x-other", "x-own"), ("x-own x",),
             ("",), ("x-other",), ("*, authorization",), ("x-own;q=1",)]  # fmt: skip

    asking = [
        *[("PUT", (), granting("methods", *lines)) for lines in methods],
        *[("patch", (), granting("methods", line)) for line in ("PATCH", "patch")],
        *[("POST", (("x-own", "1"),), granting("headers", *lines)) for lines in names],
        *[("GET", (("x-own", "1"),), granting("methods", *lines)) for lines in methods],
        *[("PUT", (), Answer((*check, *ALL))) for check in CHECKS],
        *[("PUT", (), Answer((*GOOD, *ALL), status)) for status in statuses],
        *[("DELETE", (), Answer((*GOOD, *ALL, ("location", "/0")), 307))],
        *[("GET", (("authorization", "b"), ("x-own", "1")), granting("headers", *lines))
          for lines in (("*, authorization",), ("authorization",), ("x-own",), (
              "authorization, x-own",))],
    ]  # fmt: skip
    cases = [
        Case(method, headers, credentials, preflight, Answer(GOOD))
        for (method, headers, preflight), credentials in product(dict.fromkeys(asking), TWICE)
    ]
    assert await differences(tab, server, cases) == []


ASKS, GOES, STOPS = ["OPTIONS", "GET"], ["GET"], ["OPTIONS"]
DIFFERS = {
    "client hints are safelisted": ((("save-data", "on"),), "save-data", ASKS, GOES),
    "so is User-Agent": ((("user-agent", "me"),), "user-agent", ASKS, GOES),
    "'*' covers Authorization": ((("authorization", "b"),), "*", STOPS, ASKS),
    "lines of one name are joined before they are measured": (
        (("accept", "a" * 70), ("accept", "a" * 70)), "accept", GOES, ASKS,
    ),
    "numbers of a range are bounded": (
        (("range", "bytes=0-" + "9" * 30),), "range", GOES, ASKS,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "named", "standard", "seen_"), DIFFERS.values(), ids=DIFFERS)
async def test_where_chromium_is_not_the_standard(tab, server, headers, named, standard, seen_):
    case = Case(headers=headers, preflight=granting("headers", named))
    ours = told(case, server.page, server.url)
    [got] = await seen(tab, server, [case])
    assert [method for method, _ in ours["sent"]] == standard
    assert [method for method, _ in got["sent"]] == seen_


REMEMBERED = {
    "for a while": [("access-control-max-age", "600")],
    "for no time": [("access-control-max-age", "0")],
    "for 5 s by default": [],
    "and what is no number": [("access-control-max-age", "600s")],
    "nor are two": [("access-control-max-age", "600"), ("access-control-max-age", "600")],
}


@pytest.mark.parametrize("age", REMEMBERED.values(), ids=REMEMBERED)
async def test_what_it_remembers_of_preflights(tab, server, age):
    lists = (("PUT", "x-own, authorization"), ("*", "*, authorization"))
    kinds = [
        ("PUT", ()), ("DELETE", ()), ("POST", (("X-OWN", "1"),)),
        ("GET", (("authorization", "b"),)), ("PUT", (("x-own", "1"), ("x-b", "2"))),
    ]  # fmt: skip
    pairs = [
        (Case(*first, with_1, answer, YES), Case(*second, with_2, answer, YES))
        for methods, names in lists
        for first, second, with_1, with_2 in product(kinds, kinds, TWICE, TWICE)
        # a literal '*' that was got with credentials is a wildcard in the standard's cache alone
        if not (with_1 and methods == "*")
        for answer in [Answer((*GOOD, ("access-control-allow-methods", methods),
                               ("access-control-allow-headers", names), *age))]
    ]  # fmt: skip
    server.cases = {str(i): first for i, (first, _) in enumerate(pairs)}
    server.log.clear()
    calls = [[f"{server.url}/{i}", *(case.init() for case in pair)] for i, pair in enumerate(pairs)]
    both = "async ([url, one, two]) => [await call(url, one), await call(url, two)]"
    await tab.page.evaluate(f"calls => Promise.all(calls.map({both}))", calls)
    wrong = []
    for i, pair in enumerate(pairs):
        cache, expected = PreflightCache(CAPS["Chromium"]), []
        for case in pair:
            request = made(case, server.page, f"{server.url}/{i}")
            assert isinstance(request, PageRequest)
            if preflight_of(request) and not cache.spares(request, 0.0):
                expected.append("OPTIONS")
                fields = octets(case.preflight.headers, server.page)
                grant = preflight_check(request, case.preflight.status, fields).grant
                if grant is None:
                    cache = cache.forget(request)
                    continue
                cache = cache.remember(request, grant, 0.0)
            expected.append(case.method)
        got = [method for method, _ in server.log[str(i)]]
        if got != expected:
            wrong.append(f"{[case.name for case in pair]}: told {expected}, seen {got}")
    assert wrong == []
