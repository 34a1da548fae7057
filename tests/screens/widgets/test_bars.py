import subprocess
import sys

from screens.widgets.bars import bar


def test_a_bar_has_eighths():
    assert bar(0.375, 10) == "███▊░░░░░░"
    assert bar(1.0, 4) == "████"
    assert bar(0.0, 4) == "░░░░"
    assert bar(None) == ""


def test_bars_load_no_textual():
    code = "import sys, screens.widgets.bars; sys.exit('textual' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
