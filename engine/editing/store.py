"""Edits on disk: edits/<id>/ holds the head as safetensors and edit.json. No torch.

Nothing is ever overwritten, and a directory appears whole or not at all.
"""

import contextlib
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from engine.editing.heads import Head
from engine.evaluation.calibration import calibration
from engine.evaluation.changes import class_changes, moved
from engine.evaluation.scores import outcome
from engine.features.cache import FeatureCache
from engine.grouping.laying import overlay
from engine.grouping.store import load, names
from engine.io.atomic import cannot_write, read_json, write_json
from engine.schema.arrays import Array
from engine.schema.edits import Comparison, Edit
from engine.schema.errors import EditError, EngineError, StorageError
from engine.schema.records import ClassChange

RECORD, HEAD = "edit.json", "head.safetensors"
PARTIAL, FINISHED = ".partial", "finished.json"
KEPT, KEPT_SECONDS = 8, 7 * 86400.0


def open_partial(root: Path, key: str) -> Path:
    """Return where an edit under way keeps what it has; drop what others left long ago.

    Args:
        root: The workspace's edits/.
        key: What the edit's result depends on.
    """
    wanted = root / PARTIAL / key
    others = []
    for path in wanted.parent.glob("*"):
        with contextlib.suppress(OSError):  # gone meanwhile
            others.append((path.stat().st_mtime, path))
    newest = sorted((some for some in others if some[1] != wanted), reverse=True)
    for number, (time_, path) in enumerate(newest):
        if number >= KEPT or time_ < time.time() - KEPT_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
    return wanted


def finished_edit(root: Path, partial: Path) -> Edit | None:
    """Return the edit that an attempt killed at its very end saved already."""
    try:
        record = read_json(partial / FINISHED, Edit)
        return record if read_edit(root / record.id) == record else None
    except StorageError:
        return None


def drop_partial(root: Path, edit_id: str) -> None:
    """Forget that an edit was just finished, so that the same may be made anew."""
    for path in (root / PARTIAL).glob(f"*/{FINISHED}"):
        found = finished_edit(root, path.parent)
        if found is not None and found.id == edit_id:
            shutil.rmtree(path.parent, ignore_errors=True)


