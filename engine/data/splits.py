"""The images of a workspace's split, with their classes numbered as the model's. No torch."""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from engine.data.class_list import (
    ClassList,
    DataClasses,
    in_order,
    known_classes,
)
from engine.data.holdout import held_out
from engine.data.readers import READERS
from engine.data.readers.base import Options, Reader, Sample, Split, match_split
from engine.schema.errors import DataError
from engine.schema.records import Skipped
from engine.schema.requests import Source

__all__ = ["Sample", "Split", "data_classes", "find_reader", "list_split", "open_split"]


def open_split(source: Source, split: str) -> Split:
    """List a split's images; the classes are the model's, the same for every split.

    Raises:
        DataError: The data, the split or the class names are missing or malformed.
        RequestError: There is no such reader as the workspace names.
        StorageError: The workspace's list of classes is missing or damaged.
    """
    listed = list_split(source, split)
    if source.classes is not None:
        return numbered(listed, known_classes(source.classes, source.class_names))
    found = data_classes(_numbering(source, split, listed) or [listed])
    return numbered(listed, in_order(found, source.class_order, source.class_names))


def _numbering(source: Source, asked: str, listed: Split) -> list[Split]:
    """Return the splits from which the classes are taken: the two that the workspace names."""
    found = []
    for name in (source.train_split, source.eval_split):
        try:
            found.append(listed if name == asked else list_split(source, name))
        except DataError:  # there is no such split, or nothing in it
            continue
    return found


def list_split(source: Source, split: str) -> Split:
    """List a split as the data have it, with the classes of that split alone.

    Raises:
        DataError: The data or the split are missing or malformed.
        RequestError: There is no such reader as the workspace names.
    """
    path = Path(source.data)
    name = find_reader(source)
    reader = READERS.get(name)
    options = Options(columns=source.columns, image_root=source.image_root)
    try:
        listed = _listed(source, reader, split, options)
    except OSError as error:
        raise _unreadable(path, error) from error
    return msgspec.structs.replace(
        listed,
        reader=name,
        exif=source.exif,
        background=source.background,
        folders=_composed(listed.folders),
    )


def _composed(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Return names in Unicode's composed form: one split may come from macOS, another not."""
    composed = tuple(unicodedata.normalize("NFC", folder) for folder in folders)
    return composed if len(set(composed)) == len(composed) else folders


def _listed(source: Source, reader: Reader, split: str, options: Options) -> Split:
    path = Path(source.data)
    names = reader.splits(path, options)
    if source.valid_from is not None:
        base, share = held_out_share(source.valid_from)
        if split == source.eval_split or split in (source.train_split, base):
            whole = reader.list(path, match_split(base, names, path), options)
            return _part(whole, source, split, share)
    return reader.list(path, match_split(split, names, path), options)


def held_out_share(valid_from: str) -> tuple[str, float]:
    """Return the split and the share of `SPLIT:SHARE`.

    Raises:
        DataError: It is not of this form, or the share not between 0 and 1.
    """
    base, _, share = valid_from.rpartition(":")
    try:
        found = float(share)
    except ValueError:
        found = 0.0
    if not base or not 0 < found < 1:
        raise DataError(
            f"--valid-from {valid_from} is not SPLIT:SHARE with a share between 0 and 1; "
            "give, for example, train:0.15."
        )
    return base, found


def _part(whole: Split, source: Source, split: str, share: float) -> Split:
    """Return the part of a split that is held out, or the rest."""
    samples = whole.samples
    held = held_out([s.path for s in samples], [s.label for s in samples], share)
    wanted = split == source.eval_split
    kept = tuple(s for s, out in zip(samples, held, strict=True) if out == wanted)
    if not kept:
        raise DataError(
            f"{split} would hold no image of {whole.name} in {whole.root}: of a class with one "
            "image none is held out; evaluate on all with --eval-split."
        )
    return msgspec.structs.replace(whole, name=split, samples=kept)


def data_classes(splits: Sequence[Split], training: Split | None = None) -> DataClasses:
    """Return the classes that some splits have together, in the order in which the data list them.

    Args:
        splits: As `list_split` gives them.
        training: Which of them is the training split; None: none is.
    """
    keys = dict(zip(splits[0].folders, splits[0].classes, strict=True))
    in_order = all(list(split.folders) == sorted(split.folders) for split in splits)
    counts: dict[str, int] = {}
    for split in splits:
        keys |= dict(zip(split.folders, split.classes, strict=True))
        for sample in split.samples:
            key = split.folders[sample.label]
            counts[key] = counts.get(key, 0) + 1
    ordered = sorted(keys) if in_order else list(keys)
    trained = _in_use(training)
    return DataClasses(
        tuple(ordered),
        tuple(keys[key] for key in ordered),
        tuple(counts.get(key, 0) for key in ordered),
        trained=tuple(key for key in ordered if key in trained),
        declared=splits[0].reader != "image_folder",
    )


def _in_use(split: Split | None) -> frozenset[str]:
    used = set() if split is None else {sample.label for sample in split.samples}
    return frozenset(split.folders[label] for label in used) if split else frozenset()


def numbered(listed: Split, classes: ClassList) -> Split:
    """Number a split's classes as the model does; images of others are skipped, with the reason."""
    index = {key: number for number, key in enumerate(classes.keys)}
    labels = [index.get(folder, -1) for folder in listed.folders]
    kept, unknown = listed.samples, tuple[Skipped, ...]()
    if labels != list(range(len(labels))):
        kept = tuple(
            msgspec.structs.replace(sample, label=labels[sample.label])
            for sample in listed.samples
            if labels[sample.label] >= 0
        )
        unknown = tuple(
            Skipped(s.path, f"class {listed.folders[s.label]} is not among the model's classes")
            for s in listed.samples
            if labels[s.label] < 0
        )
    if not kept and not listed.skipped:
        raise DataError(
            f"No image of {listed.name} in {listed.root} is of one of the model's "
            f"{len(classes.keys)} classes ({', '.join(classes.keys[:3])}, ...); name the classes "
            "in the order of the outputs with --class-order."
        )
    names = dict(zip(listed.folders, listed.classes, strict=True))
    new = dict(zip(classes.keys, classes.names, strict=True))
    renamed = {names[key]: new[key] for key in listed.folders if key in new}
    return msgspec.structs.replace(
        listed,
        samples=kept,
        folders=classes.keys,
        classes=classes.names,
        groups=_regrouped(listed.groups, renamed),
        skipped=listed.skipped + unknown,
    )


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


def _regrouped(groups: Sequence[str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Spell groups of class x attribute with the classes' new names."""
    parts = [group.partition(" × ") for group in groups]
    return tuple(new.get(name, name) + cross + rest for name, cross, rest in parts)
