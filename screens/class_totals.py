"""A split's classes in two lines."""

from rich.text import Text
from textual.reactive import reactive
from textual.widgets import Static

from screens.class_list import SORTS, Listing
from screens.class_source import Kept
from screens.words import counted, percent, points

Part = str | tuple[str, str]


class ClassTotals(Static):
    """What the classifier does over all classes, and what the kept edit does to that."""

    DEFAULT_CSS = """
    ClassTotals { height: auto; padding: 0 1; }
    ClassTotals.-failed { color: $text-error; }
    """
    failed: reactive[bool] = reactive(False)

    def watch_failed(self, failed: bool) -> None:
        """Show a sentence as a failure."""
        self.set_class(failed, "-failed")

    def fail(self, sentence: str) -> None:
        """Say why there are no classes, and what tries again."""
        self.failed = True
        self.update(Text(f"✗ {sentence}\n  R tries again"))

    def total(self, listing: Listing, sort: str, kept: Kept, missing: int) -> None:
        """Say it.

        Args:
            listing: The classes.
            sort: Their order.
            kept: The kept edit, if there is one.
            missing: How many images are still to be read.
        """
        self.failed = False
        lines = [_accuracies(listing, missing), _counts(listing, sort, kept, missing)]
        self.update(Text("\n").join(_joined(line) for line in lines))


def _joined(parts: list[Part]) -> Text:
    said = [Text.assemble(part) for part in parts if part]
    return Text("   ").join(said)


def _accuracies(listing: Listing, missing: int) -> list[Part]:
    scores = listing.scores
    parts: list[Part] = []
    if missing:
        parts.append((f"so far, {scores.n:,} of {scores.n + missing:,} images", "bold"))
    if not scores.n:
        return parts
    parts.append((f"accuracy {percent(scores.accuracy, 2)}", "bold"))
    parts.append(f"mean class {percent(scores.mean_class_accuracy)}")
    if listing.worst is not None:
        parts.append(f"worst class {percent(listing.worst.accuracy)}")
    if listing.worst_group is not None:
        parts.append(f"worst group {percent(listing.worst_group.accuracy)}")
    return parts


def _counts(listing: Listing, sort: str, kept: Kept, missing: int) -> list[Part]:
    mistakes, classes = listing.mistakes
    skipped = len(listing.scores.skipped)
    if missing:
        return ["a class opens when all are read"]
    return [
        f"{counted(mistakes, 'mistake')} in {counted(classes, 'class', 'classes')}",
        f"{counted(skipped, 'image')} left out: i" if skipped else "",
        _edit(listing, kept),
        (SORTS[sort], "dim"),
    ]


def _edit(listing: Listing, kept: Kept) -> Part:
    if kept.edit is None:
        return "edit: none kept"
    if kept.problem:
        return f"edit: {kept.problem}"
    if listing.after is None:
        return f"edit: {kept.edit} …"
    after, before = listing.after.accuracy, listing.scores.accuracy
    moved = None if after is None or before is None else after - before
    return f"edit: {kept.edit} {points(moved)}"
