import pytest

from corsproxy.cli.environment import unknown

KNOWN = ["CORSPROXY_ALLOW_ORIGIN", "CORSPROXY_ALLOW_METHOD", "CORSPROXY_LISTEN",
         "CORSPROXY_UPSTREAM", "CORSPROXY_NO_PROBE"]  # fmt: skip
NAMES = {
    "one that is known": ("CORSPROXY_LISTEN", "a", []),
    "somebody else's": ("CORS_ORIGIN", "a", []),
    "an s too many": ("CORSPROXY_ALLOW_ORIGINS", "a", ["did you mean CORSPROXY_ALLOW_ORIGIN?"]),
    "half of it": ("CORSPROXY_ORIGIN", "a", ["did you mean CORSPROXY_ALLOW_ORIGIN?"]),
    "another tool's": ("CORSPROXY_TARGET", "a", ["did you mean CORSPROXY_UPSTREAM?"]),
    "a port": ("CORSPROXY_PORT", "8080", ["did you mean CORSPROXY_LISTEN?"]),
    "nothing near": ("CORSPROXY_XYZ", "a", ["`corsproxy run --help` has those"]),
    "what the route table uses": ("CORSPROXY_API", "a", []),
    "a service's address by Kubernetes": ("CORSPROXY_SERVICE_HOST", "10.0.0.1", []),
    "its port": ("CORSPROXY_PORT", "tcp://10.0.0.1:80", []),
    "its named port": ("CORSPROXY_SERVICE_PORT_HTTP", "80", []),
    "its port in parts": ("CORSPROXY_PORT_80_TCP_ADDR", "10.0.0.1", []),
}


@pytest.mark.parametrize(("name", "value", "hints"), NAMES.values(), ids=NAMES)
def test_what_is_said_of_a_name(name: str, value: str, hints: list[str]):
    told = list(unknown({name: value}, KNOWN, 'upstream: "${CORSPROXY_API}"'))
    assert told == [f"{name} is not known; {hint}" for hint in hints]
