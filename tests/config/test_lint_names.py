from collections.abc import Callable

import pytest

Tell = Callable[..., list[str]]


@pytest.mark.parametrize(
    "policy",
    [
        "allow_methods: [DELETE]",
        "allow_methods: [PUT], allow_headers: [content-type]",
        "allow_methods: ['*'], allow_headers: ['*', authorization]",
        "allow_methods: [PATCH], allow_headers: [Content-Type, Range]",
    ],
)
def test_what_will_do(policy: str, tell_cors: Tell):
    assert tell_cors(f"{{allow_origins: ['https://a.com'], {policy}}}") == []


def test_what_a_route_adds_is_judged_with_what_it_inherits(tell: Tell):
    own = "{allow_methods: [PUT]}"
    table = (
        "cors: {{allow_origins: ['https://a'], allow_headers: [{}]}}\n"
        "routes: [{{cors: {}, upstream: 'http://a'}}]"
    )
    assert tell(table.format("content-type", own)) == []
    assert tell(table.format("x-a", own)) == [
        (
            "2:18: routes[0].cors.allow_methods: requests with a JSON body will fail: Content-Type "
            "is not in allow_headers; write allow_headers: [Content-Type]"
        )
    ]
