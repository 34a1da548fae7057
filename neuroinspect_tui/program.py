"""How this program is started again: by itself, or by a person who pastes what it printed."""

import sys
from pathlib import Path

from neuroinspect_tui.workspace import WorkspaceError, find_home
from screens.shown import command

NAME = "neuroinspect-tui"
PROGRAM = (sys.executable, "-P", "-m", "neuroinspect_tui")
"""Without -P, a directory named `engine` in the current one would be imported instead of ours."""


def command_line(home: Path, *words: str) -> str:
    """Return a command as one can paste it into a shell, quoted.

    It names the workspace with -w unless that one is found from the current directory.

    Args:
        home: The workspace.
        words: The command and its arguments, such as `jobs`, `follow` and an id.
    """
    where = () if _is_found(home) else ("-w", str(home.resolve()))
    return command(NAME, *words, *where)


def _is_found(home: Path) -> bool:
    try:
        return find_home(None).resolve() == home.resolve()
    except (WorkspaceError, OSError):
        return False
