import pytest

from corsproxy.core.admission import refuse
from corsproxy.core.fields import Field
from corsproxy.core.heads import RequestHead, index_fields
from corsproxy.core.targets import parse

HOST = (b"Host", b"p")
CHUNKED = (b"Transfer-Encoding", b"chunked")


def refused(
    *fields: Field, start: bytes = b"GET /", version: tuple[int, int] = (1, 1)
) -> tuple[int, str] | None:
    method, text = start.split(b" ")
    target = parse(text)
    assert target is not None
    head = RequestHead(method, target, version[1], fields, index_fields(fields))
    error = refuse(head, version, b"me")
    return (error.status, error.detail) if error else None


NO_HTTP1 = (505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
ONE_HOST = (400, "a request has one Host field")
NO_HOST = (400, "the Host field is no host")
NO_CODING = (400, "Transfer-Encoding where there can be none")
CODING = (501, "the only transfer coding understood is 'chunked'")
EXPECTATION = (417, "the only expectation understood is '100-continue'")
LENGTH = (400, "the Content-Length is no length")
LOOP = (508, "the request came back to the proxy that forwarded it")


@pytest.mark.parametrize(
    ("fields", "how", "error"),
    [
        pytest.param([HOST], {}, None, id="a plain request"),
        pytest.param([HOST], {"version": (2, 0)}, NO_HTTP1, id="R16: HTTP/2"),
        pytest.param([HOST], {"version": (0, 9)}, NO_HTTP1, id="R16: HTTP/0.9"),
        pytest.param([HOST], {"start": b"CONNECT /"}, (405, "CONNECT is not forwarded"), id="R11"),
        pytest.param(
            [HOST], {"start": b"TRACE /"}, (405, "TRACE is not forwarded"), id="R11: TRACE"
        ),
        pytest.param([], {}, ONE_HOST, id="R28: no Host"),
        pytest.param([], {"version": (1, 0)}, None, id="R28: HTTP/1.0 needs none"),
        pytest.param([HOST, HOST], {}, ONE_HOST, id="R28: two, even if equal"),
        pytest.param([(b"Host", b"a/b")], {}, NO_HOST, id="R28: a slash"),
        pytest.param([(b"Host", b"")], {}, NO_HOST, id="R28: an empty one"),
        pytest.param([HOST], {"start": b"GET http://a@b/"}, NO_HOST, id="R9: in absolute form"),
        pytest.param(
            [],
            {"start": b"GET http://a@b/", "version": (1, 0)},
            NO_HOST,
            id="R9: in absolute form, without Host",
        ),
        pytest.param([HOST], {"start": b"GET http://a:80/"}, None, id="R9: a good one"),
        pytest.param([HOST, CHUNKED], {}, None, id="chunked"),
        pytest.param([HOST, CHUNKED, (b"content-length", b"3")], {}, NO_CODING, id="R37"),
        pytest.param([HOST, CHUNKED], {"version": (1, 0)}, NO_CODING, id="R39"),
        pytest.param(
            [HOST, (b"Content-Length", b"%d" % (2**63 - 1))], {}, None, id="R40: the most"
        ),
        pytest.param([HOST, (b"Content-Length", b"%d" % 2**63)], {}, LENGTH, id="R40: over it"),
        pytest.param([HOST, (b"Content-Length", b"9" * 5000)], {}, LENGTH, id="R40: 5000 digits"),
        pytest.param([HOST, (b"Content-Length", b"")], {}, LENGTH, id="R40: an empty length"),
        pytest.param([HOST, (b"Content-Length", b"+3")], {}, LENGTH, id="R40: a sign"),
        pytest.param([HOST, (b"Content-Length", b"1_0")], {}, LENGTH, id="R40: an underscore"),
        pytest.param([HOST, CHUNKED, CHUNKED], {}, CODING, id="R38: twice"),
        pytest.param([HOST, (b"TRANSFER-ENCODING", b"CHUNKED")], {}, None, id="R38: in any case"),
        pytest.param([HOST, (b"Transfer-Encoding", b"gzip, chunked")], {}, CODING, id="R38: gzip"),
        pytest.param([HOST, (b"Transfer-Encoding", b"xchunked")], {}, CODING, id="R38: x"),
        pytest.param([HOST, (b"Transfer-Encoding", b"")], {}, CODING, id="R38: empty"),
        pytest.param([HOST, (b"Expect", b"100-Continue")], {}, None, id="R30: 100-continue"),
        pytest.param([HOST, (b"Expect", b"more")], {}, EXPECTATION, id="R30: something else"),
        pytest.param(
            [HOST, (b"Expect", b"more")], {"version": (1, 0)}, None, id="R30: not from HTTP/1.0"
        ),
        pytest.param([HOST, (b"Via", b"1.1 a, 1.0 b")], {}, None, id="R26: other proxies"),
        pytest.param([HOST, (b"Via", b"1.1 a, 1.0 me (x)")], {}, LOOP, id="R26: this one"),
        pytest.param([HOST, (b"via", b"1.1 me2"), (b"Via", b"me")], {}, None, id="R26: not quite"),
    ],
)
def test_requests_are_admitted_or_refused(
    fields: list[Field], how: dict[str, object], error: tuple[int, str] | None
):
    assert refused(*fields, **how) == error  # type: ignore[arg-type]


def test_the_methods_forwarded_are_named():
    target = parse(b"/")
    assert target is not None
    error = refuse(RequestHead(b"TRACE", target, 1, [], {}), (1, 1), b"me")

    assert error is not None
    assert error.fields == ((b"Allow", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),)
