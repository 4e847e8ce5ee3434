"""What is said beside the verdict. Most of it has its test at a real server, in tests/cli."""

# ruff: noqa: ANN001, ANN002, ANN003 the parameters are in the table
import pytest

from corsproxy.core.browser import PageRequest
from corsproxy.core.diagnosis import Answer, Diagnosis, answered, request_message
from corsproxy.core.local_network import Crossing, Space
from corsproxy.core.notices import Level, Notice, notices

URL = "http://api.example/a"
ALLOW = (b"Access-Control-Allow-Origin", b"*")
NEAR = "Local Network Access (WICG), since Chrome 142"


def diagnosed(*fields, content=b"", **more):
    request = PageRequest(origin=b"https://app.example", urls=(URL,))
    answer = Answer(200, (ALLOW, *fields), content)
    last = answered(request, request_message(request), answer)
    return Diagnosis(request=request, steps=(last,), **more)


MARKED = {
    "Via": (b"Via", b"1.1 edge, 1.1 corsproxy-ab12cd34"),
    "Proxy-Status": (b"Proxy-Status", b"corsproxy; error=http_request_denied"),
}


@pytest.mark.parametrize("field", MARKED.values(), ids=MARKED)
def test_that_a_corsproxy_is_on_the_way(field):
    mark = field[1].rpartition(b", ")[2].decode()
    assert notices(diagnosed(field)) == (
        Notice(Level.INFO, "through_corsproxy", f"it came through a corsproxy: {mark}",
               "RFC 9110 §7.6.3 and RFC 9209 §2"),
    )  # fmt: skip


@pytest.mark.parametrize("via", [b"1.1 corsproxy", b"1.1 nocorsproxy-1", b"1.1 edge"])
def test_of_other_proxies_nothing_is_said(via):
    assert notices(diagnosed((b"Via", via))) == ()


def test_why_a_corsproxy_refused():
    kind = (b"Content-Type", b"application/problem+json")
    content = b'{"reason": "origin_not_allowed", "culprit": "http://a", "near_miss": "www."}'
    assert notices(diagnosed(kind, content=content)) == (
        Notice(Level.WARNING, "refused_by_corsproxy",
               "corsproxy refused it: origin_not_allowed http://a; www.",
               "RFC 9457, problem details"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("secure", "code", "said"),
    [
        (True, "local_network", "first asks the user for the permission `local-network`"),
        (False, "local_network_insecure", "Chromium refuses without asking"),
    ],
)
def test_a_nearer_network(secure, code, said):
    crossed = Crossing(Space.PUBLIC, Space.LOCAL, URL, secure)
    [notice] = notices(diagnosed(crossings=(crossed,)))
    assert (notice.level, notice.code, notice.section) == (Level.WARNING, code, NEAR)
    assert said in notice.what
    assert "header" in notice.mend


def test_the_gravest_comes_first_and_each_thing_once():
    one = diagnosed(MARKED["Via"], (b"Access-Control-Allow-Credentials", b"true"))
    twice = Diagnosis(request=one.request, steps=(*one.steps, *one.steps))
    codes = [notice.code for notice in notices(twice)]
    assert codes == ["wildcard_with_credentials", "through_corsproxy"]