def save_edit(root: Path, record: Edit, head: Head, rows: Array, partial: Path) -> Edit:
    """Write an edit under a new id made of the time and the method; return it with that id.

    From then on `finished_edit` finds it, until `partial` is removed.

    Args:
        root: The workspace's edits/.
        record: The edit, with any id.
        head: The saved head.
        rows: The reporting rows of the feature cache that `record` reports on.
        partial: Where it is put together.

    Raises:
        StorageError: The workspace cannot be written.
    """
    stamp = datetime.now(UTC)
    wanted = f"{stamp:%Y%m%d-%H%M%S}-{record.method}"
    record = msgspec.structs.replace(record, created=stamp.isoformat(timespec="seconds"))
    temporary = partial / f"{wanted}.{stamp.microsecond}"
    try:
        temporary.mkdir(parents=True)
        arrays = {"weight": head.weight, "bias": head.bias, "held_out": rows}
        save_file({key: np.ascontiguousarray(some) for key, some in arrays.items()},
                  temporary / HEAD)  # fmt: skip
        name = wanted
        for number in range(2, 1000):
            record = msgspec.structs.replace(record, id=name)
            write_json(temporary / RECORD, record)
            write_json(partial / FINISHED, record)  # it counts once the edit is there
            try:
                temporary.rename(root / name)
            except OSError:
                if not (root / name).exists():
                    raise
                name = f"{wanted}-{number}"
            else:
                return record
        raise StorageError(f"Cannot write {root / wanted}: a thousand edits in one second.")
    except (OSError, SafetensorError) as error:
        reason = error if isinstance(error, OSError) else OSError(str(error))
        raise StorageError(cannot_write(root / wanted, reason)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def list_edits(root: Path) -> list[Edit]:
    """Return all readable edits, oldest first."""
    found = []
    for path in sorted(root.glob(f"[!.]*/{RECORD}")):
        try:
            found.append(read_json(path, Edit))
        except StorageError:
            continue  # damaged, or of version 0.1; `compare` on it says which
    return found


def old_edits(root: Path) -> tuple[str, ...]:
    """Return the ids of the edits that version 0.1 made, which cannot be read any more."""
    records = sorted(root.glob(f"[!.]*/{RECORD}"))
    return tuple(path.parent.name for path in records if _is_old(path))


def _is_old(record: Path) -> bool:
    try:
        keys = read_json(record, dict[str, Any])
    except StorageError:
        return False
    return "arms" in keys and "variants" not in keys


def find_edit(root: Path, wanted: str) -> Path:
    """Return the directory of an edit, from its id or the one id that starts so.

    Raises:
        EditError: None, or several.
    """
    names = sorted(path.parent.name for path in root.glob(f"[!.]*/{RECORD}"))
    hits = [name for name in names if name == wanted]
    if not hits and re.fullmatch(r"[\w.-]+", wanted):
        hits = [name for name in names if name.startswith(wanted)]
    if len(hits) == 1:
        return root / hits[0]
    if hits:
        raise EditError(
            f"{len(hits)} edits start with {wanted!r}: {', '.join(hits[:4])}; say more."
        )
    known = f"; the newest is {names[-1]}" if names else "; make one with `edit`"
    raise EditError(f"No edit {wanted!r} in {root}{known}.")


def read_edit(directory: Path) -> Edit:
    """Read an edit's record.

    Raises:
        StorageError: It is damaged, or was made by version 0.1.
    """
    try:
        return read_json(directory / RECORD, Edit)
    except StorageError as error:
        if not _is_old(directory / RECORD):
            raise
        raise StorageError(
            f"{directory.name} was made by version 0.1 and cannot be read any more; "
            "make the edit again."
        ) from error


def made_on(record: Edit) -> str | None:
    """Return the id of the edit that this one started from; None: the checkpoint."""
    return record.provenance.get("on")


def read_head(directory: Path, width: int, classes: int) -> tuple[Head, Array]:
    """Read an edit's head and its held-out rows.

    Raises:
        EditError: Damaged, or not for a decision layer of this shape.
    """
    path = directory / HEAD
    try:
        arrays = load_file(path)
        head, rows = Head(arrays["weight"], arrays["bias"]), arrays["held_out"]
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise EditError(f"{path} is missing or damaged ({error}); make the edit again.") from error
    numbers = head.weight.dtype == head.bias.dtype == np.float32 and rows.dtype == np.int64
    if not numbers or rows.ndim != 1 or not np.isfinite([head.weight.sum(), head.bias.sum()]).all():
        raise EditError(f"{path} is damaged (not the numbers of an edit); make the edit again.")
    if head.weight.shape != (classes, width) or head.bias.shape != (classes,):
        raise EditError(
            f"{path} edits a decision layer {head.weight.shape}, this model's is "
            f"{(classes, width)}; use the workspace it was made in."
        )
    return head, rows


def _within(numbers: list[int], count: int) -> bool:
    return bool(numbers) and min(numbers) >= 0 and max(numbers) < count


def compare_edit(cache: FeatureCache, directory: Path, record: Edit | None = None) -> Comparison:
    """Compare an edit with what it started from, image by image, where it was reported.

    Args:
        cache: Of its reporting split, with the edit that it was made on, if any (`made_on`).
        directory: The edit's.
        record: Its record; None: read it.

    Raises:
        EditError: The edit was made from other weights or images than the feature cache is of.
    """
    record = record or read_edit(directory)
    if record.provenance.get("reporting_cache") != cache.meta.key:
        raise EditError(
            f"{record.id} was made with other weights or images than {cache.directory} is of; "
            "restore those, or make the edit again."
        )
    cache = cache.whole  # an edit's record stays what it was: its rows are those that counted then
    head, rows = read_head(directory, cache.meta.width, len(cache.classes))
    aimed = [label.index for label in record.classes]
    if not (_within(rows.tolist(), cache.meta.n) and _within(aimed, len(cache.classes))):
        raise EditError(f"{directory} is damaged (it is about other images); make the edit again.")
    base = Head.of(cache)
    before, after = base.predict(cache, rows), head.predict(cache, rows)
    was, now = before == cache.labels[rows], after == cache.labels[rows]
    classes, groups = class_changes(cache, was, now, rows)
    grouping, by_grouping = _changes_by_grouping(cache, directory, record, was, now, rows)
    return Comparison(
        id=record.id,
        split=record.reported_on,
        before=outcome(cache, was, aimed, rows),
        after=outcome(cache, now, aimed, rows),
        classes=classes,
        groups=groups,
        grouping=grouping,
        by_grouping=by_grouping,
        fixed=moved(cache, rows[now & ~was], after[now & ~was]),
        broken=moved(cache, rows[was & ~now], after[was & ~now]),
        verdict=record.verdict,
        calibration_before=calibration(base.confidence(cache, rows), was),
        calibration_after=calibration(head.confidence(cache, rows), now),
    )


def _changes_by_grouping(
    cache: FeatureCache, directory: Path, record: Edit, was: Array, now: Array, rows: Array
) -> tuple[str | None, tuple[ClassChange, ...] | None]:
    """Return the stored grouping that an edit went by, and what changed in its groups.

    Nothing where it went by none, or by one that is another meanwhile or was never stored.
    """
    home = directory.parents[1]
    name, _, digest = record.provenance.get("groups", "").partition(" ")
    if not name or name not in names(home):
        return None, None
    try:
        stored = load(home, name)
        laid = overlay(stored, cache)
    except EngineError:
        return None, None  # damaged, or no longer of these images
    if stored.digest != digest:
        return None, None
    return name, class_changes(cache.with_groups(laid), was, now, rows)[1]
