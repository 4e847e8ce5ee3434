import pytest

from corsproxy.core.cors import Reason, Refusal, Verdict
from corsproxy.core.exchange import Exchange


@pytest.mark.parametrize(
    ("exchange", "cors"),
    [
        pytest.param(Exchange(), "-", id="nothing is known yet"),
        pytest.param(Exchange(verdict=Verdict()), "-", id="a request without Origin"),
        pytest.param(Exchange(origin="https://a.example"), "-", id="CORS is off"),
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
    ],
)
def test_an_exchange_says_what_the_browser_will_do(exchange: Exchange, cors: str):
    assert exchange.cors == cors
