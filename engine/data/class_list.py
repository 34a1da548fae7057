"""The model's classes, in the order of its outputs: made once, and given to every split.

Folders and labels are mapped to outputs by name, never by a split's own numbering. The order comes
from what the user says, else from the checkpoint, else from the data.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec import Struct

from engine.data.class_names import WNID, Named, distinct, read_names
from engine.io.atomic import read_json
from engine.schema.errors import CheckpointError, DataError

ORDERS: dict[str, Callable[[str], Any]] = {
    "sorted": lambda name: name,
    "natural": lambda name: natural_key(name),
    "lower": lambda name: (name.lower(), name),
}
"""Orders of folders that trainers use: torchvision's, timm's, and without regard to case."""
FEW = 8


class ClassList(Struct, frozen=True, kw_only=True):
    """classes.json of a workspace.

    Attributes:
        keys: By output: the class as the data spell it; as the model does where they have none.
        names: The same for people.
        order: Where the order comes from, in one sentence.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    order: str


class DataClasses(Struct, frozen=True):
    """The classes that the data of all used splits have, in the data's own order."""

    keys: tuple[str, ...]
    names: tuple[str, ...]
    counts: tuple[int, ...]
    """Images of each."""
    trained: tuple[str, ...] = ()
    """Those that have images in the training split."""
    declared: bool = False
    """Whether the data list their classes, with images or without, as folders do not."""


class Own(Struct, frozen=True):
    """What the checkpoint says of its classes: their number, and perhaps their names in order."""

    outputs: int | None = None
    names: tuple[str, ...] | None = None


def natural_key(name: str) -> list[int | str]:
    """Return the key by which timm's folder reader sorts: `2` before `10`, case ignored."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name.lower())]


def read_class_list(path: Path) -> ClassList:
    """Read classes.json.

    Raises:
        StorageError: It is missing or damaged.
        DataError: Its lists differ in length, or name a class twice.
    """
    found = read_json(path, ClassList)
    if len(found.keys) != len(found.names) or len(set(found.keys)) != len(found.keys):
        raise DataError(f"{path} does not name every class once; make it anew with `init`.")
    return found


def known_classes(path: str, names: str | None) -> ClassList:
    """Read classes.json, with the names of another file, if a workspace names one.

    Raises:
        StorageError: It is missing or damaged.
        DataError: Its lists differ in length, or the names do not fit.
    """
    found = read_class_list(Path(path))
    if names is None:
        return found
    given = read_names(Path(names), found.keys)
    if given.keys != found.keys and set(given.keys) == set(found.keys):
        raise DataError(
            f"{names} states another order of the classes than {path}; decide it with "
            f"`init DIR --class-names {names}`."
        )
    return _renamed(found, given, names)


def in_order(data: DataClasses, order: str | None, names: str | None) -> ClassList:
    """Return the classes of data of which no checkpoint is known, as a workspace names them.

    Raises:
        DataError: A file of names cannot be read, or does not fit.
    """
    return arrange(data, Own(), order, names)


def arrange(data: DataClasses, own: Own, order: str | None, names: str | None) -> ClassList:
    """Return the model's classes.

    Args:
        data: What the data have.
        own: What the checkpoint says.
        order: `sorted`, `natural`, `lower`, a file of names in the order of outputs, or None.
        names: A file of names; it is an order, too, where it names the data's own folders.

    Raises:
        DataError: A file of names cannot be read, or does not fit.
        CheckpointError: The checkpoint has another number of classes than the data.
    """
    given = None if names is None else read_names(Path(names), data.keys)
    found = _ordered(data, own, order, names, given)
    if own.outputs not in (None, len(found.keys)):
        file = found.order.removeprefix("as in ")
        if file != found.order:
            raise DataError(
                f"{file} names {len(found.keys)} classes, the checkpoint has {own.outputs}; "
                "name each of its outputs once."
            )
        raise CheckpointError(_mismatch(data, own.outputs))
    if given is None:
        return found
    return _renamed(found, given, str(names))


def _ordered(
    data: DataClasses, own: Own, order: str | None, names: str | None, given: Named | None
) -> ClassList:
    if order in ORDERS:
        used = with_images(data, own.outputs)
        keys = tuple(sorted(used, key=ORDERS[order]))
        return _listed(data, keys, keys, f"{_title(order)}, as asked")
    if order is not None:
        stated = read_names(Path(order), data.keys)
        placed = _placed(data, stated)
        if placed is None:
            raise DataError(
                f"{order} does not name the classes of the data ({_some(data.keys)}) in the order "
                "of the model's outputs; give a name a line, or {name: index} in JSON."
            )
        return _listed(data, *placed, f"as in {order}")
    if given is not None and (placed := _placed(data, given, whole=True)) is not None:
        return _listed(data, *placed, f"as in {names}")
    if own.names is not None:
        placed = _placed(data, Named(own.names, own.names))
        if placed is not None:
            return _listed(data, *placed, "as the checkpoint says")
    if own.outputs is not None and (placed := _by_wordnet(data, own.outputs)) is not None:
        return _listed(data, *placed, f"ImageNet's {own.outputs}, by WordNet id")
    used = with_images(data, own.outputs)
    if own.outputs is not None and _are_indices(used):
        used = _indexed(data, used, own.outputs)
        return _listed(data, used, used, "numbered as their labels")
    return _listed(data, used, used, "as the data list them" if _is_own(used) else "sorted by name")


def with_images(data: DataClasses, outputs: int | None = None) -> tuple[str, ...]:
    """Return the classes: all, those with images, or those of the training split, as outputs fit.

    Without outputs: all where the data declare their classes, else those with images.
    """
    used = tuple(key for key, count in zip(data.keys, data.counts, strict=True) if count)
    if outputs in (len(data.keys), len(used)) or not data.trained:
        return data.keys if not used or outputs == len(data.keys) or data.declared else used
    if outputs == len(data.trained):
        return data.trained
    return data.keys if data.declared else used


def _is_own(keys: Sequence[str]) -> bool:
    return list(keys) != sorted(keys)


def _are_indices(keys: Sequence[str]) -> bool:
    """Tell whether the keys are a table's labels 0, 1, 2, ... in the order of numbers."""
    return list(keys) == [str(index) for index in range(len(keys))]


