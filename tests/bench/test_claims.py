"""What the benches make of what they measured: ratios, verdicts, the page and its picture."""

import xml.etree.ElementTree as ET

import pytest
from harness import report
from harness.chart import chart
from harness.claims import Claim, Outcome, Reading, at_least, at_most, limit, number, table
from harness.reasons import reasons

RATES = [(10.0, 20.0), (12.0, 20.0), (30.0, 40.0)]
FASTER = Claim("small GET", "nginx", "x", 0.6, 0.5, 0.75, 0.45, by_cost=0.7)
LATER = Claim("p99 latency", "caddy", "x", 1.2, 0.9, 1.4, 1.0, at_most=True)


@pytest.mark.parametrize(
    ("claim", "value", "low", "high", "met"),
    [
        pytest.param(at_least("w", "p", RATES, 0.6), 0.6, 0.5, 0.75, True, id="as fast as said"),
        pytest.param(at_least("w", "p", RATES, 0.61), 0.6, 0.5, 0.75, False, id="not as fast"),
        pytest.param(at_most("w", "p", RATES, 0.6), 0.6, 0.5, 0.75, True, id="as short as said"),
        pytest.param(at_most("w", "p", RATES, 0.59), 0.6, 0.5, 0.75, False, id="not as short"),
        pytest.param(limit("w", "s", [3, 1, 2], 2), 2, 1, 3, True, id="within a limit"),
        pytest.param(limit("w", "s", [3, 1, 2], 1.9), 2, 1, 3, False, id="over a limit"),
    ],
)
def test_a_claim_is_the_median_of_its_rounds(
    claim: Claim, value: float, low: float, high: float, met: bool
):
    assert (claim.value, claim.low, claim.high, claim.met) == (value, low, high, met)


@pytest.mark.parametrize(
    ("claim", "headroom"),
    [
        pytest.param(Claim("w", "p", "x", 2, 2, 2, 1), 2, id="twice what was said"),
        pytest.param(Claim("w", "p", "x", 2, 2, 2, 1, at_most=True), 0.5, id="twice what may be"),
        pytest.param(Claim("w", "", "KiB", 0, 0, 0, 1, at_most=True), 100, id="nothing at all"),
    ],
)
def test_how_far_beyond_its_goal_a_figure_is(claim: Claim, headroom: float):
    assert claim.headroom == headroom


def test_a_claim_as_a_line():
    assert str(FASTER) == (
        "small GET against nginx: 0.60 x (0.50 to 0.75), goal >= 0.45: met; "
        "by processor time 0.70 x"
    )
    assert str(LATER) == ("p99 latency against caddy: 1.20 x (0.90 to 1.40), goal <= 1.00: MISSED")


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.456, "0.46"), (9.5, "9.50"), (12.34, "12.3"), (123.4, "123"), (54321.0, "54,321")],
)
def test_a_number_has_three_figures(value: float, written: str):
    assert number(value) == written


def test_readings_as_a_table():
    reading = Reading("small GET", "nginx", "requests/s", (100.0, 300.0, 200.0), 15.04, 0.987)

    assert table([reading])[2:] == [
        "| small GET | nginx | 200 requests/s | 100 to 300 | 15.0 | 99% |"
    ]


def test_the_page_holds_every_claim_note_and_fact():
    outcome = Outcome([], [FASTER, LATER], ["something was off"])
    text = report.page(outcome, {"Python": "CPython 3.11"}, ["5 rounds"])

    assert "1 of 2 goals are met." in text
    assert "| small GET | nginx | 0.60 x | 0.50 to 0.75 | 0.70 x | ≥ 0.45 x | met |" in text
    assert "| p99 latency | caddy | 1.20 x | 0.90 to 1.40 |  | ≤ 1.00 x | **missed** |" in text
    assert "- something was off\n" in text
    assert "| Python | CPython 3.11 |" in text
    assert "- 5 rounds\n" in text


def test_the_picture_shows_each_claim_with_its_verdict():
    root = ET.fromstring(chart([FASTER, LATER], "a < b"))
    space = "{http://www.w3.org/2000/svg}"
    texts = [node.text for node in root.iter(space + "text")]

    assert texts[0] == "a < b"
    assert texts[-4:] == [
        "small GET against nginx", "0.60 x (≥ 0.45), met",
        "p99 latency against caddy", "1.20 x (≤ 1.00), missed",
    ]  # fmt: skip
    assert len(list(root.iter(space + "circle"))) == 1


def test_the_picture_keeps_a_figure_off_its_axis_at_the_end():
    far = Claim("w", "p", "x", 1000, 900, 1100, 1)
    root = ET.fromstring(chart([far], "t"))
    circle = next(root.iter("{http://www.w3.org/2000/svg}circle"))

    assert 0 < float(circle.attrib["cx"]) < float(root.attrib["width"])


def test_a_missed_goal_has_its_reason_and_one_reason_is_told_once():
    missed = [
        Claim("1 MiB upload", against, "x", 0.5, 0.5, 0.5, goal=0.75)
        for against in ("nginx", "caddy")
    ]
    met = Claim("preflight", "nginx", "x", 0.5, 0.5, 0.5, goal=0.4)
    unknown = Claim("a new claim", "", "s", 2.0, 2.0, 2.0, goal=1.0, at_most=True)
    lines = list(reasons([*missed, met, unknown]))
    assert [line.partition(": ")[0] for line in lines] == [
        "- 1 MiB upload against nginx; 1 MiB upload against caddy",
        "- a new claim",
    ]
    assert lines[1].endswith(": not looked into yet.")
