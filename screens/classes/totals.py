"""A split's classes in two lines, or more where there is no room."""

from rich.cells import cell_len
from textual.app import RenderResult
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from screens.classes.grouped import Shown
from screens.classes.listing import SORTS, Listing
from screens.classes.source import Applied
from screens.shown import shown
from screens.widgets.text import Text, stacked
from screens.words import counted, percent, points

GAP = 3


class ClassTotals(Widget):
    """The scores over all classes, and how the applied edit changes them."""

    DEFAULT_CSS = """
    ClassTotals { height: auto; padding: 0 1; }
    ClassTotals.-failed { color: $text-error; }
    """
    _lines: reactive[list[list[str]]] = reactive([["loading…"]], layout=True)

    @property
    def failed(self) -> bool:
        """Whether a failure is shown."""
        return self.has_class("-failed")

    def fail(self, sentence: str) -> None:
        """Say why there are no classes, and how to retry."""
        self.add_class("-failed")
        self._lines = [[f"✗ {sentence}"], ["  R retries"]]

    def total(
        self,
        listing: Listing,
        sort: str,
        applied: Applied,
        missing: int,
        grouping: tuple[str, Shown] | None,
    ) -> None:
        """Show the totals.

        Args:
            listing: The classes.
            sort: Their order.
            applied: The applied edit, if there is one.
            missing: How many images are still to be evaluated.
            grouping: The name and the groups of the grouping shown, instead of the data's own.
        """
        self.remove_class("-failed")
        counts = _counts(listing, sort, applied) if not missing else _progress(listing, missing)
        self._lines = [_accuracies(listing, grouping), counts]
        if grouping is not None:
            self._lines.append(list(grouping[1].facts))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are in `width` cells."""
        return len(self._drawn(width).wrap(self.app.console, max(1, width)))  # 0: in one column

    def render(self) -> RenderResult:
        """Draw the lines, broken between their parts."""
        return self._drawn(self.size.width)

    def _drawn(self, width: int) -> Text:
        return stacked(line for parts in self._lines for line in flowed(parts, width))


def flowed(parts: list[str], width: int) -> list[str]:
    """Return parts side by side, in as many lines of `width` cells as they need."""
    lines = [""]
    for part in map(shown, parts):
        longer = lines[-1] + " " * GAP * bool(lines[-1]) + part
        if lines[-1] and cell_len(longer) > width:
            lines.append(part)
        else:
            lines[-1] = longer
    return lines


def _progress(listing: Listing, missing: int) -> list[str]:
    done = listing.scores.n
    return [f"{done:,} of {done + missing:,} images evaluated", "classes open when all are"]


def _accuracies(listing: Listing, grouping: tuple[str, Shown] | None) -> list[str]:
    scores = listing.scores
    parts = [
        f"accuracy {percent(scores.accuracy, 2)}",
        f"mean class {percent(scores.mean_class_accuracy)}",
    ]
    if listing.worst is not None:
        parts.append(f"worst class {percent(listing.worst.accuracy)}")
    grouped, by = (listing, "") if grouping is None else (grouping[1].listing, f" by {grouping[0]}")
    if grouped is not None and grouped.worst_group is not None:
        parts.append(f"worst group {percent(grouped.worst_group.accuracy)}{by}")
    return parts


def _counts(listing: Listing, sort: str, applied: Applied) -> list[str]:
    mistakes, classes = listing.mistakes
    skipped = len(listing.scores.skipped)
    parts = [f"{counted(mistakes, 'mistake')} in {counted(classes, 'class', 'classes')}"]
    if suspects := listing.scores.suspects:
        parts.append(f"{counted(suspects, 'suspect label')} (?)")
    if aside := listing.scores.set_aside:
        parts.append(f"{aside:,} set aside")
    if skipped:
        parts.append(f"{counted(skipped, 'image')} skipped (i lists them)")
    if differs := sum(listing.scores.differs.values()):
        parts.append(f"{counted(differs, 'image')} seen otherwise by the model (i)")
    return [*parts, _edit(listing, applied), SORTS[sort]]


def _edit(listing: Listing, applied: Applied) -> str:
    if applied.edit is None:
        return "no edit applied"
    if applied.problem:
        return f"edit {applied.edit}: {applied.problem}"
    if listing.after is None:
        return f"edit {applied.edit} applied …"
    after, before = listing.after.accuracy, listing.scores.accuracy
    moved = None if after is None or before is None else after - before
    return f"edit {applied.edit} applied, {points(moved)}"
