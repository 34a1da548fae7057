"""Reads images inside a ZIP archive, SPLIT/CLASS/*, without unpacking it."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from engine.data.class_names import all_readable
from engine.data.readers.base import EXTENSIONS, Options, Sample, Split
from engine.schema.errors import DataError


class ZipFileReader:
    """Lists and opens the images of a ZIP archive."""

    title = "ZIP archive"
    help = "a .zip file that holds SPLIT/CLASS/*.jpg"
    general = False

    def matches(self, path: Path) -> bool:
        """Match ZIP files by their first bytes."""
        return path.is_file() and zipfile.is_zipfile(path)

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the names of the first folders."""
        return tuple(sorted({name.parts[0] for name in _images(path)}))

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split by class and path; classes are those of the whole archive."""
        folders = sorted({name.parts[1] for name in _images(path)})
        status = path.stat()  # an image is as old as its archive
        samples = tuple(
            Sample(str(name), folders.index(name.parts[1]), -1, status.st_size, status.st_mtime_ns)
            for name in sorted(_images(path))
            if name.parts[0] == split
        )
        if not samples:
            raise DataError(f"No images of {split} in {path}; expected {split}/CLASS/*.jpg.")
        return Split(
            name=split,
            root=str(path),
            samples=samples,
            folders=tuple(folders),
            classes=all_readable(folders),
            groups=(),
            skipped=(),
        )

    def open(self, root: Path, sample: Sample) -> BinaryIO:
        """Return an image's bytes; an archive that cannot be read is an OSError."""
        try:
            with zipfile.ZipFile(root) as archive:
                return io.BytesIO(archive.read(sample.path))
        except (KeyError, zipfile.BadZipFile) as error:
            raise OSError(f"{sample.path} cannot be read from {root}: {error}") from error


def _images(path: Path) -> Iterator[PurePosixPath]:
    with zipfile.ZipFile(path) as archive:
        for name in map(PurePosixPath, archive.namelist()):
            if len(name.parts) == 3 and name.suffix.lower() in EXTENSIONS:
                yield name
