"""What published data sets keep in MATLAB files: numbers, texts and records. No torch."""

from collections.abc import Sequence
from pathlib import Path

from engine.data.mat_file import MatArray, MatError, read_mat
from engine.data.published import read_bytes
from engine.schema.errors import DataError

LARGEST = 32 * 2**20
"""Bytes of a file; those that are read take less than 2 MB."""


def read_integers(path: Path, name: str) -> list[int]:
    """Return the whole numbers of a variable that is a row or a column.

    Raises:
        DataError: The file cannot be read, has no such variable, or it holds anything else.
    """
    array = _variable(path, name)
    vector = array.kind == "numbers" and sum(size > 1 for size in array.shape) <= 1
    if not vector or not all(float(number).is_integer() for number in array.numbers):
        raise DataError(f"{path} has a variable {name!r} that is no row of whole numbers.")
    return [int(number) for number in array.numbers]


def read_texts(path: Path, name: str) -> list[str]:
    """Return the texts of a variable that is a cell array.

    Raises:
        DataError: As for `read_integers`.
    """
    return [_text(path, name, cell) for cell in _variable(path, name, "cells").cells]


def read_records(
    path: Path, name: str, texts: Sequence[str], integers: Sequence[str]
) -> list[tuple[list[str], list[int]]]:
    """Return fields of a variable that is a structure array: texts, and whole numbers.

    Raises:
        DataError: As for `read_integers`, or a field is missing.
    """
    array = _variable(path, name, "records")
    missing = sorted({*texts, *integers} - set(array.fields))
    if missing:
        raise DataError(f"{path} has a variable {name!r} without the field {missing[0]!r}.")
    records = []
    for start in range(0, len(array.cells), len(array.fields)):
        cells = array.cells[start : start + len(array.fields)]
        record = dict(zip(array.fields, cells, strict=True))
        records.append(
            (
                [_text(path, field, record[field]) for field in texts],
                [_integer(path, field, record[field]) for field in integers],
            )
        )
    return records


def _variable(path: Path, name: str, kind: str | None = None) -> MatArray:
    try:
        array, names = read_mat(read_bytes(path, LARGEST), name)
    except MatError as error:
        raise DataError(
            f"{path} is not a MATLAB file of version 5 to 7, or is damaged ({error}); "
            "fetch it again."
        ) from error
    if array is None:
        listing = ", ".join(names[:8]) or "none"
        raise DataError(f"{path} has no variable {name!r}; the variables there: {listing}.")
    if kind is not None and array.kind != kind:
        raise DataError(f"{path} has a variable {name!r} of {array.kind}, not of {kind}.")
    return array


def _text(path: Path, name: str, array: MatArray) -> str:
    while array.kind == "cells" and len(array.cells) == 1:  # a text in a cell of its own
        [array] = array.cells
    if array.kind == "text" and array.shape[0] == 1 and array.text.strip():
        return array.text.strip()
    raise DataError(f"{path} holds {array.kind} for {name!r}, where a text is expected.")


def _integer(path: Path, name: str, array: MatArray) -> int:
    if array.kind == "numbers" and len(array.numbers) == 1:
        [number] = array.numbers
        if float(number).is_integer():
            return int(number)
    raise DataError(f"{path} does not hold a whole number for {name!r}.")
