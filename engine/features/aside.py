"""The images that a person set aside: they count neither as right nor as wrong. No torch.

set_aside.csv lies in the workspace, for anyone to read and correct. No image is touched, and no row
of a feature cache: `engine.features.cache.open_cache` masks the rows of what is listed.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.data.splits import Sample
from engine.io.atomic import write_text
from engine.io.locks import changing
from engine.schema.arrays import Array
from engine.schema.errors import StorageError

FILE = "set_aside.csv"
COLUMNS = ("path", "split", "class", "reason")


class Listed(Struct, frozen=True):
    """An image set aside."""

    path: str
    """Below the data, as the feature cache has it."""
    split: str
    class_: str
    """What it was labelled, for whoever reads the file."""
    reason: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What the image is known by."""
        return self.split, self.path


def read_aside(home: Path) -> tuple[Listed, ...]:
    """Read a workspace's list; empty where there is none.

    A damaged list is refused, not taken for none: every image would count again, unsaid.

    Raises:
        StorageError: It cannot be read, or is damaged.
    """
    path = home / FILE
    try:
        text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StorageError(f"Cannot read {path}: {error.strerror or error}.") from error
    try:
        return _parsed(text)
    except (csv.Error, ValueError) as error:
        raise StorageError(
            f"{path} is damaged ({error}); correct it, or move it away and every image counts."
        ) from error


def _parsed(text: str) -> tuple[Listed, ...]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    if tuple(next(reader, ())) != COLUMNS:
        raise ValueError(f"its first line is not {','.join(COLUMNS)}")
    found: dict[tuple[str, str], Listed] = {}
    for values in reader:
        if not values:
            continue
        if len(values) != len(COLUMNS) or not (values[0] and values[1]):
            raise ValueError(f"line {reader.line_num} is no path,split,class,reason")
        listed = Listed(*values)
        found.setdefault(listed.key, listed)
    return tuple(found.values())


def set_aside(home: Path, images: Iterable[Listed]) -> None:
    """Add images to the list; what is listed already stays as it is.

    Raises:
        EngineError: The workspace is gone, or the list is damaged or cannot be written.
    """
    _change(home, lambda known: {image.key: image for image in images} | known)


def bring_back(home: Path, keys: Iterable[tuple[str, str]]) -> None:
    """Take images, by split and path, off the list.

    Raises:
        EngineError: As of `set_aside`.
    """
    gone = set(keys)
    _change(home, lambda known: {key: one for key, one in known.items() if key not in gone})


Known = dict[tuple[str, str], Listed]


def _change(home: Path, change: Callable[[Known], Known]) -> None:
    """Change the list, one process at a time."""
    path = home / FILE
    with changing(path):
        known = {listed.key: listed for listed in read_aside(home)}
        changed = change(known)
        if changed != known:
            write_text(path, _text(changed.values()))


def _text(images: Iterable[Listed]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    ordered = sorted(images, key=lambda image: image.key)
    writer.writerows((one.path, one.split, one.class_, one.reason) for one in ordered)
    return text.getvalue()


def rows_aside(
    listed: Sequence[Listed], split: str, samples: Sequence[Sample]
) -> tuple[Array, tuple[str, ...]]:
    """Return the rows of a split's images that are set aside, and the listed paths it lacks.

    Args:
        listed: The workspace's list.
        split: The split's name.
        samples: Its images, row by row.
    """
    wanted = {one.path for one in listed if one.split == split}
    if not wanted:
        return np.zeros(0, dtype=np.int64), ()
    rows = [row for row, sample in enumerate(samples) if sample.path in wanted]
    lacking = wanted - {samples[row].path for row in rows}
    return np.array(rows, dtype=np.int64), tuple(sorted(lacking))
