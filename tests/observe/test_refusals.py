"""What was refused is told once, counted boundedly, and has the line that would allow it."""

import logging
from dataclasses import replace

import pytest

from corsproxy.core.cors import CorsPolicy, CorsRequest, PreflightRequest
from corsproxy.core.messages import Client, Passage
from corsproxy.core.origins import compile_origins
from corsproxy.core.verdicts import Reason, Refusal, Verdict
from corsproxy.observe.refusals import Refusals

POLICY = CorsPolicy(origins=compile_origins(["http://localhost:3001"]), methods=("PUT",))
PAGE = b"http://localhost:3001"


def judged(origin: bytes, method: bytes | None = None) -> Passage:
    kind = PreflightRequest((origin,), (method,)) if method else CorsRequest((origin,))
    return Passage(POLICY.judge(kind), POLICY, Client(None))


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_the_first_of_a_kind_is_told_with_what_would_allow_it(caplog: pytest.LogCaptureFixture):
    refusals = Refusals()
    for _ in range(3):
        refusals.report(judged(b"http://localhost:3000"))
        refusals.report(judged(PAGE, b"PATCH"))
    refusals.report(judged(PAGE))
    refusals.report(judged(b"https://a b"))
    assert lines(caplog) == [
        (
            "cors refuses http://localhost:3000: origin_not_allowed (differs only by the port from "
            "'http://localhost:3001'); to allow it: "
            'cors.allow_origins: ["http://localhost:3001", "http://localhost:3000"]'
        ),
        "cors refuses PATCH: method_not_allowed; to allow it: cors.allow_methods: [PUT, PATCH]",
        "cors refuses https://a b: origin_malformed (one origin an item, without blanks or commas)",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert refusals.told() == {
        "refused": [
            {
                "place": "cors",
                "reason": "origin_not_allowed",
                "culprit": "http://localhost:3000",
                "near_miss": "differs only by the port from 'http://localhost:3001'",
                "allow_with": 'cors.allow_origins: ["http://localhost:3001", '
                '"http://localhost:3000"]',
                "enforced": True,
                "count": 3,
            },
            {
                "place": "cors",
                "reason": "method_not_allowed",
                "culprit": "PATCH",
                "near_miss": None,
                "allow_with": "cors.allow_methods: [PUT, PATCH]",
                "enforced": True,
                "count": 3,
            },
            {
                "place": "cors",
                "reason": "origin_malformed",
                "culprit": "https://a b",
                "near_miss": "one origin an item, without blanks or commas",
                "allow_with": None,
                "enforced": True,
                "count": 1,
            },
        ],
        "others": 0,
    }


def test_who_sends_ever_new_origins_fills_neither_the_table_nor_the_log(
    caplog: pytest.LogCaptureFixture,
):
    refusals = Refusals()
    for number in range(1500):
        refusals.report(judged(b"https://%d.example" % number))
    told = refusals.told()
    assert (len(told["refused"]), told["others"]) == (1024, 476)  # type: ignore[arg-type]
    assert len(lines(caplog)) == 101
    assert lines(caplog)[-1] == (
        "what else is refused is only counted: see /refused on the admin listener"
    )


def test_whom_nobody_can_be_is_not_to_be_allowed(caplog: pytest.LogCaptureFixture):
    refusals = Refusals()
    refusals.report(judged(b"https://another.invalid"))
    assert (lines(caplog), refusals.told()) == ([], {"refused": [], "others": 0})
    asked = PreflightRequest((PAGE,), (b"PUT",), (b"x.invalid",))
    refusals.report(Passage(POLICY.judge(asked), POLICY, Client(None)))
    assert lines(caplog) == [
        'cors refuses x.invalid: header_not_allowed; to allow it: cors.allow_headers: ["x.invalid"]'
    ]


def test_what_nothing_judged_is_not_counted():
    refusals = Refusals()
    refusal = Refusal(Reason.ORIGIN_NULL, "null")
    refusals.report(Passage(Verdict(), POLICY, Client(None)))
    refusals.report(Passage(Verdict(refusal=refusal), None, Client(None)))
    assert refusals.told() == {"refused": [], "others": 0}


def test_what_is_only_reported_is_told_as_such(caplog: pytest.LogCaptureFixture):
    refusals, policy = Refusals(), replace(POLICY, report=True)
    verdict = policy.judge(CorsRequest((b"https://other.example",)))
    refusals.report(Passage(verdict, policy, Client(None)))
    advice = 'cors.allow_origins: ["http://localhost:3001", "https://other.example"]'
    assert lines(caplog) == [
        (
            "cors would refuse, but for mode: report, https://other.example: origin_not_allowed; "
            f"to allow it: {advice}"
        )
    ]
    assert refusals.told() == {
        "refused": [
            {
                "place": "cors",
                "reason": "origin_not_allowed",
                "culprit": "https://other.example",
                "near_miss": None,
                "allow_with": advice,
                "enforced": False,
                "count": 1,
            }
        ],
        "others": 0,
    }


def test_of_a_long_list_just_the_new_entry_is_advised():
    refusals = Refusals()
    many = compile_origins([f"https://{number}.example" for number in range(100)])
    policy = replace(POLICY, origins=many)
    verdict = policy.judge(CorsRequest((b"https://other.example",)))
    refusals.report(Passage(verdict, policy, Client(None)))
    [row] = refusals.told()["refused"]  # type: ignore[misc]
    assert row["allow_with"] == 'cors.allow_origins: add "https://other.example"'
