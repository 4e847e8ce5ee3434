from collections.abc import Callable

import pytest

Tell = Callable[..., list[str]]
LOOP = "the proxy itself listens here: a request would come back to it (508)"
ADMIN = "this is the admin listener, which is not for pages"
CLOUD = "clouds give the machine's own credentials out here, to every allowed page"


@pytest.mark.parametrize(
    ("listen", "upstream", "what"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080", LOOP),
        ("127.0.0.1:8080", "http://localhost:8080/x", LOOP),
        ("localhost:8080", "http://[::1]:8080", LOOP),
        (":80", "http://localhost", LOOP),
        ("0.0.0.0:8080", "http://127.0.0.2:8080", LOOP),
        ("api.example:8080", "http://api.example:8080", LOOP),
        ("unix:/a.sock", "unix:/a.sock", LOOP),
        ("127.0.0.1:8080", "http://127.0.0.1:8081", ADMIN),
        ("127.0.0.1:8080", "http://169.254.169.254", CLOUD),
        ("127.0.0.1:8080", "http://metadata.google.internal./x", CLOUD),
        ("127.0.0.1:8080", "http://[fd00:ec2::254]", CLOUD),
        ("127.0.0.1:8080", "http://127.0.0.1:8000", None),
        ("127.0.0.1:8080", "http://[::1]:8080", None),
        ("127.0.0.1:0", "http://127.0.0.1:80", None),
        (":8080", "http://api:8080", None),
        ("unix:/a.sock", "unix:/b.sock", None),
        ("unix:/a.sock", "http://localhost:8080", None),
    ],
)
def test_where_no_request_should_go(listen: str, upstream: str, what: str | None, tell: Tell):
    table = f"listen: '{listen}'\nroutes: [{{cors: off, upstream: '{upstream}'}}]"
    told = f'2:32: routes[0].upstream: "{upstream}": {what}; write the address of the API'
    assert tell(table) == ([told] if what else [])


def test_a_forward_proxy_may_have_another_localhost(tell: Tell):
    upstream = "{url: 'http://localhost:8080', proxy: 'http://p:3128'}"
    assert tell(f"routes: [{{cors: off, upstream: {upstream}}}]") == []
