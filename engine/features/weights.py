"""Which weights a workspace has, by their content: what keys are made of. No torch."""

from pathlib import Path

from engine.io.atomic import file_digest, key_of, read_json, write_json
from engine.schema.errors import StorageError
from engine.schema.requests import Source
from engine.schema.source_specs import local_directory

FOLDER = "features"
"""Where the feature caches of a workspace lie."""
DIGESTS = "digests.json"


def architecture(source: Source) -> str:
    """Return what a workspace says of the network and its transform; no path is part of it.

    Raises:
        StorageError: A local directory's config.json cannot be read.
    """
    local = local_directory(source.model)
    stated = (
        source.weights, source.mean, source.std, source.img_size, source.crop_pct,
        source.interpolation, sorted(source.model_args.items()),
    )  # fmt: skip
    try:
        name = source.model if local is None else f"local {file_digest(local / 'config.json')}"
    except OSError as error:
        raise StorageError(f"Cannot read {local}/config.json: {error.strerror}.") from error
    return f"{name} {key_of(stated, 16)}"


def weights_digest(source: Source, home: Path) -> str:
    """Return the sha256 of the checkpoint, remembered in the workspace while the file is the same.

    The same by its path, size, times and inode: a file that is replaced by another of equal size
    and time has another inode or change time.

    Raises:
        StorageError: There are no weights yet, or they cannot be read.
    """
    if source.untrained:
        raise StorageError("This workspace has no weights yet; make them with `train`.")
    path = Path(source.checkpoint)
    if source.pretrained:
        local = local_directory(source.model)
        if local is None or not local.is_dir():
            return f"pretrained:{source.model}"
        path = local
    return content_digest(path, home / FOLDER / DIGESTS)


def content_digest(path: Path, cache: Path) -> str:
    """Return the sha256 of a file's content, or of a directory's files, as a file remembers.

    Args:
        path: The file or the directory.
        cache: A JSON file that holds the last digest and what it is of.

    Raises:
        StorageError: It cannot be read.
    """
    try:
        files = sorted(some for some in path.iterdir() if some.is_file()) if path.is_dir() else None
        stamp = "\n".join(map(_stamp, files or [path]))
        known = _known_digests(cache)
        if stamp in known:
            return known[stamp]
        if files is None:
            digest = file_digest(path)
        else:
            digest = key_of([(some.name, file_digest(some)) for some in files], 64)
    except OSError as error:
        raise StorageError(f"Cannot read the weights {path}: {error.strerror}.") from error
    try:
        write_json(cache, {stamp: digest})
    except StorageError:
        pass  # a read-only workspace still answers; it hashes again each time
    return digest


def remembered_digests(home: Path) -> frozenset[str]:
    """Return the digests of the weights that a workspace was last used with."""
    return frozenset(_known_digests(home / FOLDER / DIGESTS).values())


def _known_digests(cache: Path) -> dict[str, str]:
    try:
        return read_json(cache, dict[str, str])
    except StorageError:
        return {}  # there is none, or it is damaged


def _stamp(path: Path) -> str:
    status = path.stat()
    times = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return f"{path.resolve()}:{':'.join(map(str, times))}"
