from corsproxy.config.model_tests import PolicyTest


def test_a_test_that_says_nothing_asks_for_nothing():
    assert PolicyTest().model_dump() == {
        "path": None,
        "origin": None,
        "method": "GET",
        "headers": (),
        "credentials": False,
        "expect": None,
        "reason": None,
    }
