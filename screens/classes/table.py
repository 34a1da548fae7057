"""Classes, or groups, as a table."""

from collections.abc import Sequence

from textual.binding import Binding

from engine.schema.records import ClassScore, GroupScore
from screens.classes.listing import Listing
from screens.widgets.bars import bar
from screens.widgets.table import Column, Table
from screens.widgets.text import Text
from screens.words import interval, percent, points

BAR = 8
EDIT = "edit"
MARKED = {"accuracy": "accuracy", "n": "n", "name": "class", "gain": EDIT}
"""The title that carries the mark of an order."""
DESCENDING = ("n", "gain")


class ScoreTable(Table):
    """Accuracies, and how the applied edit changes each.

    Args:
        title: Of the column of names.
        confusions: Whether a column says what they are most often predicted as.
    """

    def __init__(self, title: str, *, confusions: bool, id: str) -> None:
        super().__init__(empty="loading…", id=id)
        self._title, self._confusions, self._edited = title, confusions, False
        self._doubted = False

    def fit_columns(self, entries: Sequence[ClassScore | GroupScore], *, edited: bool) -> None:
        """Choose the columns that these entries need."""
        digits = len(f"{max((entry.n for entry in entries), default=0):,}")
        columns = [
            Column(self._title, 13, flex=True),
            Column("n", digits, "right"),
            Column("correct", max(7, digits), "right"),
            Column("accuracy", 8, "right"),
            Column("", BAR, drop=1),
            Column("95% interval", 12, "right"),
        ]
        self._doubted = any(isinstance(entry, ClassScore) and entry.suspects for entry in entries)
        if self._doubted:
            columns.append(Column("?", 3, "right", drop=2))
        if edited:
            columns.append(Column(EDIT, 6, "right"))
        if self._confusions:
            columns.append(Column("top confusions", 14, flex=True))
        self._edited = edited
        if self._columns != tuple(columns):
            self._columns = tuple(columns)
            self._lines.clear()
            self.refresh()

    def say(self, sentence: str) -> None:
        """Show a sentence in the middle of an empty table."""
        self.empty = sentence
        self.refresh()

    def cells(self, entry: ClassScore | GroupScore, gain: float | None) -> list[Text | str]:
        """Return a row."""
        row: list[Text | str] = [
            entry.name, f"{entry.n:,}" if entry.n else "–", f"{entry.correct:,}" if entry.n else "",
            percent(entry.accuracy), bar(entry.accuracy, BAR),
            "" if entry.ci is None else interval(*entry.ci),
        ]  # fmt: skip
        if self._doubted:
            row.append(str(entry.suspects or "") if isinstance(entry, ClassScore) else "")
        if self._edited:
            row.append(self._moved(gain))
        if isinstance(entry, ClassScore):
            row.append(", ".join(f"{other.name} {other.count}" for other in entry.confused_with))
        return row

    def _moved(self, gain: float | None) -> Text:
        if gain is None:
            return Text("–")
        if abs(gain) < 5e-5:
            return Text("0.0", style="dim")
        name = "text-success" if gain > 0 else "text-error"
        return Text(points(gain), style=self.app.theme_variables[name])


class ClassTable(ScoreTable):
    """The classes; the footer shows what enter does."""

    BINDINGS = [
        Binding(
            "enter",
            "choose",
            "Mistakes",
            id="classes.mistakes",
            tooltip="Show the class's mistakes",
        )
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Choose only where there is something to open."""
        return self.screen.check_action("mistakes", parameters) if action == "choose" else True

    def list_classes(self, listing: Listing, sort: str, text: str) -> None:
        """Show the classes whose names contain `text`; the cursor stays on its class."""
        shown = listing.matching(sort, text)
        self.empty = f"No class name contains {text!r}. Escape shows all classes."
        self.fit_columns(listing.scores.classes, edited=listing.after is not None)
        classes = listing.scores.classes
        self.sorted_by(MARKED.get(sort, ""), sort in DESCENDING)
        self.show(
            len(shown), lambda row: self.cells(classes[shown[row]], listing.gain(shown[row])), shown
        )


class GroupTable(ScoreTable):
    """The groups."""

    def clear(self, sentence: str) -> None:
        """Show a sentence instead."""
        self.say(sentence)
        self.show(0, lambda _: ())

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
