"""WebDataset shards: tar files of KEY.jpg, each with its label in KEY.cls, KEY.json or KEY.txt."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from engine.data.readers.base import (
    ALL,
    EXTENSIONS,
    SPLIT_NAMES,
    Listing,
    Options,
    Sample,
    Split,
    files_ending,
    folders_in,
)
from engine.data.shards import COMPRESSED, TAR, Index, Member, Shards
from engine.data.tables import number_classes, text
from engine.schema.errors import DataError

INSIDE = "#"
"""Between the shard and the member, in an image's path."""
LABELS = (".cls", ".json", ".txt")
KEYS = ("label", "cls", "class", "class_id", "target", "y")
"""Of a JSON label, the first that there is; `columns` may name another."""
LONGEST = 200
"""Characters of a text that may still be a class's name."""
FEW = 20
"""Images of which each may have a text of its own without these being captions."""


class Found(Struct, frozen=True):
    """An image in a shard, and its label or why it has none."""

    member: Member
    label: str
    source: str
    """The ending of the file with the label."""
    reason: str = ""


class WebDataset:
    """Lists and opens the images of shards, without unpacking them."""

    title = "WebDataset"
    help = "a folder of shards {0000..0099}.tar, or one .tar, of KEY.jpg + KEY.cls, .json or .txt"
    general = False

    def __init__(self) -> None:
        self._shards = Shards()

    def matches(self, path: Path) -> bool:
        """Match a .tar file, and a folder of them that has no other folders than theirs."""
        if path.is_file():
            return path.name.lower().endswith((TAR, *COMPRESSED))
        return bool(_files(path)) and all(map(_files, folders_in(path)))

    def splits(self, path: Path, options: Options) -> tuple[str, ...]:
        """Return the splits that folders or shards are named by; `all` where they are not."""
        return tuple(sorted(_by_split(path)))

    def list(self, path: Path, split: str, options: Options) -> Split:
        """List a split shard by shard, in the order of members; classes are those of the split."""
        root = path if path.is_dir() else path.parent
        wanted = _label_source(options)
        found: list[tuple[str, int, Found]] = []
        listing = Listing(root)
        for shard in _by_split(path)[split]:
            name, status = str(shard.relative_to(root)), shard.stat()
            index = self._shards.index(shard)
            for member, reason in index.refused:
                listing.skip(f"{name}{INSIDE}{member}" if member else name, reason)
            found.extend(
                (f"{name}{INSIDE}{each.member.name}", status.st_mtime_ns, each)
                for each in _images(index, wanted)
            )
        _check_captions(path, [each for _, _, each in found], wanted)
        folders, number = number_classes(each.label for _, _, each in found)
        for name, mtime_ns, each in found:
            label = number.get(each.label)
            if label is None:
                listing.skip(name, each.reason or f"no class has the number {each.label}")
            else:
                listing.samples.append(Sample(name, label, -1, each.member.size, mtime_ns))
        if not listing.samples:
            why = f" ({listing.skipped[0].reason})" if listing.skipped else ""
            raise DataError(
                f"No images of {split} in {path} have a label{why}; expected KEY.jpg beside "
                "KEY.cls, KEY.json or KEY.txt."
            )
        return listing.split(split, folders)

    def open(self, root: Path, sample: Sample) -> BinaryIO:
        """Return the bytes of a member."""
        place = re.fullmatch(rf"(.*?{re.escape(TAR)}){INSIDE}(.*)", sample.path, re.S | re.I)
        if place is None:
            raise OSError(f"{sample.path} names no shard")
        return io.BytesIO(self._shards.read(root / place[1], place[2]))


def _files(path: Path) -> list[Path]:
    """Return the shards of a folder and of the folders in it, compressed ones too."""
    folders = [path, *folders_in(path)]
    return [file for folder in folders for file in files_ending(folder, (TAR, *COMPRESSED))]


