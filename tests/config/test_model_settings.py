from dataclasses import asdict

from corsproxy.config import LogSettings
from corsproxy.config import model_settings as written
from corsproxy.core.limits import Limits, Timeouts


def test_the_defaults_are_those_of_core():
    assert written.Timeouts().model_dump() == asdict(Timeouts())
    assert written.Limits().model_dump() == asdict(Limits())
    assert written.Log().model_dump() == asdict(LogSettings())


def test_a_route_has_fewer_of_them():
    assert set(written.Timeouts.model_fields) - set(written.RouteTimeouts.model_fields) == {
        "header"
    }
    assert set(written.RouteLimits.model_fields) == {"request_body"}
