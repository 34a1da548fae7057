"""Classes, or groups, as a table."""

from collections.abc import Sequence

from rich.text import Text
from textual.binding import Binding

from engine.schema.records import ClassScore, GroupScore
from screens.classes.listed import Listing
from screens.widgets.bars import bar
from screens.widgets.table import Column, Table
from screens.words import interval, percent, points

BAR = 8
EDIT = "kept edit"
MARKED = {"accuracy": "accuracy", "n": "n", "name": "class", "gain": EDIT}
"""The title that carries the mark of an order."""
DESCENDING = ("n", "gain")


class ScoreTable(Table):
    """Accuracies, with what the kept edit does to each where one is kept.

    Args:
        what: The title of the names.
        taken: Whether a column says what they are mostly taken for.
    """

    def __init__(self, what: str, *, taken: bool, id: str) -> None:
        super().__init__(empty="reading…", id=id)
        self._what, self._taken, self._edited = what, taken, False

    def fit_columns(self, entries: Sequence[ClassScore | GroupScore], *, edited: bool) -> None:
        """Choose the columns that these entries need."""
        digits = len(f"{max((entry.n for entry in entries), default=0):,}")
        columns = [
            Column(self._what, 15, flex=True),
            Column("n", digits, "right"),
            Column("right", max(5, digits), "right"),
            Column("accuracy", 9, "right"),
            Column("", BAR, drop=1),
            Column("95%", 12, "center"),
        ]
        if edited:
            columns.append(Column(EDIT, len(EDIT), "right"))
        if self._taken:
            columns.append(Column("taken for", 13, flex=True))
        self._edited = edited
        if self._columns != tuple(columns):
            self._columns = tuple(columns)
            self._lines.clear()
            self.refresh()

    def say(self, words: str) -> None:
        """Say something in the middle of an empty table."""
        self.empty = words
        self.refresh()

    def cells(self, entry: ClassScore | GroupScore, gain: float | None) -> list[Text | str]:
        """Return a row."""
        row: list[Text | str] = [
            entry.name, f"{entry.n:,}" if entry.n else "–", f"{entry.correct:,}" if entry.n else "",
            percent(entry.accuracy), bar(entry.accuracy, BAR), interval(entry.ci),
        ]  # fmt: skip
        if self._edited:
            row.append(self._moved(gain))
        if isinstance(entry, ClassScore):
            row.append(", ".join(f"{other.name} {other.count}" for other in entry.confused_with))
        return row

    def _moved(self, gain: float | None) -> Text:
        if gain is None:
            return Text("–")
        if abs(gain) < 5e-5:
            return Text("same", style="dim")
        name = "text-success" if gain > 0 else "text-error"
        return Text(points(gain), style=self.app.theme_variables[name])


class ClassTable(ScoreTable):
    """The classes; the footer says where enter leads."""

    BINDINGS = [
        Binding(
            "enter", "choose", "Mistakes", id="classes.mistakes", tooltip="Look at its mistakes"
        )
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Choose only where there is something to open."""
        return self.screen.check_action("mistakes", parameters) if action == "choose" else True

    def list_classes(self, listing: Listing, sort: str, needle: str) -> None:
        """Show the classes whose name holds `needle`, in an order; the cursor stays on its own."""
        found = listing.found(sort, needle)
        self.empty = f"no class's name holds {needle!r}; escape shows all"
        self.fit_columns(listing.scores.classes, edited=listing.after is not None)
        classes = listing.scores.classes
        self.sorted_by(MARKED.get(sort, ""), sort in DESCENDING)
        self.show(
            len(found), lambda row: self.cells(classes[found[row]], listing.gain(found[row])), found
        )


class GroupTable(ScoreTable):
    """The groups."""

    def list_groups(self, listing: Listing) -> None:
        """Show the groups, worst first."""
        groups, order = listing.scores.groups or (), listing.group_order
        self.fit_columns(groups, edited=listing.after is not None)
        self.sorted_by("accuracy", descending=False)
        self.show(
            len(order),
            lambda row: self.cells(groups[order[row]], listing.group_gain(order[row])),
            order,
        )
