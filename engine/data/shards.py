"""Tar archives as they are: where each member's bytes lie, found once and remembered.

Nothing is unpacked, and a member's name is only a name: `../x` and `/etc/x` lead nowhere.
"""

import os
import tarfile
import threading
from collections import OrderedDict
from pathlib import Path, PurePosixPath

import msgspec
import platformdirs
from msgspec import Struct

from engine.io.atomic import key_of, write_beside
from engine.schema.errors import DataError, StorageError

FORMAT = 1
TAR, COMPRESSED = ".tar", (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
KEPT_MEMBERS = 400_000
"""Members of the shards whose indices stay in memory, some 100 MB."""
KEPT_FILES = 4096
"""Indices kept on disk; the ones used longest ago go first."""
SMALL = 16 * 2**10
"""Bytes of a label file that is kept in the index."""
SMALL_ENDINGS = (".cls", ".json", ".txt")


class Member(Struct, frozen=True, array_like=True):
    """A file in a shard."""

    name: str
    offset: int
    size: int
    content: str | None = None
    """Of a small text, which labels are; None: it is not read, or no UTF-8."""


class Index(Struct, frozen=True, array_like=True):
    """All that a shard holds."""

    members: tuple[Member, ...]
    refused: tuple[tuple[str, str], ...]
    """Names that are no whole file, with the reason; the empty name is the shard itself."""


class Shards:
    """The indices of tar files: kept in memory, and on disk for the next process.

    Args:
        home: Where they are kept; None: the user's cache directory.
    """

    def __init__(self, home: Path | None = None) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._places: OrderedDict[tuple[object, ...], dict[str, tuple[int, int]]] = OrderedDict()

    def index(self, path: Path) -> Index:
        """Return what a shard holds, reading its headers where nobody has yet.

        Raises:
            DataError: It is no tar file, or compressed.
            OSError: It cannot be read.
        """
        kept = self._kept(path)
        try:
            return msgspec.json.decode(kept.read_bytes(), type=Index)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            found = read_index(path)
        try:
            content = msgspec.json.encode(found)
            write_beside(kept, lambda temporary: _write_bytes(temporary, content))
            _prune(kept.parent)
        except (StorageError, OSError):
            pass  # a home that cannot be written: the headers are read again next time
        return found

    def read(self, path: Path, name: str) -> bytes:
        """Return the bytes of a member.

        Raises:
            DataError: It is no tar file.
            OSError: It cannot be read, or has no such member.
        """
        with path.open("rb") as file:
            stamp = _stamp(path, os.fstat(file.fileno()))
            offset, size = self._place(path, stamp, name)
            file.seek(offset)
            content = file.read(size)
        if len(content) < size:
            raise OSError(f"{path.name} is cut short within {name}")
        return content

    def _place(self, path: Path, stamp: tuple[object, ...], name: str) -> tuple[int, int]:
        with self._lock:
            if stamp not in self._places:
                members = self.index(path).members
                self._places[stamp] = {member.name: (member.offset, member.size)
                                       for member in members}  # fmt: skip
                while len(self._places) > 1 and self._count() > KEPT_MEMBERS:
                    self._places.popitem(last=False)
            self._places.move_to_end(stamp)
            try:
                return self._places[stamp][name]
            except KeyError as error:
                raise OSError(f"{path.name} holds no {name}") from error

    def _count(self) -> int:
        return sum(map(len, self._places.values()))

    def _kept(self, path: Path) -> Path:
        home = self._home or Path(platformdirs.user_cache_dir("neuroinspect-tui")) / "shards"
        return home / f"{key_of((FORMAT, *_stamp(path, path.stat())), 24)}.json"


def read_index(path: Path) -> Index:
    """Read the headers of a tar file, one after the other.

    Raises:
        DataError: It is no tar file, or compressed.
        OSError: It cannot be read.
    """
    members: dict[str, Member] = {}
    refused: list[tuple[str, str]] = []
    size = path.stat().st_size
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            try:
                for info in archive:
                    archive.members = []  # type: ignore[attr-defined]  # else all stay
                    if archive.offset <= info.offset:
                        raise tarfile.ReadError(f"a size below 0 at byte {info.offset:,}")
                    name, reason = str(PurePosixPath(info.name)), _refusal(info, size)
                    if reason == "" and name in members:
                        reason = "there are two of that name in the shard"
                    if reason:
                        refused.append((name, reason))
                    elif info.isfile():
                        members[name] = _member(archive, info, name)
                end = archive.offset
            except (tarfile.TarError, ValueError) as error:
                refused.append(("", f"cut short or damaged: {error}"))
            else:
                refused += _ending(path, end, size)
    except tarfile.TarError as error:
        raise DataError(
            f"{path} is no tar file, or is compressed: images in it cannot be reached one by one; "
            "decompress it to a plain .tar."
        ) from error
    return Index(tuple(members.values()), tuple(refused))


def _refusal(info: tarfile.TarInfo, size: int) -> str:
    try:
        info.name.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if info.issym() or info.islnk():
        return "a link"
    if info.isfile() and info.issparse():
        return "a sparse file"
    if info.isfile() and info.offset_data + info.size > size:
        return "the shard is cut short within it"
    return ""


def _member(archive: tarfile.TarFile, info: tarfile.TarInfo, name: str) -> Member:
    content = None
    if name.lower().endswith(SMALL_ENDINGS) and info.size <= SMALL:
        file = archive.extractfile(info)
        try:
            content = None if file is None else file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            content = None
    return Member(name, info.offset_data, info.size, content)


def _ending(path: Path, end: int, size: int) -> list[tuple[str, str]]:
    """Look behind the last header that was read: tarfile takes a damaged one for the end."""
    with path.open("rb") as file:
        file.seek(end)
        block = file.read(tarfile.BLOCKSIZE)
    if not block:
        return [("", "ends without an end mark, so that images at its end may be missing")]
    if any(block):
        return [("", f"damaged at byte {end:,} of {size:,}: what follows is not read")]
    return []


def _stamp(path: Path, status: os.stat_result) -> tuple[object, ...]:
    return str(path.absolute()), status.st_size, status.st_mtime_ns, status.st_ino


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _prune(home: Path) -> None:
    files = [(entry.stat().st_mtime_ns, entry.path) for entry in os.scandir(home)]
    for _, old in sorted(files)[: max(0, len(files) - KEPT_FILES)]:
        Path(old).unlink(missing_ok=True)
