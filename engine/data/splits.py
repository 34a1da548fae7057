"""The images of a workspace's split, listed by the data reader that fits. No torch."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.data.class_names import read_names
from engine.data.readers import READERS
from engine.data.readers.base import Options, Sample, Split, match_split
from engine.schema.errors import DataError
from engine.schema.requests import Source

__all__ = ["Sample", "Split", "find_reader", "open_split"]


def open_split(source: Source, split: str) -> Split:
    """List a split's images.

    Raises:
        DataError: The data, the split or the class names are missing or malformed.
        RequestError: There is no such reader as the workspace names.
    """
    path = Path(source.data)
    name = find_reader(source)
    reader = READERS.get(name)
    try:
        options = Options(columns=source.columns, image_root=source.image_root)
        names = reader.splits(path, options)
        listed = reader.list(path, match_split(split, names, path), options)
    except OSError as error:
        raise _unreadable(path, error) from error
    listed = msgspec.structs.replace(listed, reader=name)
    if source.class_names is None:
        return listed
    classes = read_names(Path(source.class_names), listed.folders)
    groups = _regrouped(listed, classes)
    return msgspec.structs.replace(listed, classes=classes, groups=groups)


def find_reader(source: Source) -> str:
    """Return the name of the reader of a workspace's data: as it says, or the one that matches.

    A reader that is general is taken only where none that is specific matches.

    Raises:
        DataError: There are no data, or no reader matches them, or several do.
    """
    path = Path(source.data)
    try:
        if not (path.is_dir() or path.is_file()):
            raise DataError(f"No data at {path}: there is no such file or folder.")
        if source.reader is not None:
            return source.reader
        matching = {name: each for name, each in READERS.all().items() if each.matches(path)}
    except OSError as error:
        raise _unreadable(path, error) from error
    specific = [name for name, reader in matching.items() if not getattr(reader, "general", False)]
    names = specific or list(matching)
    if len(names) == 1:
        return names[0]
    if names:
        raise DataError(
            f"The data at {path} match several readers ({', '.join(names)}); choose one with "
            "`reader` in workspace.toml (init --reader)."
        )
    known = "; ".join(f"{name}: {reader.help}" for name, reader in READERS.all().items())
    raise DataError(f"No reader matches the data at {path}; the readers are: {known}.")


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"Cannot read the data at {path}: {error.strerror or error}.")


def _regrouped(listed: Split, classes: Sequence[str]) -> tuple[str, ...]:
    """Spell groups of class x attribute with the classes' new names."""
    new = dict(zip(listed.classes, classes, strict=True))
    parts = [group.partition(" × ") for group in listed.groups]
    return tuple(new.get(name, name) + cross + rest for name, cross, rest in parts)
