"""What a person has marked in a workspace: the applied edit, the selected neurons and images.

It lies in marks.json. A damaged file counts as none, and is set aside when something is marked.
"""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, structs

from engine.editing.store import find_edit
from engine.io.atomic import read_json, write_json
from engine.io.locks import changing
from engine.schema.errors import StorageError

FILE = "marks.json"


class Marks(Struct, frozen=True):
    """Everything marked."""

    applied: str | None = None
    """An edit's id."""
    selected: dict[str, tuple[int, ...]] = {}
    """Neurons by class index."""
    images: dict[str, tuple[str, ...]] = {}
    """Images by class index: their paths below the data's root."""


class _Stored(Marks, frozen=True):
    """marks.json, which version 0.1 wrote with other names."""

    kept: str | None = None
    ticks: dict[str, tuple[int, ...]] = {}


def read_marks(home: Path) -> Marks:
    """Read marks.json."""
    return _read(home / FILE) or Marks()


def _read(path: Path) -> Marks | None:
    try:
        stored = read_json(path, _Stored)
    except StorageError:
        return None
    selected = stored.selected or stored.ticks
    return Marks(stored.applied or stored.kept, selected, stored.images)


def applied_edit(home: Path) -> str | None:
    """Return the id of the applied edit, if it is still there."""
    applied = read_marks(home).applied
    return applied if applied and (home / "edits" / applied / "edit.json").is_file() else None


def apply_edit(home: Path, edit: str | None) -> str | None:
    """Apply an edit, or with None undo; return its whole id.

    Raises:
        EditError: No such edit.
        StorageError: The workspace cannot be written.
    """
    whole = None if edit is None else find_edit(home / "edits", edit).name
    _change(home, lambda marks: structs.replace(marks, applied=whole))
    return whole


def select_neurons(home: Path, class_index: int, neurons: tuple[int, ...]) -> None:
    """Remember the neurons selected for a class.

    Raises:
        EngineError: The workspace is gone, or cannot be written.
    """

    def changed(marks: Marks) -> Marks:
        every = marks.selected | {str(class_index): neurons}
        return structs.replace(marks, selected={k: v for k, v in every.items() if v})

    _change(home, changed)


def select_images(home: Path, class_index: int, paths: tuple[str, ...]) -> None:
    """Remember the images selected for a class.

    Raises:
        EngineError: The workspace is gone, or cannot be written.
    """

    def changed(marks: Marks) -> Marks:
        every = marks.images | {str(class_index): paths}
        return structs.replace(marks, images={k: v for k, v in every.items() if v})

    _change(home, changed)


def _change(home: Path, change: Callable[[Marks], Marks]) -> None:
    """Change marks.json, one process at a time."""
    path = home / FILE
    with changing(path):
        if path.exists() and _read(path) is None:
            path.replace(home / f"{FILE}.damaged")
        write_json(path, change(read_marks(home)))
