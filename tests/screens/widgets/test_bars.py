import subprocess
import sys

from screens.widgets.bars import bar, interval, sparkline


def test_a_bar_has_eighths():
    assert bar(0.375, 10) == "███▊░░░░░░"
    assert bar(1.0, 4) == "████"
    assert bar(0.0, 4) == "░░░░"
    assert bar(None) == ""


def test_an_interval_is_in_percent():
    assert interval(0.137, 0.694) == "[13.7 69.4]"


def test_a_sparkline_spans_its_own_range():
    assert sparkline([0.1, 0.2, None, 0.5]) == "▁▃ █"
    assert sparkline([0.3, 0.3]) == "▄▄"
    assert sparkline([]) == ""


def test_a_sparkline_keeps_to_the_range_given():
    assert sparkline([0.0, 0.5, 2.0], low=0.0, high=1.0) == "▁▅█"


def test_bars_load_no_textual():
    code = "import sys, screens.widgets.bars; sys.exit('textual' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
