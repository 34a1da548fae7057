"""Reading the files that describe published data sets: where they lie, and their text lists.

No torch.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.schema.errors import DataError

LARGEST = 256 * 2**20
"""Bytes of a text list; those of CelebA, the longest, take 27 MB."""


def find_root(path: Path, name: str, markers: Sequence[str]) -> Path | None:
    """Return the folder that holds all the markers: `path`, or the folder `name` in it, or None.

    Args:
        path: What a person says their data are.
        name: What the data set's folder is called when it is unpacked.
        markers: Files and folders, relative to the data set's folder.
    """
    for root in (path, path / name):
        if all((root / marker).exists() for marker in markers):
            return root
    return None


def need_root(path: Path, name: str, markers: Sequence[str]) -> Path:
    """Return the folder as `find_root` does.

    Raises:
        DataError: Something is missing in it.
    """
    root = find_root(path, name, markers)
    if root is None:
        raise DataError(f"{path} lacks what {name} has in it: expected {', '.join(markers)}.")
    return root


def find_file(folders: Sequence[Path], *names: str) -> Path | None:
    """Return the first file there is of these names, folder by folder; None where there is none."""
    files = (folder / name for folder in folders for name in names)
    return next((file for file in files if file.is_file()), None)


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """Return a file's content.

    Raises:
        DataError: It is missing, cannot be read, or is larger than such a file can be.
    """
    try:
        size = path.stat().st_size
        if size > largest:
            raise DataError(
                f"{path} takes {size / 1e6:,.0f} MB, more than the {largest / 1e6:,.0f} MB "
                "that are read of such a file; check that it is the right one."
            )
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}.") from error


def read_lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 text that are not blank, without the space around them.

    Raises:
        DataError: It cannot be read, or is not UTF-8.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a UTF-8 text: {error}.") from error
    return [line.strip() for line in text.split("\n") if line.strip()]


def read_numbered(path: Path) -> dict[int, str]:
    """Return what stands behind the number that each line starts with.

    Raises:
        DataError: A line does not start with a number of its own.
    """
    found: dict[int, str] = {}
    for line in read_lines(path):
        number, _, rest = line.partition(" ")
        if not is_number(number) or not rest.strip() or int(number) in found:
            raise DataError(
                f"{path} has the line {line[:60]!r}; expected a number of its own and a value."
            )
        found[int(number)] = rest.strip()
    return found


def is_number(text: str) -> bool:
    """Return whether a text is a whole number of at most nine ASCII digits."""
    return text.isascii() and text.isdigit() and len(text) < 10


def files_below(root: Path, folder: str) -> Iterator[str]:
    """Yield the files below a folder, in order, relative to `root`; nothing that is hidden.

    Links are followed, but for those that lead back to a folder they are in.
    """
    yield from _files_below(root, folder, frozenset())


def _files_below(root: Path, folder: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    status = (root / folder).stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    with os.scandir(root / folder) as entries:
        found = sorted((entry.name, entry.is_dir()) for entry in entries)
    for name, is_folder in found:
        if name.startswith("."):
            continue
        path = f"{folder}/{name}" if folder else name
        if is_folder:
            yield from _files_below(root, path, above | {here})
        else:
            yield path
