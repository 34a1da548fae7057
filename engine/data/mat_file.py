"""MATLAB files of versions 5 to 7, decoded in plain Python.

scipy's loadmat ends the process on some files that are damaged, and takes a third of a second to
import; what is read here are vectors, texts, cells and structures of a megabyte at most.
"""

import struct
import zlib
from collections.abc import Iterator
from math import prod
from typing import Literal

from msgspec import Struct

HEADER = 128
ORDERS = {b"IM": "<", b"MI": ">"}
NUMBERS = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "f", 9: "d", 12: "q", 13: "Q"}
"""struct's letters, by a data element's type."""
TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
MATRIX, COMPRESSED = 14, 15
CELL, STRUCTURE, CHARACTERS, NUMERIC = 1, 2, 4, range(6, 16)
"""Classes of arrays."""
COMPLEX = 0x08
DEEPEST = 16
"""Arrays within arrays."""
LARGEST = 2**25
"""Bytes of one variable when it is unpacked."""


class MatArray(Struct, frozen=True):
    """An array: its values column by column."""

    kind: Literal["numbers", "text", "cells", "records", "other"]
    shape: tuple[int, ...]
    numbers: tuple[float, ...] = ()
    text: str = ""
    cells: "tuple[MatArray, ...]" = ()
    """Of records: the fields of the first, then those of the second, and so on."""
    fields: tuple[str, ...] = ()


class MatError(Exception):
    """The bytes are no MATLAB file, or do not hold together."""


def read_mat(content: bytes, wanted: str) -> tuple[MatArray | None, list[str]]:
    """Return a variable, None where there is none of that name, and the names up to it.

    Raises:
        MatError: The file is damaged, of another version, or larger than such a file can be.
    """
    names: list[str] = []
    try:
        order = ORDERS[content[HEADER - 2 : HEADER]]
        for kind, element in _Elements(content[HEADER:], order):
            if kind == COMPRESSED:
                [(kind, element)] = _Elements(_unpacked(element), order)
            if kind != MATRIX:
                raise MatError(f"an element of type {kind}")
            name, array = _array(element, order, wanted, 0)
            names.append(name)
            if array is not None:
                return array, names
    except struct.error as error:
        raise MatError("it ends within an element") from error
    except (LookupError, ValueError, zlib.error) as error:
        raise MatError(str(error)) from error
    return None, names


class _Elements:
    """Goes through data elements: their types and their bytes."""

    def __init__(self, content: bytes, order: str) -> None:
        self.content, self.order, self.at = content, order, 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        while self.at < len(self.content):
            yield self.next()

    def next(self) -> tuple[int, bytes]:
        kind, size = struct.unpack_from(f"{self.order}II", self.content, self.at)
        start, step = self.at + 8, 8
        if kind >> 16:  # a small element: the size in the type, the data in the size
            kind, size, start, step = kind & 0xFFFF, kind >> 16, self.at + 4, 4
            if size > step:
                raise MatError(f"a small element of {size} bytes")
        end = start + size
        if end > len(self.content):
            raise MatError("it ends within an element")
        # all is padded to 8 bytes, but for compressed elements
        self.at = end if kind == COMPRESSED else start + -(-size // step) * step
        return kind, self.content[start:end]

    def numbers(self) -> tuple[float, ...]:
        kind, data = self.next()
        letter = NUMBERS[kind]
        return struct.unpack(f"{self.order}{len(data) // struct.calcsize(letter)}{letter}", data)


def _unpacked(data: bytes) -> bytes:
    unpacked = zlib.decompressobj().decompress(data, LARGEST + 1)
    if len(unpacked) > LARGEST:
        raise MatError("a variable of more than 32 MB")
    return unpacked


def _array(
    content: bytes, order: str, wanted: str | None, depth: int
) -> tuple[str, MatArray | None]:
    """Return an array and its name; None where another name is wanted."""
    if not content:
        return "", MatArray("other", (0, 0))
    if depth > DEEPEST:
        raise MatError("arrays too deep within arrays")
    parts = _Elements(content, order)
    flags = int(parts.numbers()[0])
    shape = tuple(int(size) for size in parts.numbers())
    name = parts.next()[1].decode("ascii")
    if wanted is not None and name != wanted:
        return name, None
    if not 2 <= len(shape) <= 32 or min(shape) < 0:
        raise MatError(f"an array of shape {shape}")
    kind, count = flags & 0xFF, prod(shape)
    if kind in NUMERIC and not (flags >> 8) & COMPLEX:
        numbers = parts.numbers()
        if len(numbers) != count:
            raise MatError(f"{len(numbers)} numbers for an array of shape {shape}")
        return name, MatArray("numbers", shape, numbers=numbers)
    if kind == CHARACTERS:
        return name, MatArray("text", shape, text=_text(parts))
    if kind == CELL:
        return name, MatArray("cells", shape, cells=_cells(parts, count, depth))
    if kind == STRUCTURE:
        fields = _fields(parts)
        cells = _cells(parts, count * len(fields), depth)
        return name, MatArray("records", shape, cells=cells, fields=fields)
    return name, MatArray("other", shape)


def _cells(parts: _Elements, count: int, depth: int) -> tuple[MatArray, ...]:
    cells = []
    for _ in range(count):
        kind, content = parts.next()
        _, array = _array(content, parts.order, None, depth + 1)
        if kind != MATRIX or array is None:
            raise MatError(f"an element of type {kind} in a cell")
        cells.append(array)
    return tuple(cells)


def _fields(parts: _Elements) -> tuple[str, ...]:
    [length] = map(int, parts.numbers())
    _, names = parts.next()
    if length < 1:
        raise MatError(f"names of {length} bytes")
    starts = range(0, len(names), length)
    return tuple(names[at : at + length].split(b"\0")[0].decode("ascii") for at in starts)


def _text(parts: _Elements) -> str:
    kind, data = parts.next()
    encoding = TEXTS[kind]
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if parts.order == "<" else "-be"
    return data.decode(encoding)
