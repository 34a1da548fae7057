import subprocess
import sys

from screens.widgets.bars import bar, interval


def test_a_bar_has_eighths():
    assert bar(0.375, 10) == "███▊░░░░░░"
    assert bar(1.0, 4) == "████"
    assert bar(0.0, 4) == "░░░░"
    assert bar(None) == ""


def test_an_interval_is_in_percent():
    assert interval(0.137, 0.694) == "[13.7 69.4]"


def test_bars_load_no_textual():
    code = "import sys, screens.widgets.bars; sys.exit('textual' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
