from corsproxy.config.model_cors import Cors


def test_a_policy_that_says_nothing_allows_nothing():
    assert Cors().model_dump() == {
        "allow_origins": (),
        "allow_origin_regex": (),
        "allow_methods": (),
        "allow_headers": (),
        "expose_headers": (),
        "allow_credentials": False,
        "max_age": None,
        "upstream_cors": "replace",
        "allow_private_network": False,
        "preflight_status": 204,
        "on_refused": "forward",
        "mode": "enforce",
        "timing_allow_origin": None,
        "resource_policy": None,
        "dangerously_allow": (),
        "tests": (),
    }


def test_what_was_written_is_told_from_what_was_not():
    assert Cors.model_validate({"allow_credentials": False}).model_fields_set == {
        "allow_credentials"
    }
