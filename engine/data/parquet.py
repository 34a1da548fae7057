"""Parquet files: their columns, and single images out of them, in bounded memory."""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from engine.schema.errors import DataError

MAGIC = b"PAR1"
ENDING = ".parquet"
IMAGE_NAMES = ("image", "img", "picture", "jpg", "png", "webp")
KEPT_BYTES = 64 * 2**20
"""A row group whose images take no more is kept whole; of a larger one, `STREAMED` rows."""
STREAMED = 16
BUFFER = 2**20  # else a whole column of a row group is read at once, whatever its size
OPEN_FILES = 4
NEEDS_PYARROW = (
    "Parquet files are read with pyarrow, which is not installed; "
    "pip install 'neuroinspect-tui[parquet]'."
)


def is_parquet(path: Path) -> bool:
    """Return whether a file is one, by its first bytes."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def open_parquet(path: Path) -> Any:
    """Return a `pyarrow.parquet.ParquetFile`.

    Raises:
        DataError: pyarrow is not installed, or the file is damaged or cut short.
        OSError: It cannot be opened.
    """
    try:
        import pyarrow  # noqa: PLC0415  an extra, 150 ms to import
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise DataError(NEEDS_PYARROW) from error
    try:
        return pyarrow.parquet.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{path} is damaged or cut short: {_first(error)}.") from error


def read_columns(file: Any, path: Path, names: Sequence[str]) -> list[list[Any]]:
    """Return whole columns as Python values.

    Args:
        file: An open one.
        path: Its path.
        names: The columns', in order.

    Raises:
        DataError: The file is damaged.
    """
    import pyarrow  # noqa: PLC0415

    try:
        table = file.read(columns=list(names), use_threads=False)
        return [table.column(name).to_pylist() for name in names]
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is damaged: {_first(error)}.") from error


def image_column(schema: Any) -> str | None:
    """Return the column that holds encoded images: {bytes, path}, or bytes under a usual name.

    Of several, it is the one of the first usual name; None where there is none, or no such name.
    """
    import pyarrow.types as types  # noqa: PLC0415

    def is_bytes(type: Any) -> bool:
        return bool(types.is_binary(type) or types.is_large_binary(type))

    found = []
    for field in schema:
        if types.is_struct(field.type):
            if any(inner.name == "bytes" and is_bytes(inner.type) for inner in field.type):
                found.append(field.name)
        elif is_bytes(field.type) and field.name.casefold() in IMAGE_NAMES:
            found.append(field.name)
    if len(found) == 1:
        return str(found[0])
    return next((usual for usual in IMAGE_NAMES if usual in found), None)


def class_labels(schema: Any) -> dict[str, tuple[str, ...]]:
    """Return the class names by column, as `datasets` writes them into the schema's metadata."""
    written = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        info = msgspec.json.decode(written)
        return labels_among(info["info"]["features"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        return {}


def labels_among(features: Any) -> dict[str, tuple[str, ...]]:
    """Return the class names by column, from the features of a data set as JSON has them."""
    found = {}
    for name, feature in features.items() if isinstance(features, Mapping) else ():
        names = feature.get("names") if isinstance(feature, Mapping) else None
        if isinstance(names, list) and all(isinstance(each, str) for each in names):
            found[str(name)] = tuple(names)
    return found


@dataclass
class _Place:
    """Rows of an image column, from `first` on."""

    first: int
    rows: list[Any]
    more: Iterator[Any] | None = None
    """The batches after them, of a row group too large to keep."""
    end: int = 0
    """The first row after the row group."""


class ImageRows:
    """Single values of an image column: keeps the last row group, or a piece of it, in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._files: OrderedDict[tuple[str, int, int], Any] = OrderedDict()
        self._at: tuple[object, _Place] | None = None

    def get(self, path: Path, row: int) -> Any:
        """Return a row's value: bytes, or a mapping of `bytes` and `path`.

        Raises:
            DataError: pyarrow is not installed, or the file is damaged.
            OSError: It cannot be read, or has no such row or no images.
        """
        status = path.stat()
        stamp = (str(path), status.st_size, status.st_mtime_ns)
        with self._lock:
            if self._process != os.getpid():  # after a fork, files would share their positions
                self._files.clear()
                self._process, self._at = os.getpid(), None
            file = self._file(path, stamp)
            if not 0 <= row < file.metadata.num_rows:
                raise OSError(f"{path} has {file.metadata.num_rows} rows, none is {row}")
            if self._at is None or self._at[0] != stamp or not self._reach(self._at[1], row):
                column = image_column(file.schema_arrow)
                if column is None:
                    raise OSError(f"{path} has no column of images")
                self._at = None  # both would be in memory at once
                _release()
                self._at = (stamp, _group_of(file, column, row))
                self._reach(self._at[1], row)
            place = self._at[1]
            return place.rows[row - place.first].as_py()

    def _file(self, path: Path, stamp: tuple[str, int, int]) -> Any:
        if stamp not in self._files:
            self._files[stamp] = open_parquet(path)
            while len(self._files) > OPEN_FILES:
                self._files.popitem(last=False)[1].close()
        self._files.move_to_end(stamp)
        return self._files[stamp]

    def _reach(self, place: _Place, row: int) -> bool:
        """Go on in the row group until its rows hold `row`; return whether they do."""
        while place.first + len(place.rows) <= row < place.end and place.more is not None:
            batch = next(place.more, None)
            if batch is None:
                return False
            place.first += len(place.rows)
            place.rows = list(batch.column(0))
        return place.first <= row < place.first + len(place.rows)


def _group_of(file: Any, column: str, row: int) -> _Place:
    first, group = 0, 0
    while row >= first + file.metadata.row_group(group).num_rows:
        first += file.metadata.row_group(group).num_rows
        group += 1
    about = file.metadata.row_group(group)
    end = first + about.num_rows
    chunks = [about.column(at) for at in range(about.num_columns)]
    size = sum(
        chunk.total_uncompressed_size
        for chunk in chunks
        if chunk.path_in_schema.partition(".")[0] == column
    )
    if size <= KEPT_BYTES:
        table = file.read_row_group(group, columns=[column], use_threads=False)
        return _Place(first, list(table.column(0)), None, end)
    batches = file.iter_batches(STREAMED, row_groups=[group], columns=[column], use_threads=False)
    return _Place(first, [], batches, end)


def _release() -> None:
    import pyarrow  # noqa: PLC0415

    pyarrow.default_memory_pool().release_unused()


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:160]
