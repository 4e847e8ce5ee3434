"""docs/troubleshooting.md has what it promises; that it is true, tests/browser shows."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
MISTAKES = yaml.safe_load((ROOT / "tests" / "browser" / "mistakes.yaml").read_text("utf-8"))
HEADINGS = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)


def sections(heading: str) -> dict[str, str]:
    """Return the parts below a heading, by their own headings."""
    part = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {title: body for title, _, body in (s.partition("\n") for s in part.split("\n### ")[1:])}


TWENTY, MORE = sections("The twenty most common mistakes"), sections("Six more")


@pytest.mark.parametrize(("title", "body"), sections("What the console says").items())
def test_a_message_is_told_for_three_browsers_with_cause_command_and_mend(title: str, body: str):
    told = re.findall(r"^(?:- )?(Chromium|Firefox|Safari|Cause|Command|Mend): ", body, re.MULTILINE)

    assert told == ["Chromium", "Firefox", "Safari", "Cause", "Command", "Mend"], title


def test_each_mistake_has_its_number_and_its_test():
    numbered = [f"{i}. {row['title']}" for i, row in enumerate(MISTAKES, 1)]

    assert len(TWENTY) == 20
    assert [*TWENTY, *MORE] == numbered


@pytest.mark.parametrize("row", MISTAKES, ids=lambda row: row["title"])
def test_a_mistake_shows_what_works(row: dict[str, str]):
    number = MISTAKES.index(row) + 1

    assert row["works"] in {**TWENTY, **MORE}[f"{number}. {row['title']}"]


@pytest.mark.parametrize("link", re.findall(r"\]\(#([^)]*)\)", TEXT))
def test_a_link_within_the_page_leads_somewhere(link: str):
    slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADINGS]

    assert link in slugs
