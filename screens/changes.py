"""What predictions moved, as rows of a table and tiles of a gallery; for what-ifs and edits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal

from engine.schema.edits import Comparison
from engine.schema.records import ClassChange, Moved, WhatIf
from screens.widgets.gallery import Gallery, Tile
from screens.widgets.table import Column, Table
from screens.words import percent, points

COLUMNS = (
    Column("class", 14, flex=True),
    Column("n", 5, "right"),
    Column("before", 7, "right"),
    Column("after", 7, "right"),
    Column("points", 7, "right", drop=2),  # before and after say as much
    Column("fixed", 5, "right", drop=1),
    Column("broken", 5, "right", drop=1),
)


@dataclass(frozen=True)
class Change:
    """A class or a group that changed."""

    what: ClassChange
    group: bool

    @property
    def key(self) -> tuple[bool, int]:
        """What tells it from others."""
        return self.group, self.what.index

    @property
    def points(self) -> float:
        """By how much its accuracy changed, as a share."""
        return self.what.after - self.what.before

    @property
    def images(self) -> int:
        """How many of its images changed sides."""
        return self.what.fixed + self.what.broken

    def cells(self) -> tuple[Text | str, ...]:
        """Return its row."""
        some = self.what
        style = "" if abs(self.points) < 1e-9 else ("green" if self.points > 0 else "red")
        return (
            f"{some.name} (group)" if self.group else some.name,
            f"{some.n:,}",
            percent(some.before),
            percent(some.after),
            Text(points(self.points), style),
            str(some.fixed or "·"),
            str(some.broken or "·"),
        )


def changed(classes: Sequence[ClassChange], groups: Sequence[ClassChange] | None) -> list[Change]:
    """Return what won or lost an image, the most changed first."""
    both = [Change(some, False) for some in classes] + [Change(some, True) for some in groups or ()]
    moved = [change for change in both if change.images]
    return sorted(moved, key=lambda some: (-abs(some.points), -some.images))


@dataclass(frozen=True)
class MovedImages:
    """Images won and lost, each by class."""

    fixed: tuple[Moved, ...]
    broken: tuple[Moved, ...]

    @classmethod
    def of(cls, fixed: Sequence[Moved], broken: Sequence[Moved]) -> "MovedImages":
        """Sort them by class."""
        by_class = sorted(fixed, key=_by_class), sorted(broken, key=_by_class)
        return cls(tuple(by_class[0]), tuple(by_class[1]))

    def show(self, gallery: Gallery) -> None:
        """Fill a gallery."""
        both = self.fixed + self.broken
        sections = [
            (f"{title} {len(some):,}", len(some))
            for title, some in (("fixed", self.fixed), ("broken", self.broken))
            if some
        ]
        gallery.empty = "No image changes sides."
        gallery.show(len(both), self.tile, sections, keys=[some.path for some in both])

    def tile(self, index: int) -> Tile:
        """Return an image with what it is, and what it was or is taken for."""
        if index < len(self.fixed):
            some = self.fixed[index]
            return Tile(Path(some.path), (f"✓ {some.true.name}", f"was {some.before.name}"))
        some = self.broken[index - len(self.fixed)]
        return Tile(Path(some.path), (f"✗ {some.true.name}", f"now {some.after.name}"))

    def first(self, class_index: int) -> str | None:
        """Return the path of a class's first image, if it has any."""
        both = (some.path for some in self.fixed + self.broken if some.true.index == class_index)
        return next(both, None)

    def told(self, most: int = 4) -> str:
        """Return `won: sweet pea 3, snapdragon 2   lost: cyclamen 4`."""
        parts = [
            f"{title}: {_counts(some, most)}"
            for title, some in (("fixed", self.fixed), ("broken", self.broken))
            if some
        ]
        return "   ".join(parts)


class Changes(Horizontal):
    """The classes that changed beside their images; on a narrow screen one or the other.

    Which, tells the screen's class `-pictures`: there is more that makes room for the images.
    """

    DEFAULT_CSS = "Changes > #changes { margin-right: 1; }"

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.images = MovedImages((), ())

    def compose(self) -> ComposeResult:
        """Put the table at the left."""
        yield Table(*COLUMNS, id="changes", empty="reading…")
        yield Gallery(id="images")

    def show(self, found: Comparison | WhatIf) -> None:
        """Show what won and what lost."""
        self.images = MovedImages.of(found.fixed, found.broken)
        self._fill(self.query_one(Table), changed(found.classes, found.groups))
        self.images.show(self.query_one(Gallery))

    def _fill(self, table: Table, changes: Sequence[Change]) -> None:
        table.empty = "No image changes sides."
        unmoved = not table.index
        table.show(len(changes), lambda i: changes[i].cells(), keys=[some.key for some in changes])
        if unmoved:  # stays on the most changed rather than on the class that was
            table.move_to(0)

    def focus_table(self) -> None:
        """Let keys move through the classes."""
        self.query_one(Table).focus()

    def switch(self) -> None:
        """Show the images, or the classes again."""
        shown = not self.screen.has_class("-pictures")
        self.screen.set_class(shown, "-pictures")
        self.query_one("#images" if shown else "#changes").focus()

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """Show the images of a class."""
        message.stop()
        group, index = message.key
        path = None if group else self.images.first(index)
        if path is not None:
            self.query_one(Gallery).move_to_key(path)
        if not self.screen.has_class("-pictures"):
            self.switch()


def _by_class(some: Moved) -> tuple[int, str]:
    return some.true.index, some.path


def _counts(moved: Sequence[Moved], most: int) -> str:
    counts: dict[str, int] = {}
    for some in moved:
        counts[some.true.name] = counts.get(some.true.name, 0) + 1
    named = [f"{name} {n}" for name, n in sorted(counts.items(), key=lambda item: -item[1])]
    return ", ".join(named[:most]) + (f" and {len(named) - most} more" if len(named) > most else "")
