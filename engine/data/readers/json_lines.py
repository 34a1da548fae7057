"""JSON lines: an object for each image, with its path and class, and its split and group."""

from pathlib import Path

import msgspec

from engine.data.readers.base import Options
from engine.data.readers.csv import LOOK, TableFile
from engine.data.tables import Table
from engine.schema.errors import DataError


class JsonLines(TableFile):
    """Reads a file of a JSON object a line; keys are what columns are in a CSV file."""

    title = "JSON lines"
    help = "a .jsonl file of objects with the keys path,label[,split][,group]"

    def matches(self, path: Path) -> bool:
        """Match .jsonl and .ndjson, and any file whose first line is a JSON object."""
        if not path.is_file():
            return False
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            return True
        with path.open("rb") as file:
            return isinstance(_decoded(file.readline(LOOK)), dict)

    def read(self, path: Path, options: Options) -> Table:
        """Read the rows; blank lines are none."""
        columns: dict[str, None] = {}
        objects: list[tuple[int, dict[str, object]]] = []
        refused: list[tuple[int, str]] = []
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                found = _decoded(line)
                if isinstance(found, dict):
                    columns |= dict.fromkeys(found)
                    objects.append((number, found))
                else:
                    refused.append((number, "not a JSON object"))
        if not objects and refused:
            raise DataError(f"{path} is not a file of JSON objects, one a line.")
        rows = [(number, [row.get(column) for column in columns]) for number, row in objects]
        return Table(path, tuple(columns), [*rows], refused)


def _decoded(line: bytes) -> object:
    try:
        return msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


KIND = JsonLines()
