"""Whole commands on a workspace with features, from start to exit."""

import subprocess
import sys
from functools import partial

from benchmarks.setting import WORST, Result, Setting
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


def measure(setting: Setting) -> list[Result]:
    """Time each command, compared with an interpreter that does nothing."""
    setting.cache()
    write_source(setting.home, setting.source)
    results = []
    for name, (words, limit) in COMMANDS.items():
        at = [] if name == "--help" else ["-w", str(setting.home)]
        command = partial(_run, "-m", "neuroinspect_tui", *words, *at)
        ours, bare = setting.pairs(command, partial(_run, "-c", "pass"), TIMES)
        results.append(
            Result(
                f"`{name}`", f"{ours:.2f} s", f"{bare:.2f} s, python -c pass",
                f"{ours / bare:.0f}x", f"< {limit:g} s", ours < limit,
            )
        )  # fmt: skip
    edits = sorted(path.name for path in (setting.home / "edits").glob("*"))
    if edits:
        words = ("compare", edits[0], "-w", str(setting.home))
        ours = setting.median(partial(_run, "-m", "neuroinspect_tui", *words), TIMES)
        results.append(Result("`compare`", f"{ours:.2f} s", "", "", "< 1 s", ours < 1))
    return results


def _run(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
