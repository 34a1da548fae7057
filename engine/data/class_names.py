"""Class names: as folders spell them, as people (and CLIP) read them, as a command names them."""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.schema.errors import DataError, RequestError


def readable(folder: str) -> str:
    """Turn a class folder's name into words: `004_sweet_pea` -> `sweet pea`."""
    words = re.sub(r"^\d+\s*[._\- ]\s*(?=\S)", "", folder).replace("_", " ").strip()
    return re.sub(r"\s+", " ", words) or folder


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


def read_names(path: Path, folders: Sequence[str]) -> tuple[str, ...]:
    """Read class names from a text file (a name a line) or JSON (list, or folder -> name).

    Raises:
        DataError: It cannot be read, or does not name every class.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read the class names in {path}: {error}.") from error
    if path.suffix.lower() == ".json":
        names = _from_json(path, text, folders)
    else:
        names = [line.strip() for line in text.splitlines() if line.strip()]
    if len(names) != len(folders):
        raise DataError(f"{path} names {len(names)} classes, the data has {len(folders)}.")
    return tuple(names)


def _from_json(path: Path, text: str, folders: Sequence[str]) -> list[str]:
    try:
        names = msgspec.json.decode(text, type=list[str] | dict[str, str])
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(
            f"{path} is neither a list of names nor folder -> name: {error}."
        ) from error
    if isinstance(names, list):
        return names
    return [
        names.get(folder, names.get(str(i), readable(folder))) for i, folder in enumerate(folders)
    ]
