"""MATLAB files of published data sets, read with scipy. No torch."""

from collections.abc import Sequence
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

from engine.data.published import read_bytes
from engine.schema.errors import DataError

LARGEST = 32 * 2**20
"""Bytes of a file; those that are read take less than 2 MB."""
MOST = 10_000_000
"""Elements of a variable."""
EXACT = 2**53
"""Above it a floating-point number no longer holds every whole number."""


def read_integers(path: Path, name: str) -> list[int]:
    """Return the whole numbers of a variable, row by row.

    Raises:
        DataError: The file cannot be read, has no such variable, or it holds anything else.
    """
    array = _variable(path, name)
    whole = array.dtype.kind in "iuf" and (abs(array) < EXACT).all() and (array % 1 == 0).all()
    if not whole:
        raise DataError(f"{path} has a variable {name!r} that does not hold whole numbers.")
    return [int(number) for number in array.ravel()]


def read_texts(path: Path, name: str) -> list[str]:
    """Return the texts of a variable that is a cell array.

    Raises:
        DataError: As for `read_integers`.
    """
    return [_text(path, name, each) for each in _variable(path, name).ravel()]


def read_records(
    path: Path, name: str, texts: Sequence[str], integers: Sequence[str]
) -> list[dict[str, Any]]:
    """Return fields of a variable that is a structure array: texts and whole numbers by name.

    Raises:
        DataError: As for `read_integers`, or a field is missing.
    """
    array = _variable(path, name)
    missing = sorted({*texts, *integers} - set(array.dtype.names or ()))
    if missing:
        raise DataError(f"{path} has a variable {name!r} without the field {missing[0]!r}.")
    return [
        {field: _text(path, field, record[field]) for field in texts}
        | {field: _integer(path, field, record[field]) for field in integers}
        for record in array.ravel()
    ]


def _variable(path: Path, name: str) -> Any:
    """Return an array with every axis of length 1 taken away, in it and in what it holds."""
    from numpy import atleast_1d  # noqa: PLC0415  readers are listed without it
    from scipy.io import loadmat, whosmat  # noqa: PLC0415  takes a third of a second

    file = BytesIO(read_bytes(path, LARGEST))
    try:
        shapes = {each: shape for each, shape, _ in whosmat(file)}
        small = prod(shapes.get(name, ())) <= MOST
        found = loadmat(file, squeeze_me=True, variable_names=[name]) if small else {}
    # scipy raises almost anything on a file that is cut short
    except Exception as error:
        raise DataError(
            f"{path} is not a MATLAB file of version 7 or earlier, or is damaged "
            f"({type(error).__name__}); fetch it again."
        ) from error
    if not small:
        raise DataError(f"{path} has a variable {name!r} of shape {shapes[name]}: too large.")
    if name not in found:
        listing = ", ".join(sorted(shapes)[:8]) or "none"
        raise DataError(f"{path} has no variable {name!r}; the variables there: {listing}.")
    return atleast_1d(found[name])


def _text(path: Path, name: str, value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise DataError(f"{path} holds {str(value)[:40]!r} for {name!r}, where a text is expected.")


def _integer(path: Path, name: str, value: Any) -> int:
    try:
        if value == int(value):
            return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise DataError(f"{path} holds {str(value)[:40]!r} for {name!r}, where a number is expected.")
