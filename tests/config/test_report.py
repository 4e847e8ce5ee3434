import time
from collections.abc import Callable

from corsproxy.config.problems import Problem
from corsproxy.config.report import Report
from corsproxy.config.tree import Node, Place


def test_a_value_is_told_at_its_own_place_and_a_key_at_its_key(report: Report):
    node = Node(("a", "b"), "scalar", 5, "5", place=Place(2, 9), key_place=Place(2, 3))
    report.add(node, "too few", "6")
    report.add_key(node, "unknown")
    report.add_place(Place(1, 1), "no YAML", None, "*")
    assert report.problems == [
        Problem("t.yaml", "too few", "a.b", 5, "6", 2, 9),
        Problem("t.yaml", "unknown", "a.b", None, None, 2, 3),
        Problem("t.yaml", "no YAML", "", "*", None, 1, 1),
    ]


def test_only_errors_make_a_report_fail(report: Report, tree: Callable[[object], Node]):
    report.add(tree(1), "worth knowing", level="info")
    report.add(tree(1), "should be mended", level="warning")
    assert not report.failed
    report.add(tree(1), "is wrong")
    assert report.failed


def test_no_password_is_told(report: Report):
    report.add(Node((), "scalar", "http://u:p@h", "http://u:p@h"), "no", "https://u:p@h/x")
    assert str(report.problems[0]) == 't.yaml: "http://…@h": no; write https://…@h/x'


def test_a_password_is_looked_for_in_a_time_that_grows_with_the_text(report: Report):
    colons = "http:" + ":" * 10_000
    start = time.thread_time()
    report.add(Node((), "scalar", colons, colons), "no", colons + "@h")
    assert time.thread_time() - start < 0.5
    assert report.problems == [Problem("t.yaml", "no", "", colons, "…@h")]


def test_a_secret_of_the_environment_is_told_as_it_is_written(report: Report):
    node = Node(("request_headers", "set", "Authorization"), "scalar", "s3cret", "${TOKEN}")
    report.add(node, "no")
    assert str(report.problems[0]) == 't.yaml: request_headers.set.Authorization: "${TOKEN}": no'
