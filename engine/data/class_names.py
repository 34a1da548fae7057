"""Class names: as folders spell them, as people (and CLIP) read them, as a command names them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from engine.schema.errors import DataError, RequestError

WNID = re.compile(r"n\d{8}")
"""A WordNet id, as ImageNet names its class folders."""


class Named(msgspec.Struct, frozen=True):
    """What a file of class names says: names in the order of the model's outputs, or by folder.

    Attributes:
        keys: A class's name as folders may spell it, by index; empty where `by_folder` is given.
        names: The same for people.
        by_folder: Names for people by the folder's name.
    """

    keys: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    by_folder: dict[str, str] = {}


def readable(folder: str) -> str:
    """Turn a class folder's name into words: `004_sweet_pea` -> `sweet pea`."""
    words = re.sub(r"^\d+\s*[._\- ]\s*(?=\S)", "", folder).replace("_", " ").strip()
    return re.sub(r"\s+", " ", words) or folder


def all_readable(folders: Sequence[str]) -> tuple[str, ...]:
    """Turn folders' names into words that stay distinct: `3_series`, `5_series` keep numbers."""
    words = [readable(folder) for folder in folders]
    times = Counter(words)
    return tuple(
        word if times[word] == 1 else folder for word, folder in zip(words, folders, strict=True)
    )


def distinct(names: Sequence[str], folders: Sequence[str]) -> tuple[str, ...]:
    """Return names for people, with the folder's name behind those that are the same."""
    times = Counter(names)
    return tuple(
        name if times[name] == 1 else f"{name} ({folder})"
        for name, folder in zip(names, folders, strict=True)
    )


def find_class(key: str, classes: Sequence[str], folders: Sequence[str]) -> int:
    """Return a class's index from its name, its folder's name, or its index, in that order.

    Raises:
        RequestError: No such class; the nearest names are given.
    """
    wanted = key.strip().casefold()
    for names in (classes, folders):
        hits = [index for index, name in enumerate(names) if name.casefold() == wanted]
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise RequestError(f"{len(hits)} classes are called {key!r}; give an index: {hits}.")
    if re.fullmatch(r"\d{1,9}", wanted) and int(wanted) < len(classes):
        return int(wanted)
    import difflib  # noqa: PLC0415  only for a wrong name

    near = difflib.get_close_matches(wanted, [name.casefold() for name in classes], 3)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see `classes`."
    raise RequestError(
        f"No class {key!r} among the {len(classes)} (0 to {len(classes) - 1}); {hint}"
    )


def read_names(path: Path, folders: Sequence[str]) -> Named:
    """Read class names from a text or JSON file, in any of the forms that people have.

    Text: a name a line, which may begin with its number or its WordNet id. JSON: a list of names;
    name -> index (`class_to_idx`); index -> name, or index -> [WordNet id, name]; folder -> name.

    Args:
        path: The file.
        folders: The data's, which tell index -> name from folder -> name.

    Raises:
        DataError: It cannot be read, or has none of these forms.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read the class names in {path}: {error}.") from error
    if path.suffix.lower() == ".json":
        return _from_json(path, text, set(folders))
    return _from_lines([line.strip() for line in text.splitlines() if line.strip()])


def _from_lines(lines: Sequence[str]) -> Named:
    split = [line.split(maxsplit=1) for line in lines]
    if all(len(parts) == 2 for parts in split):
        first = [parts[0].rstrip(":") for parts in split]
        rest = tuple(parts[1] for parts in split)
        if all(WNID.fullmatch(word) for word in first):
            return Named(tuple(first), rest)
        if any(first == [str(start + i) for i in range(len(first))] for start in (0, 1)):
            return Named(rest, rest)
    return Named(tuple(lines), tuple(lines))


Forms = list[str] | dict[str, str | int | list[str]]


def _from_json(path: Path, text: str, folders: set[str]) -> Named:
    try:
        found = msgspec.json.decode(text, type=Forms)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(
            f"{path} is neither a list of names nor name -> index, index -> name or "
            f"folder -> name: {error}."
        ) from error
    if isinstance(found, list):
        return Named(tuple(found), tuple(found))
    if all(isinstance(value, int) for value in found.values()):
        keys = _ordered(path, {int(str(index)): name for name, index in found.items()}, len(found))
        return Named(keys, keys)
    if folders.isdisjoint(found) and all(key.isdecimal() for key in found):
        rows = _ordered(path, {int(key): value for key, value in found.items()}, len(found))
        pairs = [row[:2] if isinstance(row, list) else [str(row)] for row in rows]
        if all(pairs):
            return Named(tuple(p[0] for p in pairs), tuple(p[-1] for p in pairs))
    if not all(isinstance(value, str) for value in found.values()):
        raise DataError(f"{path} mixes names, indices and lists; give one form.")
    return Named(by_folder={key: str(value) for key, value in found.items()})


Value = TypeVar("Value")


def _ordered(path: Path, by_index: Mapping[int, Value], count: int) -> tuple[Value, ...]:
    if sorted(by_index) != list(range(count)):
        raise DataError(f"The indices in {path} are not 0 to {count - 1}, each once; correct them.")
    return tuple(by_index[index] for index in range(count))
