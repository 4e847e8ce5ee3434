import dataclasses

import pytest

from corsproxy.config import Config, LogSettings
from corsproxy.core.limits import Limits, Listener, Timeouts
from corsproxy.core.routes import RouteTable
from corsproxy.core.trust import TrustedProxies


def test_what_is_left_out_has_the_defaults_of_the_contract():
    config = Config(listen=(Listener("127.0.0.1", 8080),), admin=None, table=RouteTable(()))
    assert config.timeouts == Timeouts(15.0, 5.0, 60.0, 300.0, 3600.0)
    assert config.limits == Limits(32768, 262144, 10_000, None, 75.0, 4.0)
    assert config.log == LogSettings("text", "info", access=True, explain=None)
    assert config.trusted_proxies == TrustedProxies()
    assert config.warnings == ()


def test_a_config_is_frozen():
    config = Config(listen=(), admin=None, table=RouteTable(()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.admin = Listener()  # type: ignore[misc]