def _indexed(data: DataClasses, used: tuple[str, ...], outputs: int) -> tuple[str, ...]:
    """Fit labels that are indices to the outputs: more outputs, or labels that begin at 1."""
    if len(used) == outputs + 1 and data.counts[0] == 0:
        return used[1:]
    return tuple(str(index) for index in range(max(outputs, len(used))))


def _title(order: str) -> str:
    return {
        "sorted": "sorted by name",
        "natural": "in natural order (2 before 10)",
        "lower": "sorted by name without regard to case",
    }[order]


def _listed(data: DataClasses, keys: Sequence[str], names: Sequence[str], order: str) -> ClassList:
    """Return the list; a class whose name is only its key is called as the data call it."""
    readable = dict(zip(data.keys, data.names, strict=True))
    shown = tuple(
        readable.get(key, name) if name == key else name
        for key, name in zip(keys, names, strict=True)
    )
    return ClassList(keys=tuple(keys), names=shown, order=order)


def _placed(
    data: DataClasses, named: Named, *, whole: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Map the data's classes to names in the order of outputs; None where they do not match.

    At least half of the data's classes must be among the names (all, where `whole`), under the
    strictest spelling that does it; the others are no answers of this model.
    """
    if not named.keys or len(set(named.keys)) != len(named.keys):
        return None
    used = with_images(data)
    for spell in (str, _loose, _number):
        here = _spelled(used, spell)
        for column in (named.keys, named.names):
            there = _spelled(column, spell)
            if here is None or there is None:
                continue
            common = here.keys() & there.keys()
            if len(common) == len(used) or (not whole and 2 * len(common) >= len(used)):
                by_output = {there[word]: here[word] for word in common}
                keys = tuple(by_output.get(name, name) for name in column)
                if len(set(keys)) == len(keys):
                    return keys, _shown(keys, column, named.names)
    return None


def _shown(keys: Sequence[str], column: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return names for people: the key itself where the file says no more than the data do."""
    return tuple(
        key if name == spelled and _loose(name) == _loose(key) else name
        for key, spelled, name in zip(keys, column, names, strict=True)
    )


def _spelled(names: Iterable[str], spell: Callable[[str], str]) -> dict[str, str] | None:
    """Return names by their spelling; None where two become one."""
    listed = list(names)
    found = {spell(name): name for name in listed}
    return found if len(found) == len(listed) else None


def _loose(name: str) -> str:
    return re.sub(r"[\s_\-]+", " ", name).strip().casefold()


def _number(name: str) -> str:
    """Spell `07`, `7.0` and `7 ` like `7`."""
    return re.sub(r"^0+(?=\d)|\.0+$", "", name.strip())


def _by_wordnet(data: DataClasses, outputs: int) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Map folders that are WordNet ids to the outputs of an ImageNet classifier."""
    used = with_images(data)
    if len(used) == outputs or not all(WNID.fullmatch(key) for key in used):
        return None
    for name in ("imagenet", "imagenet12k", "imagenet21k_goog", "imagenet21k_miil",
                 "imagenet21k_miil_w21", "imagenet22k", "imagenet22k_ms"):  # fmt: skip
        synsets = wordnet_lines(f"{name}_synsets.txt")
        if len(synsets) == outputs and set(used) <= set(synsets):
            lemmas = wordnet_names()
            return synsets, distinct([lemmas.get(wnid, wnid) for wnid in synsets], synsets)
    return None


def wordnet_lines(name: str) -> tuple[str, ...]:
    """Return the lines of one of timm's lists of ImageNet's classes; timm is not imported."""
    spec = find_spec("timm")
    if spec is None or spec.origin is None:
        raise DataError("timm is not installed; run: pip install timm.")
    path = Path(spec.origin).parent / "data" / "_info" / name
    return tuple(path.read_text(encoding="utf-8").splitlines())


def wordnet_names() -> Mapping[str, str]:
    """Return the first lemma of every WordNet id that ImageNet has."""
    rows = (line.split("\t", 1) for line in wordnet_lines("imagenet_synset_to_lemma.txt"))
    return {row[0]: row[-1].split(",")[0].strip() for row in rows}


def _renamed(found: ClassList, given: Named, path: str) -> ClassList:
    """Give classes the names of a file, by folder or in the order of outputs."""
    if given.by_folder:
        names = tuple(
            given.by_folder.get(key, name)
            for key, name in zip(found.keys, found.names, strict=True)
        )
        return ClassList(keys=found.keys, names=names, order=found.order)
    if found.order == f"as in {path}":
        return found
    if len(given.names) != len(found.keys):
        raise DataError(f"{path} names {len(given.names)} classes, the data has {len(found.keys)}.")
    return ClassList(keys=found.keys, names=given.names, order=found.order)


def _mismatch(data: DataClasses, outputs: int | None) -> str:
    """Say that numbers of classes differ, and what is most likely the reason."""
    used = with_images(data)
    empty = [key for key, n in zip(data.keys, data.counts, strict=True) if not n]
    numbers = [int(key) for key in data.keys if key.isdecimal()]
    said = f"The checkpoint has {outputs} classes, the data {len(used)} ({_some(used)})"
    if empty and not _are_indices(data.keys):
        said += f"; without images: {_some(empty)}"
    if len(numbers) == len(used) and min(numbers) == 1 and max(numbers) == outputs:
        return f"{said}: labels that begin at 1 and leave one out."
    if outputs is not None and outputs > len(used):
        return (
            f"{said}: name the model's classes in the order of its outputs, those without images "
            "too, with --class-order FILE."
        )
    return (
        f"{said}: give a checkpoint trained on these data, or name the model's classes in the "
        "order of its outputs with --class-order FILE; the images of others are then left out."
    )


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(names[:FEW])
    return listed if len(names) <= FEW else f"{listed}, ... {len(names) - FEW} more"
