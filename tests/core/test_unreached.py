"""Why an upstream gives no answer: in words, with what to write."""

from typing import Any

import pytest

from corsproxy.core.cors import CorsPolicy
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.messages import Client
from corsproxy.core.origins import compile_origins
from corsproxy.core.probing import CertificateFault, Found, Probe, Trouble
from corsproxy.core.routes import Route
from corsproxy.core.unreached import tell
from corsproxy.core.upstreams import Address, ForwardProxy, Upstream, UpstreamTls

Told = Any

POLICY = CorsPolicy(origins=compile_origins(["https://a.com"]))
PLAIN = Upstream(Address("api", 8000), b"/v1")
TLS = Upstream(Address("api", 8443, UpstreamTls()))
BEHIND = Upstream(Address("api", 8000, proxy=ForwardProxy("squid", 3128)))
SOCKET = Upstream(Address("localhost", 80, socket="/run/a.sock"))
OWN_CA = Upstream(Address("api", 8443, UpstreamTls(ca="/ca.pem", server_name="api.corp")))
T, C = ProxyErrorType, CertificateFault
BAD = T.TLS_CERTIFICATE_ERROR

TOLD = {
    "it refuses": (
        PLAIN,
        Trouble(T.CONNECTION_REFUSED, "Connect call failed", "is the upstream up?"),
        ("not reachable, for it refuses connections", "is the upstream up?", None),
    ),
    "it closes": (
        PLAIN,
        Trouble(T.CONNECTION_TERMINATED, "the upstream closed the connection"),
        ("not reachable, for it closes the connection without an answer", "", None),
    ),
    "a socket that is not there": (
        SOCKET,
        Trouble(T.CONNECTION_REFUSED, "No such file or directory", "nothing listens there"),
        (
            "not reachable, for it refuses connections (No such file or directory)",
            "nothing listens there",
            None,
        ),
    ),
    "an unknown name": (
        PLAIN,
        Trouble(T.DNS_ERROR, "Name or service not known", "spelt right?"),
        (
            "not reachable, for its name can't be resolved (Name or service not known)",
            "spelt right?",
            None,
        ),
    ),
    "it is silent": (
        PLAIN,
        Trouble(T.HTTP_RESPONSE_TIMEOUT, "within 5 s"),
        ("not reachable, for it takes connections, and doesn't answer (within 5 s)", "", None),
    ),
    "a forward proxy that won't": (
        BEHIND,
        Trouble(T.DNS_TIMEOUT, "within 5 s"),
        (
            (
                "not reachable, for its name took too long to resolve, by way of the forward proxy "
                "squid:3128 (within 5 s)"
            ),
            "",
            None,
        ),
    ),
    "what has no words of its own": (
        PLAIN,
        Trouble(T.HTTP_PROTOCOL_ERROR),
        ("not reachable, for the upstream's answer is no HTTP/1.1", "", None),
    ),
    "TLS where none was expected": (
        PLAIN,
        Trouble(T.CONNECTION_TERMINATED, speaks="https"),
        (
            "TLS is spoken on this port",
            "it is asked in plain HTTP",
            "upstream: https://api:8000/v1",
        ),
    ),
    "TLS on the other scheme's port": (
        Upstream(Address("api", 80), b"/v1"),
        Trouble(T.CONNECTION_TERMINATED, speaks="https"),
        (
            "TLS is spoken on this port",
            "it is asked in plain HTTP",
            "upstream: https://api:80/v1",
        ),
    ),
    "no TLS": (
        Upstream(Address("::1", 443, UpstreamTls())),
        Trouble(T.TLS_PROTOCOL_ERROR, speaks="http"),
        (
            "plain HTTP is spoken on this port, without TLS",
            "it is asked over TLS",
            "upstream: http://[::1]:443",
        ),
    ),
    "a certificate that has expired": (
        TLS,
        Trouble(BAD, fault=C.EXPIRED),
        ("its certificate has expired", "it has to be renewed there", None),
    ),
    "a certificate of tomorrow": (
        TLS,
        Trouble(BAD, fault=C.NOT_YET_VALID),
        ("its certificate is not valid yet", "is the clock right, here and there?", None),
    ),
    "an unknown authority": (
        TLS,
        Trouble(BAD, fault=C.UNTRUSTED),
        (
            "its certificate is of an authority that nobody here knows",
            "so it is not believed",
            (
                'upstream: {url: "https://api:8443", tls: {ca: FILE}}, FILE holding that '
                "authority's certificate"
            ),
        ),
    ),
    "its own authority": (
        OWN_CA,
        Trouble(BAD, fault=C.SELF_SIGNED),
        (
            "its certificate is signed by itself",
            "so it is not believed",
            "ca: FILE in its tls, FILE holding the certificate",
        ),
    ),
    "another name": (
        TLS,
        Trouble(BAD, fault=C.WRONG_NAME, names=("10.0.0.5", "*.corp", "api.corp", "::1")),
        (
            "its certificate is for 10.0.0.5 and *.corp and api.corp and ::1, not for api",
            "",
            'upstream: {url: "https://api:8443", tls: {server_name: api.corp}}',
        ),
    ),
    "another name than the one that is asked for": (
        OWN_CA,
        Trouble(BAD, fault=C.WRONG_NAME, names=("api.example",)),
        (
            "its certificate is for api.example, not for api.corp",
            "",
            "server_name: api.example in its tls",
        ),
    ),
    "names of which none can be written": (
        TLS,
        Trouble(BAD, fault=C.WRONG_NAME, names=("10.0.0.5",)),
        ("its certificate is for 10.0.0.5, not for api", "", None),
    ),
    "a name that was not found out": (
        TLS,
        Trouble(BAD, fault=C.WRONG_NAME),
        ("its certificate is for another name, not for api", "", None),
    ),
    "another fault": (
        TLS,
        Trouble(BAD, "certificate revoked", fault=C.OTHER),
        (
            "not reachable, for the upstream's certificate is no good (certificate revoked)",
            "",
            None,
        ),
    ),
}


@pytest.mark.parametrize(("upstream", "trouble", "expected"), TOLD.values(), ids=TOLD)
def test_it_is_told_of(upstream: Upstream, trouble: Trouble, expected: Told):
    route = Route(name="a", upstream=upstream, policy=POLICY)
    probe = Probe.of(route, None, Client("127.0.0.1"))
    assert tell(probe, trouble) == Found("error", *expected)
