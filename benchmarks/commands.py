"""Whole commands on a filled workspace, from Enter to the prompt."""

import subprocess
import sys
from functools import partial

from benchmarks.setting import WORST, Figure, Setting
from neuroinspect_tui.workspace import write_source

COMMANDS = {
    "--help": (("--help",), 0.5),
    "classes": (("classes",), 1.0),
    "mistakes": (("mistakes", "-c", WORST), 1.0),
    "neurons": (("neurons", "-c", WORST), 1.0),
    "neuron": (("neuron", "853", "-c", WORST), 1.0),
    "whatif --curve": (("whatif", "-c", WORST, "--top", "40", "--curve"), 1.0),
}
TIMES = 5


def measure(setting: Setting) -> list[Figure]:
    """Time each against an interpreter that does nothing."""
    setting.cache()
    write_source(setting.home, setting.source)
    figures = []
    for name, (words, limit) in COMMANDS.items():
        at = [] if name == "--help" else ["-w", str(setting.home)]
        command = partial(_run, "-m", "neuroinspect_tui", *words, *at)
        ours, bare = setting.pairs(command, partial(_run, "-c", "pass"), TIMES)
        figures.append(
            Figure(
                f"`{name}`", f"{ours:.2f} s", f"{bare:.2f} s, python -c pass",
                f"{ours / bare:.0f}x", f"< {limit:g} s", ours < limit,
            )
        )  # fmt: skip
    edits = sorted(path.name for path in (setting.home / "edits").glob("*"))
    if edits:
        words = ("compare", edits[0], "-w", str(setting.home))
        ours = setting.median(partial(_run, "-m", "neuroinspect_tui", *words), TIMES)
        figures.append(Figure("`compare`", f"{ours:.2f} s", "", "", "< 1 s", ours < 1))
    return figures


def _run(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
