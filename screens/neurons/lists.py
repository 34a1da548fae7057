"""The neurons that are too weak beside those that are too strong; the selection, and N."""

from collections.abc import Iterable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget

from engine.schema.records import RankedNeuron
from screens.neurons import found, ranking
from screens.neurons.ranking import SORTS, Ranking
from screens.widgets.table import Table
from screens.widgets.text import Label, Static, Text

SIDES = ("insufficient", "excessive")
TITLES = ("too weak (insufficient)", "too strong (excessive)")


class NeuronLists(Widget):
    """Two tables, of which one has the cursor, under a line with N."""

    DEFAULT_CSS = """
    NeuronLists { height: 1fr; min-height: 5; }
    NeuronLists #slider { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    NeuronLists .list { width: 1fr; }
    NeuronLists .title {
        width: 1fr; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis;
    }
    NeuronLists .list:focus-within .title { text-style: bold; color: $text-accent; }
    """

    class Moved(Message):
        """The cursor is on another neuron, or on none."""

    def __init__(self) -> None:
        super().__init__()
        self._ranking: Ranking | None = None
        self._selected_neurons: tuple[int, ...] = ()
        self._sort = 0
        self._only_ambiguous = False
        self._rows: list[list[RankedNeuron]] = [[], []]
        self._side = 0

    def compose(self) -> ComposeResult:
        """Put the line above the lists."""
        yield Static(id="slider")
        with Horizontal():
            for side, title in zip(SIDES, TITLES, strict=True):
                with Vertical(classes="list"):
                    yield Label(title, id=f"title-{side}", classes="title")
                    yield Table(*ranking.columns("contrast"), id=side)

    @property
    def insufficient(self) -> bool:
        """Whether the cursor is in the list of neurons that are too weak."""
        return self._side == 0

    @property
    def ranked(self) -> RankedNeuron | None:
        """The cursor's neuron."""
        index, rows = self._table(self._side).index, self._rows[self._side]
        return rows[index] if index is not None and index < len(rows) else None

    def show(self, shown: Ranking, selected: Iterable[int]) -> None:
        """Show a ranking; the cursors stay on their neurons."""
        first, self._ranking, self._selected_neurons = self._ranking is None, shown, tuple(selected)
        for side in (0, 1):
            more = () if shown.fits is None else (found.COLUMN,)
            self._table(side).use(
                *ranking.columns(shown.by, named=shown.named, drawn=shown.drawn), *more
            )
        self._show_rows()
        if first:
            self._table(0 if self._rows[0] else 1).focus()

    def select(self, selected: Iterable[int]) -> None:
        """Show another selection."""
        self._selected_neurons = tuple(selected)
        self._show_rows()

    def cycle_sort(self) -> None:
        """Sort by the next column; after the last, as they are ranked."""
        self._sort = (self._sort + 1) % len(SORTS)
        self._show_rows()

    def toggle_ambiguous(self) -> None:
        """List only neurons that are in both lists, or all."""
        self._only_ambiguous = not self._only_ambiguous
        self._show_rows()
        self.post_message(self.Moved())

    def go(self, side: int) -> None:
        """Give a list the cursor: 0 is too weak, 1 is too strong."""
        self._table(side).focus()

    def focus_list(self) -> None:
        """Give the list that had the cursor the keys."""
        self.go(self._side)

    def go_to_first(self) -> None:
        """Move both cursors to the top."""
        for side in (0, 1):
            self._table(side).move_to(0)

    def _table(self, side: int) -> Table:
        return self.query_one(f"#{SIDES[side]}", Table)

    def _show_rows(self) -> None:
        if self._ranking is None:
            return
        neurons, sort = self._ranking.neurons, SORTS[self._sort]
        for side, ranked in enumerate((neurons.insufficient, neurons.excessive)):
            rows = self._rows[side] = ranking.arranged(ranked, sort, self._only_ambiguous)
            only = ", only those in both lists" if self._only_ambiguous else ""
            title = f"{TITLES[side]}: {len(rows)}{only}"
            self.query_one(f"#title-{SIDES[side]}", Label).update(title)
            self._show_side(side, rows)
        self.query_one("#slider", Static).update(self._slider(self._ranking))

    def _show_side(self, side: int, rows: list[RankedNeuron]) -> None:
        assert self._ranking is not None
        sort, selected = SORTS[self._sort], set(self._selected_neurons)
        by, drawn = self._ranking.by, self._ranking.drawn
        table = self._table(side)
        table.empty = "No neuron is in both lists. a lists all." if self._only_ambiguous else "none"
        fits = self._ranking.fits
        if sort is None and fits is not None:
            table.sorted_by(found.COLUMN.title, True)
        elif sort is None:
            table.sorted_by(ranking.RANKED_BY[self._ranking.by], True)
        else:
            table.sorted_by(sort.title, sort.descending)
        table.show(
            len(rows),
            lambda index: (
                *ranking.cells(rows[index], rows[index].neuron in selected, by, drawn=drawn),
                *(() if fits is None else (f"{fits[rows[index].neuron]:+.2f}",)),
            ),
            keys=[row.neuron for row in rows],
        )

    def _slider(self, shown: Ranking) -> Text:
        n = ranking.leading(shown.order, self._selected_neurons)
        listed = {row.neuron for row in (*shown.neurons.insufficient, *shown.neurons.excessive)}
        unlisted = len(set(self._selected_neurons) - listed)
        return Text.assemble(
            f"{len(self._selected_neurons)} selected",
            f" ({unlisted} not listed)" if unlisted else "",
            "   top N ", ("◀ ", "dim"), (str(n), "bold"), (" ▶", "dim"),
            f" of {len(shown.order):,}",
            (f"   ranked by {shown.by}, as `--top N` takes them", "dim"),
            no_wrap=True,
        )  # fmt: skip

    @on(Table.Moved)
    def _moved(self, event: Table.Moved) -> None:
        event.stop()
        if event.widget is self._table(self._side):
            self.post_message(self.Moved())

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow the cursor into the other list."""
        side = next((side for side in (0, 1) if event.widget is self._table(side)), self._side)
        if side != self._side:
            self._side = side
            self.post_message(self.Moved())
