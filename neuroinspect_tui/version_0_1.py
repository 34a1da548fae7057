"""What version 0.1 left in a workspace and is not used any more, in sentences for people."""

from pathlib import Path

from engine.editing.store import old_edits
from engine.features.weights import FOLDER

OLD_FOLDER = "bank"
MEGABYTE = 1_000_000


def old_features(home: Path) -> str | None:
    """Say what to do about the features that version 0.1 extracted; None where there are none."""
    folder = home / OLD_FOLDER
    try:
        if not any(folder.glob("*/meta.json")):
            return None
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:
        return None  # it is being removed, or somebody else's
    return (
        f"{folder} was made by version 0.1 and is not used any more: features are extracted again "
        f"into {FOLDER}/. Remove it to free {max(1, round(size / MEGABYTE))} MB."
    )


def old_edits_of(home: Path) -> str | None:
    """Say what to do about the edits that version 0.1 made; None where there are none."""
    count = len(old_edits(home / "edits"))
    if not count:
        return None
    edits = "1 edit in edits/ was" if count == 1 else f"{count} edits in edits/ were"
    again = "make it again" if count == 1 else "make them again"
    return f"{edits} made by version 0.1 and cannot be read any more; {again} with `edit`."


def leftovers(home: Path) -> list[str]:
    """Return a sentence for each kind of thing that version 0.1 left."""
    return [said for said in (old_features(home), old_edits_of(home)) if said is not None]
