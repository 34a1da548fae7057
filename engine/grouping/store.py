"""Groupings in a workspace: groups/NAME.csv, which anyone can read and correct. No torch.

Beside it, groups/NAME.json says where it comes from. A CSV laid there by hand needs none.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from msgspec import Struct, structs

from engine.grouping.finding import Kinds
from engine.io.atomic import file_digest, read_json, write_beside, write_json
from engine.schema.errors import DataError, RequestError, StorageError

FOLDER = "groups"
COLUMNS = ("path", "split", "class", "value")
NEEDED = ("path", "value")
NAME = re.compile(r"\w[\w.-]{0,63}")
FOUND = "found"
"""What `edit --group-by` takes beside the names."""


class Origin(Struct, frozen=True, kw_only=True):
    """groups/NAME.json: where a grouping comes from."""

    source: str
    """`directions`, `neurons`, `words`, `query`, `ticked`, `hand` or `csv`."""
    created: str = ""
    digest: str = ""
    """sha256 of the CSV as it was made."""
    split: str = ""
    """Where it was found, with the rest below; empty for groups that nothing was looked at for."""
    cache: str = ""
    """The key of that split's feature cache."""
    rows: tuple[int, ...] = ()
    """The rows of it that were looked at: selection images."""
    seed: int = 0
    space: str = ""
    """What described the images: `clip`, `features`, or nothing."""
    why: str = ""
    """Why that space, in a sentence."""
    clip: str = ""
    """The key of the CLIP, where its features or its words were used."""
    texts: tuple[str, ...] = ()
    """What the images were compared with: two words, or a query."""
    neurons: tuple[int, ...] = ()
    file: str = ""
    """The CSV that it was read from."""
    weights: str = ""
    kinds: tuple[Kinds, ...] = ()
    versions: dict[str, str] = {}


class Member(Struct, frozen=True):
    """An image of a grouping, a row of its CSV."""

    path: str
    """Below the data's root."""
    split: str
    """Empty: of every split."""
    class_: str
    value: str
    """Empty: none."""


@dataclass(frozen=True)
class Grouping:
    """A named attribute of images."""

    name: str
    members: tuple[Member, ...]
    digest: str
    origin: Origin | None
    """None: a CSV laid into the workspace by hand."""

    @property
    def values(self) -> tuple[str, ...]:
        """The values there are, sorted."""
        return tuple(sorted({member.value for member in self.members if member.value}))

    @property
    def counts(self) -> dict[str, int]:
        """How many images have each value, in all splits together."""
        found = dict.fromkeys(self.values, 0)
        for member in self.members:
            if member.value:
                found[member.value] += 1
        return found

    @property
    def source(self) -> str:
        """Where it comes from, in a word."""
        return "csv" if self.origin is None else self.origin.source

    @property
    def corrected(self) -> bool:
        """Whether the CSV is another than was made."""
        return self.origin is not None and self.origin.digest != self.digest


def check_name(name: str) -> str:
    """Return the name of a grouping.

    Raises:
        RequestError: It cannot be the name of a file.
    """
    if not NAME.fullmatch(name):
        raise RequestError(
            f"{name!r} is no name for a grouping; give letters, digits, '_', '-' and '.', "
            "at most 64, the first a letter or digit."
        )
    return name


def csv_path(home: Path, name: str) -> Path:
    """Return where a grouping lies; the arguments are the workspace and a name."""
    return home / FOLDER / f"{check_name(name)}.csv"


def names(home: Path) -> list[str]:
    """Return the names of a workspace's groupings."""
    stems = (path.stem for path in (home / FOLDER).glob("*.csv") if path.is_file())
    return sorted(stem for stem in stems if NAME.fullmatch(stem))


def check_new(home: Path, name: str) -> None:
    """Refuse to write over a grouping: someone may have corrected it.

    Raises:
        RequestError: There is one of that name, or it is no name.
    """
    if (path := csv_path(home, name)).exists():
        raise RequestError(
            f"There is a grouping {name} already; choose another name, or remove {path}."
        )


def save(home: Path, name: str, members: Iterable[Member], origin: Origin) -> Grouping:
    """Write a grouping, first where it comes from: without its CSV there is none.

    Raises:
        RequestError: There is one of that name.
        StorageError: The workspace cannot be written.
    """
    check_new(home, name)
    listed, path = tuple(members), csv_path(home, name)
    content = _content(listed)
    digest = sha256(content).hexdigest()
    origin = structs.replace(origin, digest=digest)
    write_json(path.with_suffix(".json"), origin)
    write_bytes(path, content)
    return Grouping(name, listed, digest, origin)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically.

    Raises:
        StorageError: It cannot be written.
    """

    def write(temporary: Path) -> None:
        temporary.write_bytes(content)

    write_beside(path, write)


def load(home: Path, name: str) -> Grouping:
    """Read a grouping.

    Raises:
        RequestError: There is none of that name.
        DataError: Its CSV is damaged.
        StorageError: Its CSV cannot be read, or its JSON is damaged.
    """
    path = csv_path(home, name)
    if not path.is_file():
        known = ", ".join(names(home)) or "none yet"
        raise RequestError(
            f"There is no grouping {name} in this workspace ({known}); "
            f"make it with `groups make {name}`."
        )
    members = read_members(path)
    beside = path.with_suffix(".json")
    try:
        origin = read_json(beside, Origin) if beside.exists() else None
    except StorageError as error:
        raise StorageError(
            f"{beside} is damaged, so that it is not known on which images {name} was found; "
            f"remove it and {path.name}, and make the grouping again."
        ) from error
    return Grouping(name, members, file_digest(path), origin)


def read_members(path: Path) -> tuple[Member, ...]:
    """Read a CSV with the columns path and value; split and class are optional, others ignored.

    Raises:
        DataError: It is no such table, an image has two values, or there are none.
        StorageError: It cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise StorageError(f"Cannot read {path}: {error.strerror or error}.") from error
    try:
        members = tuple(_parsed(path, text))
    except csv.Error as error:
        raise DataError(f"{path} is no CSV ({error}); give a table path,value.") from error
    if not any(member.value for member in members):
        raise DataError(f"{path} gives no image a value; fill its column value.")
    return members


def _parsed(path: Path, text: str) -> Iterator[Member]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [column.strip().casefold() for column in next(reader, [])]
    missing = [column for column in NEEDED if header.count(column) != 1]
    if missing:
        raise DataError(
            f"{path} needs one column {' and one '.join(missing)} in its first line; "
            "give a table path,value."
        )
    places = {column: header.index(column) for column in COLUMNS if column in header}
    known: dict[tuple[str, str], str] = {}
    for values in reader:
        if not values:
            continue
        if len(values) != len(header):
            raise DataError(
                f"{path}, line {reader.line_num}: {len(values)} fields, not {len(header)}; "
                "put what has a comma in it between quotes."
            )
        row = {column: values[place] for column, place in places.items()}
        split, value = row.get("split", "").strip(), row["value"].strip()
        if known.setdefault((row["path"], split), value) != value:
            raise DataError(
                f"{path}, line {reader.line_num}: {row['path']} has two values, "
                f"{known[row['path'], split]!r} and {value!r}; keep one."
            )
        yield Member(row["path"], split, row.get("class", ""), value)


def content_of(grouping: Grouping) -> bytes:
    """Return a grouping as a CSV."""
    return _content(grouping.members)


def _content(members: Iterable[Member]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((m.path, m.split, m.class_, m.value) for m in members)
    return text.getvalue().encode("utf-8", "surrogateescape")
