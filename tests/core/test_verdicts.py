from corsproxy.core.verdicts import Reason, Refusal, Verdict


def test_the_reasons_are_those_of_the_contract():
    assert [str(reason) for reason in Reason] == [
        "origin_not_allowed",
        "origin_malformed",
        "origin_null",
        "method_not_allowed",
        "method_malformed",
        "header_not_allowed",
        "too_many_headers",
    ]


def test_a_verdict_is_a_yes_with_nothing_unless_it_says_more():
    assert Verdict() == Verdict(fields=(), vary=(), refusal=None, expose_all=False)
    assert Refusal(Reason.ORIGIN_NULL, "null").near_miss is None


def test_verdicts_are_compared_by_what_they_say():
    refusal = Refusal(Reason.ORIGIN_NULL, "null")

    assert Verdict(refusal=refusal) == Verdict(refusal=Refusal(Reason.ORIGIN_NULL, "null"))
    assert Verdict(refusal=refusal) != Verdict()
