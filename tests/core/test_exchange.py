import pytest

from corsproxy.core.browser import Failure, Finding
from corsproxy.core.cors import Reason, Refusal, Verdict
from corsproxy.core.exchange import Exchange


@pytest.mark.parametrize(
    ("exchange", "cors"),
    [
        pytest.param(Exchange(), "-", id="nothing is known yet"),
        pytest.param(Exchange(verdict=Verdict()), "-", id="a request without Origin"),
        pytest.param(Exchange(origin="https://a.example"), "-", id="nothing came of it"),
        pytest.param(
            Exchange(origin="https://a.example", error="connection_refused"),
            "refused:origin_missing",
            id="an error that nothing judged",
        ),
        pytest.param(
            Exchange(origin="https://a.example", own=Finding("it may", "§")),
            "allowed",
            id="the upstream itself allows",
        ),
        pytest.param(
            Exchange(origin="https://a.example", own=Finding("no", "§", Failure.ORIGIN_SEVERAL)),
            "refused:origin_several by upstream",
            id="the upstream itself spoils it",
        ),
        pytest.param(
            Exchange(
                origin="https://a.example",
                verdict=Verdict(refusal=Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://a.example")),
                same_origin=True,
            ),
            "same-origin",
            id="the proxy's own origin",
        ),
        pytest.param(
            Exchange(origin="https://a.example", verdict=Verdict()), "allowed", id="allowed"
        ),
        pytest.param(
            Exchange(
                origin="https://evil.example",
                verdict=Verdict(refusal=Refusal(Reason.ORIGIN_NOT_ALLOWED, "https://evil.example")),
            ),
            "refused:origin_not_allowed https://evil.example",
            id="refused, with reason and culprit",
        ),
        pytest.param(
            Exchange(origin="null", verdict=Verdict(reported=Refusal(Reason.ORIGIN_NULL, "null"))),
            "reported:origin_null null",
            id="let through, and reported",
        ),
    ],
)
def test_an_exchange_says_what_the_browser_will_do(exchange: Exchange, cors: str):
    assert exchange.cors == cors
