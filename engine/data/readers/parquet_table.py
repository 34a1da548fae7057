"""Parquet tables: a row for each image file, with its path and class, and its split and group."""

from pathlib import Path

from engine.data.parquet import (
    ENDING,
    class_labels,
    image_column,
    is_parquet,
    open_parquet,
    read_columns,
)
from engine.data.readers.base import Options
from engine.data.readers.csv import TableFile
from engine.data.tables import Table, find_columns
from engine.schema.errors import DataError


class ParquetTable(TableFile):
    """Reads a Parquet file of paths; one with the images themselves is read as a snapshot."""

    title = "Parquet table"
    help = "a .parquet file with the columns path,label[,split][,group]"

    def matches(self, path: Path) -> bool:
        """Match a Parquet file without a column of images, as far as one can know."""
        if not path.is_file() or not (path.suffix.lower() == ENDING or is_parquet(path)):
            return False
        try:
            return image_column(open_parquet(path).schema_arrow) is None
        except DataError:
            return True  # `read` says what is wrong

    def read(self, path: Path, options: Options) -> Table:
        """Read the columns that matter."""
        file = open_parquet(path)
        names = tuple(file.schema_arrow.names)
        columns = find_columns(Table(path, names, []), options.columns)
        wanted = [names[at] for at in columns.values()]
        classes = class_labels(file.schema_arrow).get(names[columns["label"]])
        values = read_columns(file, path, wanted)
        rows = enumerate(zip(*values, strict=True), 1)
        return Table(path, tuple(wanted), [*rows], classes=classes)


KIND = ParquetTable()
