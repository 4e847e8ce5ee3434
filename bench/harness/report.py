"""The page of results: claims, chart, figures, machine."""

from collections.abc import Mapping, Sequence

from harness.claims import Claim, Outcome, number, table
from harness.reasons import reasons

INTRODUCTION = """\
Written by `make bench`; `bench/README.md` tells how it measures. Turns of all proxies alternate. A
ratio is the median of the ratios of each round, with the lowest and the highest; "by processor
time" is the same ratio by the processor time a request took, which a busy machine moves least and
which stands also where the load's core was the limit (a proxy that used less than about 90 % of its
own core was held up by the load)."""


def page(outcome: Outcome, facts: Mapping[str, str], how: Sequence[str]) -> str:
    """Write RESULTS.md."""
    met = sum(claim.met for claim in outcome.claims)
    lines = [
        "# Results",
        "",
        INTRODUCTION,
        "",
        f"{met} of {len(outcome.claims)} goals are met.",
        "",
        "![Each figure as a share of its goal](results.svg)",
        "",
        "## Goals",
        "",
        *_claims(outcome.claims),
        "",
        "## Goals that are missed, and why",
        "",
        *(reasons(outcome.claims) if met < len(outcome.claims) else ["None."]),
        "",
        "## Figures",
        "",
        *table(outcome.readings),
        "",
        *(f"- {note}" for note in outcome.notes),
        *([""] if outcome.notes else []),
        "## Machine",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in facts.items()),
        "",
        *(f"- {line}" for line in how),
    ]
    return "\n".join(lines) + "\n"


def _claims(claims: Sequence[Claim]) -> list[str]:
    lines = [
        "| work | against | figure | lowest to highest | by processor time | goal | |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for claim in claims:
        sign = "≤" if claim.at_most else "≥"
        cost = "" if claim.by_cost is None else f"{number(claim.by_cost)} x"
        lines.append(
            f"| {claim.work} | {claim.against} | {number(claim.value)} {claim.unit} "
            f"| {number(claim.low)} to {number(claim.high)} | {cost} "
            f"| {sign} {number(claim.goal)} {claim.unit} | {'met' if claim.met else '**missed**'} |"
        )
    return lines
