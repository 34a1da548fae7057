"""A terminal that a person could look at: a tmux pane, here or at the end of an ssh connection."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

SECONDS = 120.0


class Pane:
    """A tmux server of its own with one pane.

    Args:
        root: Where its socket lies.
        words: What runs in it.
        size: Columns and lines.
    """

    def __init__(self, root: Path, words: Sequence[str], size: tuple[int, int] = (120, 40)) -> None:
        self._tmux = ["tmux", "-S", str(root / "tmux"), "-f", "/dev/null"]
        columns, lines = size
        self.run("new-session", "-d", "-x", str(columns), "-y", str(lines), shlex.join(words))

    def run(self, *words: str) -> str:
        """Ask tmux."""
        ran = subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=False)
        return ran.stdout

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self.run("send-keys", *keys)

    def resize(self, columns: int, lines: int) -> None:
        """Make the terminal another size."""
        self.run("resize-window", "-x", str(columns), "-y", str(lines))

    def screen(self) -> str:
        """Return what is seen."""
        return self.run("capture-pane", "-p")

    def wait(self, pattern: str, seconds: float = SECONDS) -> str:
        """Wait until a pattern is seen; return the screen."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, seen := self.screen()):
            assert time.monotonic() < deadline, f"no {pattern!r} on:\n{seen}"
            time.sleep(0.05)
        return seen

    def process(self) -> int:
        """Return the pid of what runs in the pane."""
        return int(self.run("display-message", "-p", "#{pane_pid}"))

    def close(self) -> None:
        """End the server."""
        self.run("kill-server")


def program(home: Path) -> list[str]:
    """Return the words that open the app on a workspace."""
    return [
        "env", "-u", "COLUMNS", "-u", "LINES", "TERM=xterm-256color",
        f"PYTHONPATH={os.pathsep.join(filter(None, sys.path))}",
        sys.executable, "-m", "neuroinspect_tui", str(home),
    ]  # fmt: skip


def tmux() -> bool:
    """Tell whether this machine has tmux."""
    return shutil.which("tmux") is not None
