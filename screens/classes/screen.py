"""Classes by accuracy, worst first."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.message import Message
from textual.widgets import Input

from engine.schema.requests import FeaturesRequest
from screens.base import Base
from screens.classes.listed import Listing, mistakes_of
from screens.classes.preview import ClassPreview
from screens.classes.skipped import LeftOut
from screens.classes.source import Applied, Found, find_classes, score_applied
from screens.classes.table import ClassTable, GroupTable
from screens.classes.totals import ClassTotals
from screens.command import Command, bindings
from screens.job_line import JobLine
from screens.latest import Asker
from screens.messages import ToEdit, ToMistakes, ToNeurons, ToWhatIf
from screens.ports import Workspace
from screens.widgets.gallery import Gallery
from screens.widgets.table import Table

AS_COMMAND = ("n", "name")
"""The orders that `classes --sort` has too, beside its own."""
OPENS = ("mistakes", "neurons", "whatif", "edit")


class ClassesScreen(Base):
    """Classes by accuracy, worst first."""

    NAME = "Classes"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    TABLE = (
        Command("classes.mistakes", "enter", "mistakes", "Mistakes", "Look at its mistakes"),
        Command("classes.neurons", "n", "neurons", "Neurons", "Rank the neurons to blame"),
        Command("classes.whatif", "w", "whatif", "What-if", "Try what scaling neurons would do"),
        Command("classes.edit", "e", "edit", "Edit", "Edit the decision layer for it"),
        Command("classes.filter", "slash", "filter", "Filter", "Only names that hold some letters"),
        Command("classes.sort", "s", "sort", "Sort", "Worst, most mistakes, largest, name, gain"),
        Command("classes.groups", "u", "groups", "Groups", "Groups instead of classes, and back"),
        Command("classes.left_out", "i", "skipped", "Left out", "Images left out, and why", False),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    ClassesScreen {
        & #lists { width: 1fr; }
        & #needle, & #groups, & ClassPreview { display: none; }
        & #needle.-open { display: block; }
        &.-wide ClassPreview { display: block; }
        &.-grouped #classes, &.-grouped ClassPreview { display: none; }
        &.-grouped #groups { display: block; }
    }
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._request = FeaturesRequest(split=workspace.source.eval_split)
        self._found: Found | None = None
        self._listing: Listing | None = None
        self._sort, self._kept = "accuracy", Applied(None)
        self._read = False
        self._asker = Asker(self, find_classes, self._take, self._fail)
        self._reading = Asker(self, self._read_on, self._take_more, self._fail)
        self._weighing = Asker(self, score_applied, self._take_applied, self._fail)

    def body(self) -> ComposeResult:
        """Return totals, the filter, classes or groups, and a glance at the cursor's."""
        yield ClassTotals()
        yield Input(placeholder="part of a class's name", compact=True, id="needle")
        with Horizontal():
            with Vertical(id="lists"):
                yield ClassTable("class", taken=True, id="classes")
                yield GroupTable("group", taken=False, id="groups")
            yield ClassPreview(self.workspace.source.seed)

    def command_line(self) -> list[str]:
        """Return `classes`, in the order shown where the command has it."""
        sort = ["--sort", self._sort] if self._sort in AS_COMMAND else []
        return ["classes", *sort, *(["--groups"] if self._grouped else [])]

    # the classes

    def on_mount(self) -> None:
        """Ask for them; the first paint does not wait."""
        self._say_where(self._request.split)
        self.query_one(ClassTable).focus()
        self._ask()

    def _say_where(self, split: str) -> None:
        source = self.workspace.source
        data = Path(source.data)
        name = data.parent.name if data.suffix == ".csv" else data.name
        self.say_where(f"{name} · {source.model} · {split}")

    def _ask(self) -> None:
        self._asker.ask(self.workspace, self._request)

    def _take(self, found: Found) -> None:
        self._found, self._listing = found, found.listing
        self._say_where(f"{found.listing.scores.split} {found.total:,}")
        if found.cache is not None:
            self._weigh()
        elif self._read:
            self._fail(f"The images of {self._request.split} changed while they were read.")
            return
        elif found.job is not None:
            self.job_line.track(found.job)
        else:
            self.job_line.submit(self._request)
        self._show_new()

    def _fail(self, sentence: str) -> None:
        self.query_one(ClassTotals).fail(sentence)
        self.query_one(ClassTable).say("")

    def action_retry(self) -> None:
        """Try again what failed: the job, or to find out."""
        if self.job_line.error and self.job_line.job is not None:
            super().action_retry()
        elif self.job_line.error or self.query_one(ClassTotals).failed:
            self.job_line.forget()
            self._read = False
            self._ask()

    # while they are read

    @on(JobLine.Said)
    def _more(self) -> None:
        if self._found is not None:
            self._reading.ask(self._found)

    def _read_on(self, found: Found) -> Listing:
        return Listing(found.so_far.score())

    def _take_more(self, listing: Listing) -> None:
        found = self._found
        if found is not None and found.cache is None and listing.scores.n:
            self._found, self._listing = replace(found, listing=listing), listing
            self._show_new()

    @on(JobLine.Done)
    def _finish(self) -> None:
        self._read = True
        self._ask()

    # the kept edit

    def on_screen_resume(self) -> None:
        """Look again which edit is kept."""
        self._weigh()

    def _weigh(self) -> None:
        found = self._found
        if found is not None and found.cache is not None:
            self._weighing.ask(self.workspace, found.cache, found.listing)

    def _take_applied(self, weighed: tuple[Applied, Listing]) -> None:
        self._kept, self._listing = weighed
        if self._sort not in self._listing.sorts:
            self._sort = "accuracy"
        self._show()

    # what is shown of them

    def _show_new(self) -> None:
        """Show new figures; a cursor that still is on the worst class stays on the worst."""
        table = self.query_one(ClassTable)
        untouched = not table.index
        self._show()
        if untouched:
            table.move_to(0)

    def _show(self) -> None:
        listing, found = self._listing, self._found
        if listing is None or found is None:
            return
        missing = 0 if found.cache else max(1, found.total - listing.scores.n)
        self.query_one(ClassTotals).total(listing, self._sort, self._kept, missing)
        needle = self.query_one("#needle", Input).value
        self.query_one(ClassTable).list_classes(listing, self._sort, needle)
        self.query_one(GroupTable).list_groups(listing)
        self._glance()
        self.refresh_bindings()

    @on(Table.Moved, "#classes")
    def _glance(self) -> None:
        found, index = self._found, self.query_one(ClassTable).key
        if found is not None and found.cache is not None and index is not None:
            self.query_one(ClassPreview).aim(found.cache, index)

    @on(Input.Changed, "#needle")
    def _narrow(self) -> None:
        self._show()

    @on(Input.Submitted, "#needle")
    def _narrowed(self) -> None:
        self.query_one(ClassTable).focus()

    def on_key(self, event: Key) -> None:
        """Let the filter's arrows lead down into the list."""
        if event.key == "down" and self.query_one("#needle").has_focus:
            event.stop()
            self._narrowed()

    def action_filter(self) -> None:
        """Ask for a part of a name."""
        self.query_one("#needle").add_class("-open").focus()

    def action_back(self) -> None:
        """Show all classes again; then, back."""
        needle = self.query_one("#needle", Input)
        if not needle.has_class("-open"):
            super().action_back()
            return
        needle.value = ""
        needle.remove_class("-open")
        self.query_one(ClassTable).focus()

    def action_sort(self) -> None:
        """Take the next order."""
        if self._listing is not None:
            sorts = self._listing.sorts
            self._sort = sorts[(sorts.index(self._sort) + 1) % len(sorts)]
            self._show()
            self.query_one(ClassTable).move_to(0)

    def action_groups(self) -> None:
        """Show groups instead of classes, or classes again."""
        self.toggle_class("-grouped")
        self.query_one(GroupTable if self._grouped else ClassTable).focus()
        self.refresh_bindings()

    def action_skipped(self) -> None:
        """Say which images could not be read."""
        if self._listing is not None:
            self.app.push_screen(LeftOut(self._listing.scores.skipped))

    @property
    def _grouped(self) -> bool:
        return self.has_class("-grouped")

    # where a class leads

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        listing, opened = self._listing, self._found is not None and self._found.cache is not None
        if action in OPENS:
            return opened and not self._grouped and self.query_one(ClassTable).key is not None
        if action in ("filter", "sort"):
            return listing is not None and not self._grouped
        if action == "groups":
            return listing is not None and bool(listing.scores.groups)
        if action == "skipped":
            return listing is not None and bool(listing.scores.skipped)
        if action == "back":
            filtering = self.query_one("#needle").has_class("-open")
            return filtering or self.app.screen_stack[1] is not self
        return super().check_action(action, parameters)

    def _open(self, leads: Callable[[int], Message]) -> None:
        index = self.query_one(ClassTable).key
        if self._listing is None or index is None:
            return
        entry = self._listing.scores.classes[index]
        if mistakes_of(entry):
            self.post_message(leads(index))
        else:
            why = "has no mistakes" if entry.n else "has no images"
            self.notify(f"{entry.name} {why} in {self._request.split}.")

    @on(Table.Chosen, "#classes")
    @on(Gallery.Chosen)
    def action_mistakes(self) -> None:
        """Look at the mistakes of the cursor's class."""
        self._open(ToMistakes)

    def action_neurons(self) -> None:
        """Rank the neurons to blame for them."""
        self._open(ToNeurons)

    def action_whatif(self) -> None:
        """Try what scaling neurons would do."""
        self._open(ToWhatIf)

    def action_edit(self) -> None:
        """Edit the decision layer for the cursor's class."""
        self._open(ToEdit)
