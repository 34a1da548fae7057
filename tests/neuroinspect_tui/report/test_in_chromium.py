"""The report in a real browser: what it logs and asks for; it fits, sorts and enlarges."""

import pytest

from tests.neuroinspect_tui.report.chromium import Chromium, program

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(program() is None, reason="needs a Chromium on the PATH"),
]
A4 = 680
"""Pixels of its width between the margins."""
ACCURACIES = """
[...document.querySelectorAll("#class-table tbody tr")].map((row) => +row.cells[3].dataset.sort)
"""
SORT = """document.querySelectorAll("#class-table .sort")[3].click()"""


@pytest.fixture
def chromium(tmp_path):
    opened = Chromium(tmp_path / "profile")
    yield opened
    opened.close()


@pytest.fixture
def report(filled, run, tmp_path):
    out = tmp_path / "report.html"
    ran = run("report", "-w", filled, "--out", out)
    assert ran.code == 0, ran.err
    return out


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_asks_for_nothing_and_fits(chromium, report, width, scheme):
    chromium.open(report.as_uri(), width, scheme=scheme)
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    pictures = "[...document.images].filter((one) => one.src)"
    assert chromium.evaluate(f"{pictures}.length") > 10
    assert chromium.evaluate(f"{pictures}.every((one) => one.complete && one.naturalWidth > 0)")
    assert chromium.evaluate("document.querySelectorAll('svg').length") > 3
    paper = chromium.evaluate("getComputedStyle(document.body).backgroundColor")
    bright = sum(map(int, paper.removeprefix("rgb(").rstrip(")").split(","))) > 3 * 128
    assert bright == (scheme == "light")
    assert not chromium.logged
    asked = [url for url in chromium.requested if not url.startswith("data:")]
    assert asked == [report.as_uri()]


def test_columns_sort_both_ways(chromium, report):
    chromium.open(report.as_uri(), 1280)
    before = chromium.evaluate(ACCURACIES)
    assert len(set(before)) > 1
    chromium.evaluate(SORT)
    assert chromium.evaluate(ACCURACIES) == sorted(before)
    chromium.evaluate(SORT)
    assert chromium.evaluate(ACCURACIES) == sorted(before, reverse=True)
    assert not chromium.logged


def test_pictures_enlarge_and_close(chromium, report):
    chromium.open(report.as_uri(), 400)
    chromium.evaluate("document.querySelector('.picture').click()")
    small, large = (
        chromium.evaluate(f"document.querySelector('{one}').getBoundingClientRect().width")
        for one in (".picture img", "#zoom img")
    )
    assert large > small
    assert large <= 400
    same = "document.querySelector('#zoom img').src === document.querySelector('.picture img').src"
    assert chromium.evaluate(same)
    chromium.evaluate("document.getElementById('close').click()")
    assert chromium.evaluate("document.getElementById('zoom').open") is False
    assert not chromium.logged


def test_a_script_in_the_page_that_is_not_its_own_does_not_run(chromium, report):
    text = report.read_text(encoding="utf-8")
    report.write_text(text.replace("</main>", "<script>window.ran = 1</script></main>"))
    chromium.open(report.as_uri(), 1280)
    assert chromium.evaluate("window.ran") is None
    assert any("Content Security Policy" in str(one) for one in chromium.logged)


def test_on_paper_it_is_bright_without_the_dialog(chromium, report, tmp_path):
    chromium.open(report.as_uri(), A4, scheme="dark")
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    chromium.call("Emulation.setEmulatedMedia", media="print", features=[dark])
    assert chromium.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert chromium.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert chromium.evaluate("document.documentElement.scrollWidth") <= A4
    chromium.printed(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
