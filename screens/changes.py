"""Predictions that changed, as rows of a table and tiles of a gallery; for What-if and Compare."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal

from engine.data.stored import PictureFinder
from engine.schema.edits import Comparison
from engine.schema.records import AblationPreview, ClassChange, Moved
from screens.widgets.filling import FillingGallery
from screens.widgets.gallery import Gallery, Tile
from screens.widgets.table import Column, Table
from screens.widgets.text import Text
from screens.words import percent, points

COLUMNS = (
    Column("class", 14, flex=True),
    Column("n", 5, "right"),
    Column("before", 7, "right"),
    Column("after", 7, "right"),
    Column("points", 7, "right", drop=2),  # before and after say as much
    Column("fixed", 5, "right", drop=1),
    Column("broken", 6, "right", drop=1),
)
UNCHANGED = "No prediction is fixed or broken."


@dataclass(frozen=True)
class Change:
    """A class or a group whose predictions changed."""

    entry: ClassChange
    group: str
    """`group`, or the grouping that it is a group of; empty for a class."""

    @property
    def key(self) -> tuple[str, int]:
        """What identifies it."""
        return self.group, self.entry.index

    @property
    def points(self) -> float:
        """By how much its accuracy changed, as a share."""
        return self.entry.after - self.entry.before

    @property
    def images(self) -> int:
        """How many of its images are fixed or broken."""
        return self.entry.fixed + self.entry.broken

    def cells(self) -> tuple[Text | str, ...]:
        """Return its row."""
        entry = self.entry
        style = "" if abs(self.points) < 1e-9 else ("green" if self.points > 0 else "red")
        return (
            f"{entry.name} ({self.group})" if self.group else entry.name,
            f"{entry.n:,}",
            percent(entry.before),
            percent(entry.after),
            Text(points(self.points), style),
            str(entry.fixed or "·"),
            str(entry.broken or "·"),
        )


def changed(result: Comparison | AblationPreview) -> list[Change]:
    """Return the classes and groups with fixed or broken images, the most changed first."""
    every = [Change(entry, "") for entry in result.classes]
    every += [Change(entry, "group") for entry in result.groups or ()]
    if isinstance(result, Comparison) and result.grouping is not None:
        every += [Change(entry, result.grouping) for entry in result.by_grouping or ()]
    moved = [change for change in every if change.images]
    return sorted(moved, key=lambda change: (-abs(change.points), -change.images))


@dataclass(frozen=True)
class MovedImages:
    """Fixed and broken images, each by class."""

    fixed: tuple[Moved, ...]
    broken: tuple[Moved, ...]

    @classmethod
    def of(cls, fixed: Sequence[Moved], broken: Sequence[Moved]) -> "MovedImages":
        """Sort them by class."""
        return cls(tuple(sorted(fixed, key=_by_class)), tuple(sorted(broken, key=_by_class)))

    def show(self, gallery: Gallery, picture_of: PictureFinder) -> None:
        """Fill a gallery with the images, which `picture_of` finds by their paths."""
        both = self.fixed + self.broken
        sections = [
            (f"{title} {len(images):,}", len(images))
            for title, images in (("fixed", self.fixed), ("broken", self.broken))
            if images
        ]
        gallery.empty = UNCHANGED
        gallery.show(
            len(both),
            lambda index: self.tile(index, picture_of),
            sections,
            keys=[image.path for image in both],
        )

    def tile(self, index: int, picture_of: PictureFinder) -> Tile:
        """Return an image with its class, and the wrong class that was or is predicted."""
        if index < len(self.fixed):
            image = self.fixed[index]
            return Tile(
                picture_of(image.path), (f"✓ {image.true.name}", f"was {image.before.name}")
            )
        image = self.broken[index - len(self.fixed)]
        return Tile(picture_of(image.path), (f"✗ {image.true.name}", f"now {image.after.name}"))

    def first(self, class_index: int) -> str | None:
        """Return the path of a class's first image, if it has any."""
        paths = (i.path for i in self.fixed + self.broken if i.true.index == class_index)
        return next(paths, None)

    def by_class(self, most: int = 4) -> str:
        """Return `fixed: sweet pea 3, snapdragon 2   broken: cyclamen 4`."""
        parts = [
            f"{title}: {_counts(images, most)}"
            for title, images in (("fixed", self.fixed), ("broken", self.broken))
            if images
        ]
        return "   ".join(parts)


class Changes(Horizontal):
    """The changed classes beside their images; on a narrow screen one or the other.

    The screen's CSS class `-pictures` says which: other widgets make room for the images too.
    """

    DEFAULT_CSS = "Changes > #changes { margin-right: 1; }"

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.images = MovedImages((), ())

    def compose(self) -> ComposeResult:
        """Put the table at the left."""
        yield Table(*COLUMNS, id="changes", empty="loading…")
        yield FillingGallery(id="images")

    def show(self, result: Comparison | AblationPreview, picture_of: PictureFinder) -> None:
        """Show what is fixed and what is broken."""
        self.images = MovedImages.of(result.fixed, result.broken)
        self._fill(self.query_one(Table), changed(result))
        self.images.show(self.query_one(Gallery), picture_of)

    def _fill(self, table: Table, changes: Sequence[Change]) -> None:
        table.empty = UNCHANGED
        unmoved = not table.index
        table.show(
            len(changes), lambda i: changes[i].cells(), keys=[change.key for change in changes]
        )
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


def _by_class(image: Moved) -> tuple[int, str]:
    return image.true.index, image.path


def _counts(moved: Sequence[Moved], most: int) -> str:
    counts: dict[str, int] = {}
    for image in moved:
        counts[image.true.name] = counts.get(image.true.name, 0) + 1
    named = [f"{name} {n}" for name, n in sorted(counts.items(), key=lambda item: -item[1])]
    return ", ".join(named[:most]) + (f" and {len(named) - most} more" if len(named) > most else "")