def _by_split(path: Path) -> dict[str, list[Path]]:
    """Return the shards by split.

    Raises:
        DataError: There are none, or some are compressed.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        raise DataError(f"No {TAR} files in {path}.")
    for file in files:
        if file.name.lower().endswith(COMPRESSED):
            raise DataError(
                f"{file} is compressed, so that images in it cannot be reached one by one; "
                "decompress it to a plain .tar."
            )
    names = {file: _split_of(file, path) for file in files}
    if not any(_known(name) for name in names.values()) and not _in_folders(files, path):
        return {ALL: files}  # flowers-000.tar is no split called flowers
    splits: dict[str, list[Path]] = {}
    for file in files:
        splits.setdefault(names[file] or ALL, []).append(file)
    return splits


def _in_folders(files: Sequence[Path], path: Path) -> bool:
    return path.is_dir() and all(file.parent != path for file in files)


def _split_of(file: Path, path: Path) -> str:
    """Return `train` of train/0000.tar, and of imagenet-train-0000.tar."""
    if path.is_dir() and file.parent != path:
        return file.parent.name
    name = re.sub(r"[-_.]*\d+(-of-\d+)?$", "", file.name[: -len(TAR)])
    words = [word for word in re.split(r"[-_.]", name) if _known(word)]
    return words[-1] if words else name


def _known(name: str) -> bool:
    return any(name.casefold() in synonyms for synonyms in SPLIT_NAMES)


def _label_source(options: Options) -> tuple[str, str] | None:
    """Return the ending and the JSON key of the labels, where the workspace names them.

    Raises:
        DataError: It names something else.
    """
    wanted = options.columns.get("label")
    if wanted is None:
        return None
    ending, _, key = wanted.removeprefix(".").partition(".")
    if f".{ending}" not in LABELS or (key and ending != "json"):
        raise DataError(
            f"A shard has no label {wanted!r}; the label column is cls, txt, json, or json.KEY."
        )
    return f".{ending}", key


def _images(index: Index, wanted: tuple[str, str] | None) -> Iterator[Found]:
    """Yield the images of a shard, each with its label."""
    members = {member.name: member for member in index.members}
    folded = {name.lower(): member for name, member in members.items()}
    endings = LABELS if wanted is None else (wanted[0],)
    for name, member in members.items():
        stem, dot, ending = name.rpartition(".")
        if f"{dot}{ending.lower()}" not in EXTENSIONS or name.rpartition("/")[2].startswith("."):
            continue
        folder, slash, base = name.rpartition("/")
        key = f"{folder}{slash}{base.partition('.')[0]}"
        # KEY ends at the first dot; names with dots of their own are paired by the last one
        beside = [(e, folded.get(f"{each}{e}".lower())) for each in (stem, key) for e in endings]
        labels = [(e, label) for e, label in beside if label is not None]
        yield _labelled(member, labels, "" if wanted is None else wanted[1])


def _labelled(member: Member, labels: Iterable[tuple[str, Member]], key: str) -> Found:
    reason, source = "no label beside it", ""
    for source, file in labels:
        if file.content is None:
            reason = f"its {source} is too long to be a label, or no text"
            continue
        label = _in_json(file.content, key) if source == ".json" else text(file.content)
        if label and len(label) <= LONGEST and "\n" not in label:
            return Found(member, label, source)
        reason = f"its {source} holds no label"
    return Found(member, "", source, reason)


def _in_json(content: str, key: str) -> str:
    try:
        found = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return ""
    keys = key.split(".") if key else []
    for each in keys:
        found = found.get(each) if isinstance(found, Mapping) else None
    if not keys and isinstance(found, Mapping):
        found = next((found[each] for each in KEYS if each in found), None)
    return "" if isinstance(found, (dict, list)) else text(found)


def _check_captions(path: Path, found: Sequence[Found], wanted: tuple[str, str] | None) -> None:
    """Refuse texts that are nearly all different, unless the workspace says that they are labels.

    Raises:
        DataError: They are.
    """
    texts = Counter(each.label for each in found if each.source == ".txt" and not each.reason)
    images = texts.total()
    if wanted is None and images >= FEW and 2 * len(texts) > images:
        raise DataError(
            f"The .txt files in {path} have {len(texts):,} texts for {images:,} images: captions, "
            "not classes; say where the label is (columns in workspace.toml, "
            "init --column label=json.KEY, or label=txt if these are classes)."
        )


KIND = WebDataset()
