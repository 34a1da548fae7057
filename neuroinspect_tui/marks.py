"""What a person has marked in a workspace: the edit that is kept, the neurons that are ticked.

marks.json, written beside and renamed; a damaged one counts as none.
"""

from pathlib import Path

import msgspec
from msgspec import Struct, structs

from engine.edits import find_edit
from engine.errors import EngineError
from engine.files import write_json

FILE = "marks.json"


class Marks(Struct, frozen=True):
    """Everything marked."""

    kept: str | None = None
    """An edit's id."""
    ticks: dict[str, tuple[int, ...]] = {}
    """Neurons by class index."""


def read_marks(home: Path) -> Marks:
    """Read marks.json."""
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=Marks)
    except (OSError, msgspec.DecodeError):
        return Marks()


def kept_edit(home: Path) -> str | None:
    """Return the id of the kept edit, if it is still there."""
    kept = read_marks(home).kept
    return kept if kept and (home / "edits" / kept / "edit.json").is_file() else None


def keep_edit(home: Path, edit: str | None) -> str | None:
    """Keep an edit, or with None undo; return its whole id.

    Raises:
        EditError: No such edit.
    """
    whole = None if edit is None else find_edit(home / "edits", edit).name
    _write(home, structs.replace(read_marks(home), kept=whole))
    return whole


def tick(home: Path, class_index: int, neurons: tuple[int, ...]) -> None:
    """Remember the neurons ticked for a class."""
    marks = read_marks(home)
    ticks = marks.ticks | {str(class_index): neurons}
    _write(home, structs.replace(marks, ticks={k: v for k, v in ticks.items() if v}))


def _write(home: Path, marks: Marks) -> None:
    if not home.is_dir():  # writing would bring it back, with nothing else in it
        raise EngineError(f"{home} is gone; open another workspace.")
    write_json(home / FILE, marks)
