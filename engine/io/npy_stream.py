"""Rows streamed into what will be a .npy file."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # who only reads does without torch
    from torch import Tensor

HEADER = 128  # bytes kept free before the rows for .npy's header
NUMBERS_AT_ONCE = 2**22


class RowFile:
    """Rows appended to what will be a .npy file; its header is written last."""

    def __init__(self, path: Path, width: int, dtype: Any, rows: int) -> None:
        self._dtype, self._width = np.dtype(dtype), width
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(HEADER + rows * width * self._dtype.itemsize)
        self._file.seek(0, os.SEEK_END)

    def append(self, rows: "Tensor") -> None:
        """Append (B, width)."""
        array = rows.float().cpu().numpy().astype(self._dtype, copy=False)
        self._file.write(np.ascontiguousarray(array).tobytes())

    def flush(self) -> None:
        """Bring everything appended to the disk."""
        self._file.flush()

    def close(self, rows: int | None = None) -> None:
        """Close; with `rows`, as a finished .npy of so many rows."""
        try:
            if rows is not None:
                self._write_header(rows)
        finally:
            self._file.close()

    def _write_header(self, rows: int) -> None:
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (rows, self._width),
        }
        text = repr(header).encode("latin1")
        prefix = b"\x93NUMPY\x01\x00"
        room = HEADER - len(prefix) - 2
        self._file.seek(0)
        self._file.write(prefix + room.to_bytes(2, "little"))
        self._file.write(text.ljust(room - 1) + b"\n")


def read_rows(path: Path, width: int, dtype: Any, start: int, stop: int) -> Iterator[NDArray[Any]]:
    """Yield rows `start` to `stop` of a file still being written, a bounded part at a time.

    Read, not mapped: whoever writes may cut the file, and a mapped page that is gone kills.
    """
    at_once = max(1, NUMBERS_AT_ONCE // width)
    with path.open("rb") as file:
        file.seek(HEADER + start * width * np.dtype(dtype).itemsize)
        while start < stop:
            wanted = min(at_once, stop - start)
            part = np.fromfile(file, dtype, wanted * width)
            if len(part) < wanted * width:
                return
            yield part.reshape(wanted, width)
            start += wanted
