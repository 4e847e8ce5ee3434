from corsproxy.config.model_edits import Cookies, RequestHeaders, ResponseHeaders


def test_edits_that_say_nothing_change_nothing():
    assert RequestHeaders().model_dump() == {"set": {}, "add": {}, "remove": ()}
    assert ResponseHeaders().model_dump() == {"set": {}, "add": {}, "remove": ()}
    assert set(Cookies().model_dump().values()) == {None}


def test_each_attribute_of_a_cookie_stands_by_itself():
    written = {"domain": "strip", "path": "/a", "same_site": "lax", "secure": False}
    assert Cookies.model_validate(written).model_dump() == {
        "domain": "",
        "path": "/a",
        "same_site": "Lax",
        "secure": False,
    }


def test_values_are_octets():
    edits = RequestHeaders.model_validate({"set": {"A": "é"}, "add": {"B": "→"}})
    assert (edits.set, edits.add) == ({"A": b"\xe9"}, {"B": b"\xe2\x86\x92"})
