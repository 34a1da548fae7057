"""Rows streamed into what will be a .npy file."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

if TYPE_CHECKING:  # reading needs no torch
    from torch import Tensor

HEADER = 128
"""Bytes of the .npy header, which numpy pads to a multiple of 64: a 2-D array's takes 65 to 128."""
NUMBERS_AT_ONCE = 2**22


class RowFile:
    """Rows appended to what will be a .npy file; its header is written last.

    Args:
        path: The file. An existing one is cut to `rows` rows and continued.
        width: Numbers a row.
        dtype: What numbers are stored as.
        rows: How many of the existing rows to keep.
    """

    def __init__(self, path: Path, width: int, dtype: Any, rows: int) -> None:
        self._dtype, self._width = np.dtype(dtype), width
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(HEADER + rows * width * self._dtype.itemsize)
        self._file.seek(0, os.SEEK_END)

    def append(self, rows: "Tensor") -> None:
        """Append rows (B, width)."""
        array = rows.float().cpu().numpy().astype(self._dtype, copy=False)
        self._file.write(np.ascontiguousarray(array).tobytes())

    def flush(self) -> None:
        """Write everything appended to the file."""
        self._file.flush()

    def close(self, rows: int | None = None) -> None:
        """Close the file; with `rows`, make it a finished .npy file of so many rows."""
        try:
            if rows is not None:
                self._write_header(rows)
        finally:
            self._file.close()

    def _write_header(self, rows: int) -> None:
        header = {
            "descr": npy.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (rows, self._width),
        }
        self._file.seek(0)
        npy.write_array_header_1_0(self._file, header)
        assert self._file.tell() == HEADER  # the rows begin there


def read_rows(path: Path, width: int, dtype: Any, start: int, stop: int) -> Iterator[NDArray[Any]]:
    """Yield rows `start` to `stop` of an unfinished file, in parts (R, width) of bounded size.

    Ends early where the file does. Reads instead of mapping: the writer may truncate the file, and
    touching a mapped page beyond its end kills the process.
    """
    at_once = max(1, NUMBERS_AT_ONCE // width)
    with path.open("rb") as file:
        file.seek(HEADER + start * width * np.dtype(dtype).itemsize)
        while start < stop:
            rows = min(at_once, stop - start)
            part = np.fromfile(file, dtype, rows * width)
            if len(part) < rows * width:
                return
            yield part.reshape(rows, width)
            start += rows
