from collections.abc import Callable

import pytest

LETTERS = "a path is compared letter by letter: nothing in it stands for something else"


@pytest.mark.parametrize(
    ("path", "write"),
    [
        ("/users/:id", "path_regex: '/users/[^/]+'"),
        ("/users/{id}", "path_regex: '/users/[^/]+'"),
        ("/users/<id>/x.y-z", r"path_regex: '/users/[^/]+/x\.y-z'"),
        ("/users/[id]", "path_regex: '/users/[^/]+'"),
        ("/a/*/b", "path_regex: '/a/[^/]+/b'"),
        ("/api/(.*)", "path: /api"),
        ("/.*", "path: /"),
        ("/:id/.*", "path_regex: '/[^/]+/.*'"),
        ("/v[0-9]+/a", "path_regex: '/v[0-9]+/a'"),
        ("/(a|b)", "path_regex: '/(a|b)'"),
    ],
)
def test_a_path_that_means_more_than_it_says(
    path: str, write: str, tell_route: Callable[..., list[str]]
):
    expected = f'3:10: routes[0].path: "{path}": {LETTERS}; write {write}'
    assert tell_route(f"path: '{path}'") == [expected]


@pytest.mark.parametrize("path", ["/", "/a.b", "/users:batch", "/Users(1)", "/a-b/~c"])
def test_a_path_that_says_what_it_means(path: str, tell_route: Callable[..., list[str]]):
    assert tell_route(f"path: '{path}'") == []
