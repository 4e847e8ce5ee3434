"""What can be said of the page without a browser; `tests/browser` runs it in one."""

import re
from html.parser import HTMLParser
from importlib.resources import files

PAGE = files("corsproxy.demo").joinpath("page")
HTML = PAGE.joinpath("index.html").read_text(encoding="utf-8")
STYLE = PAGE.joinpath("style.css").read_text(encoding="utf-8")
SCRIPT = PAGE.joinpath("demo.js").read_text(encoding="utf-8")

CASES = [  # in this order
    "get",
    "exposed-header",
    "post-form",
    "post-json",
    "put",
    "delete",
    "patch",
    "custom-header",
    "credentials",
]


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


ELEMENTS = Elements(HTML).found


def test_the_page_refers_only_to_its_own_files():
    loaded = [
        value
        for _, attributes in ELEMENTS
        for key, value in attributes.items()
        if key in {"src", "href", "srcset", "action", "data"}
    ]
    assert loaded == ["data:,", "style.css", "demo.js"]


def test_no_file_of_the_page_holds_an_address_or_an_import():
    everything = HTML + STYLE + SCRIPT
    assert re.findall(r"\w+://|url\(|@import|\bimport\b", everything) == []


def test_the_script_writes_texts_never_markup():
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval", SCRIPT) == []


def test_the_cases_are_all_there_in_order():
    assert re.findall(r'^    id: "([a-z-]+)",$', SCRIPT, flags=re.MULTILINE) == CASES


def test_each_case_says_what_it_is_and_why_it_is_blocked():
    for key in ("title", "request", "preflight", "blocked", "run"):
        assert len(re.findall(rf"^    {key}:", SCRIPT, flags=re.MULTILINE)) == len(CASES), key


def test_only_the_patch_is_refused_through_the_proxy():
    cases = re.split(r"^    id: ", SCRIPT, flags=re.MULTILINE)[1:]
    refused = [case.split('"')[1] for case in cases if "\n    refused:" in case]
    assert refused == ["patch"]
    assert "allow_methods: [GET, POST, PUT, DELETE, PATCH]" in SCRIPT


def test_the_script_finds_every_element_it_asks_for():
    ids = {attributes["id"] for _, attributes in ELEMENTS if "id" in attributes}
    assert set(re.findall(r'getElementById\("([a-z-]+)"\)', SCRIPT)) <= ids
    totals = [attributes["data-total"] for _, attributes in ELEMENTS if "data-total" in attributes]
    assert totals == ["direct", "proxy"]


def test_results_are_announced_and_the_table_has_its_headers():
    status = next(attributes for _, attributes in ELEMENTS if attributes.get("id") == "status")
    assert (status["role"], status["aria-live"]) == ("status", "polite")
    headers = [attributes["scope"] for tag, attributes in ELEMENTS if tag == "th"]
    assert headers == ["col", "col", "col"]
    assert [tag for tag, _ in ELEMENTS if tag == "caption"] == ["caption"]


def test_the_page_follows_light_dark_and_narrow():
    assert "@media (prefers-color-scheme: dark)" in STYLE
    assert "@media (max-width: 46rem)" in STYLE
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in ELEMENTS
