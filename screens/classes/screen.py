"""Classes by accuracy, worst first."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.message import Message
from textual.widgets import Input

from engine.features.aside import read_aside
from engine.features.cache import FeatureCache
from screens import clip_words
from screens.classes.by_groups import ByGroups
from screens.classes.listing import Listing, mistakes_of
from screens.classes.preview import ClassPreview
from screens.classes.skipped import SkippedImages
from screens.classes.source import Applied, Loaded, load_classes, score_applied
from screens.classes.table import ClassTable, GroupTable
from screens.classes.totals import ClassTotals
from screens.command import ENDS_HELP, Command, bindings
from screens.ensure_features import ensure_features
from screens.guarded import LONG_SECONDS
from screens.job_line import JobLine
from screens.latest import LatestTask
from screens.messages import ToEdit, ToKinds, ToMistakes, ToNeurons, ToPlots, ToWhatIf
from screens.new_grouping import NewGrouping
from screens.ports import Workspace
from screens.widgets.choice import Choice
from screens.widgets.gallery import Gallery
from screens.widgets.table import Table

AS_COMMAND = ("n", "name")
"""The orders that `classes --sort` offers, beside its default."""
FEW = 6
"""Of a screen's lines: so many classes leave room below them for what the cursor's one shows."""
OPENS = ("mistakes", "neurons", "whatif", "edit", "ends")


class ClassesScreen(ByGroups):
    """Classes by accuracy, worst first."""

    NAME = "Classes"
    PARTS: ClassVar = {
        "skipped images": SkippedImages, "new grouping": NewGrouping, "an option": Choice
    }  # fmt: skip
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    TABLE = (
        Command("classes.mistakes", "enter", "mistakes", "Mistakes", "Show the class's mistakes"),
        Command(
            "classes.neurons", "n", "neurons", "Neurons", "Rank the neurons behind the mistakes"
        ),
        Command("classes.whatif", "w", "whatif", "What-if", "Preview an ablation of neurons"),
        Command("classes.edit", "e", "edit", "Edit", "Edit the decision layer for this class"),
        Command(
            "classes.filter", "slash", "filter", "Filter", "Show only names that contain some text"
        ),
        Command("classes.sort", "s", "sort", "Sort", "Sort by accuracy, mistakes, n, name or gain"),
        Command(
            "classes.groups",
            "u",
            "groups",
            "Groups",
            "Show classes, the data's groups, or each stored grouping",
        ),
        Command(
            "classes.group",
            "g",
            "group",
            "Group",
            "Make a grouping: two kinds of images in a class, or in each",
        ),
        Command("classes.ends", "b", "ends", "Both ends", ENDS_HELP, False),
        clip_words.command("classes"),
        Command(
            "classes.report", "r", "report", "Report", "Write all of it as one HTML file", False
        ),
        Command(
            "classes.plots", "p", "plots", "Plots", "Plot confusions, calibration, accuracy by n"
        ),
        Command("classes.skipped", "i", "skipped", "Skipped", "List the skipped images", False),
    )
    BINDINGS = bindings(TABLE)
    DEFAULT_CSS = """
    ClassesScreen {
        & #lists { width: 1fr; }
        & #filter, & #groups, & ClassPreview { display: none; }
        & #filter.-open { display: block; }
        &.-wide ClassPreview, &.-few ClassPreview { display: block; }
        &.-few #both { layout: vertical; }
        &.-few #lists { width: 100%; height: auto; }
        &.-few ClassPreview {
            layout: horizontal; width: 100%; height: 1fr; padding: 0;
            border-left: none; border-top: hkey $panel-lighten-2;
        }
        &.-few #preview-said { width: 48; max-width: 60%; height: 100%; padding: 0 1; }
        &.-grouped #lists { height: 1fr; }
        &.-grouped #classes, &.-grouped ClassPreview { display: none; }
        &.-grouped #groups { display: block; }
    }
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._loaded: Loaded | None = None
        self._sort, self._applied = "accuracy", Applied(None)
        self._extracted = False
        """Whether the job was waited for already: it is not to be started again and again."""
        self._load = LatestTask(self, load_classes, self._take, self._fail)
        self._load_more = LatestTask(self, self._score_so_far, self._take_more, self._fail)
        self._score_edit = LatestTask(self, score_applied, self._take_applied, self._fail)
        self._report = LatestTask(self, workspace.report, self._reported, self._unreported)

    def body(self) -> ComposeResult:
        """Return totals, the filter, classes or groups, and a preview of the cursor's class."""
        yield ClassTotals()
        yield Input(placeholder="part of a class name", compact=True, id="filter")
        with Horizontal(id="both"):
            with Vertical(id="lists"):
                yield ClassTable("class", confusions=True, id="classes")
                yield GroupTable("group", confusions=False, id="groups")
            yield ClassPreview(self.workspace)

    def command_line(self) -> list[str]:
        """Return `classes`, in the order shown where the command has it."""
        sort = ["--sort", self._sort] if self._sort in AS_COMMAND else []
        return ["classes", *sort, *self.cycle.words()]

    # the classes

    def on_mount(self) -> None:
        """Load them; the first paint does not wait."""
        self._set_breadcrumb(self.workspace.source.eval_split)
        self.query_one(ClassTable).focus()
        self.watch(self.app, "app_focus", self.look_again)
        self._start()

    def on_resize(self) -> None:
        """Put the preview beside the list, or below a short one."""
        self._arrange()

    def _arrange(self) -> None:
        count = 0 if self.listing is None else len(self.listing.scores.classes)
        few = 0 < count <= self.size.height // FEW
        self.set_class(few, "-few")
        self.query_one(ClassTable).styles.height = count + 1 if few else "1fr"

    def _set_breadcrumb(self, split: str) -> None:
        source = self.workspace.source
        data = Path(source.data)
        name = data.parent.name if data.suffix == ".csv" else data.name
        steps = [f"{name} · {source.model} · {split}", self.cycle.title]
        self.set_breadcrumb(*filter(None, steps))

    def _start(self) -> None:
        self._load.start(self.workspace)

    def _take(self, loaded: Loaded) -> None:
        self._loaded, self.listing = loaded, loaded.listing
        self.cycle.own = bool(loaded.listing.scores.groups)
        if loaded.cache is not None:
            self._compare_applied()
            self.look_again()
        elif self._extracted:
            split = self.workspace.source.eval_split
            self._fail(f"The images of {split} changed while their features were extracted.")
            return
        else:
            ensure_features(self.workspace, self.job_line)
        self._show_new()

    def _fail(self, sentence: str) -> None:
        self.query_one(ClassTotals).fail(sentence)
        self.query_one(ClassTable).say("")

    def action_retry(self) -> None:
        """Retry what failed: the job, or loading the classes."""
        if self.job_line.error and self.job_line.job is not None:
            super().action_retry()
        elif self.job_line.error or self.query_one(ClassTotals).failed:
            self.job_line.forget()
            self._extracted = False
            self._start()

    # while features are extracted

    @on(JobLine.Reported)
    def _more(self) -> None:
        if self._loaded is not None and self._loaded.cache is None:
            self._load_more.start(self._loaded)

    def _score_so_far(self, loaded: Loaded) -> Listing:
        return Listing(loaded.so_far.score())

    def _take_more(self, listing: Listing) -> None:
        loaded = self._loaded
        if loaded is not None and loaded.cache is None and listing.scores.n:
            self._loaded, self.listing = replace(loaded, listing=listing), listing
            self._show_new()

    @on(JobLine.Done)
    def _finish(self) -> None:
        self._extracted = True
        self.query_one(ClassPreview).forget()
        self._start()

    @property
    def cache(self) -> FeatureCache | None:
        """The feature cache, once it is there."""
        return None if self._loaded is None else self._loaded.cache

    # the applied edit

    def on_screen_resume(self) -> None:
        """Count anew where images were set aside meanwhile; check which edit is applied."""
        if self._loaded is not None and self._loaded.aside != read_aside(self.workspace.home):
            self._start()
        else:
            self._compare_applied()
            self.look_again()

    def _compare_applied(self) -> None:
        loaded = self._loaded
        if loaded is not None and loaded.cache is not None:
            self._score_edit.start(self.workspace, loaded.cache, loaded.listing)

    def _take_applied(self, scored: tuple[Applied, Listing]) -> None:
        self._applied, self.listing = scored
        if self._sort not in self.listing.sorts:
            self._sort = "accuracy"
        self.show_anew()

    # what is shown

    def _show_new(self) -> None:
        """Show new figures; a cursor that still is on the worst class stays on the worst."""
        table = self.query_one(ClassTable)
        untouched = not table.index
        self.show_anew()
        if untouched:
            table.move_to(0)

    def show_anew(self) -> None:
        """Show what there is."""
        listing, loaded = self.listing, self._loaded
        if listing is None or loaded is None:
            return
        self._arrange()
        self._set_breadcrumb(f"{listing.scores.split} {loaded.total:,}")
        missing = 0 if loaded.cache else max(1, loaded.total - listing.scores.n)
        self.query_one(ClassTotals).total(
            listing, self._sort, self._applied, missing, self.grouping
        )
        text = self.query_one("#filter", Input).value
        self.query_one(ClassTable).list_classes(listing, self._sort, text)
        self.show_groups()
        self._preview()
        self.refresh_bindings()

    @on(Table.Moved, "#classes")
    def _preview(self) -> None:
        loaded, index = self._loaded, self.query_one(ClassTable).key
        if loaded is not None and loaded.cache is not None and index is not None:
            self.query_one(ClassPreview).preview(loaded.cache, index)

    @on(Input.Changed, "#filter")
    def _narrow(self) -> None:
        self.show_anew()

    @on(Input.Submitted, "#filter")
    def _narrowed(self) -> None:
        self.query_one(ClassTable).focus()

    def on_key(self, event: Key) -> None:
        """Go from the filter down into the list."""
        if event.key == "down" and self.query_one("#filter").has_focus:
            event.stop()
            self._narrowed()

    def action_filter(self) -> None:
        """Ask for a part of a name."""
        self.query_one("#filter").add_class("-open").focus()

    def action_back(self) -> None:
        """Show all classes again; then, back."""
        field = self.query_one("#filter", Input)
        if not field.has_class("-open"):
            super().action_back()
            return
        field.value = ""
        field.remove_class("-open")
        self.query_one(ClassTable).focus()

    def action_sort(self) -> None:
        """Take the next order."""
        if self.listing is not None:
            sorts = self.listing.sorts
            self._sort = sorts[(sorts.index(self._sort) + 1) % len(sorts)]
            self.show_anew()
            self.query_one(ClassTable).move_to(0)

    def action_words(self) -> None:
        """Make what CLIP needs to say in words what mistakes look like."""
        clip_words.ensure_words(self.workspace, self.job_line)

    def action_skipped(self) -> None:
        """List the images that could not be decoded."""
        if self.listing is not None:
            self.app.push_screen(SkippedImages(self.listing.scores))

    # the report

    def action_report(self) -> None:
        """Write a report in a thread, one at a time."""
        if not self._report.busy:
            self.notify("Writing a report: seconds, and keys go on working.")
            self._report.start()

    def _reported(self, file: Path) -> None:
        self.notify(f"The report is written: {file}", timeout=LONG_SECONDS, markup=False)

    def _unreported(self, sentence: str) -> None:
        self.notify(sentence, severity="error", timeout=LONG_SECONDS, markup=False)

    # what can be opened

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        listing = self.listing
        opened = self.cache is not None
        if action in (*OPENS, "group"):
            return opened and not self.grouped and self.query_one(ClassTable).key is not None
        if action == "report":
            return opened
        if action in ("filter", "sort"):
            return listing is not None and not self.grouped
        if action == "groups":
            return listing is not None and self.cycle.any
        if action == "words":
            return self.query_one(ClassPreview).words.missing and not self.job_line.running
        if action == "plots":
            return opened
        if action == "skipped":
            return listing is not None and bool(listing.scores.skipped or listing.scores.differs)
        if action == "back":
            filtering = self.query_one("#filter").has_class("-open")
            return filtering or self.app.screen_stack[1] is not self
        return super().check_action(action, parameters)

    def _open(self, message: Callable[[int], Message]) -> None:
        index = self.query_one(ClassTable).key
        if self.listing is None or index is None:
            return
        entry = self.listing.scores.classes[index]
        if mistakes_of(entry):
            self.post_message(message(index))
        else:
            why = "has no mistakes" if entry.n else "has no images"
            self.notify(f"{entry.name} {why} in {self.workspace.source.eval_split}.")

    @on(Table.Chosen, "#classes")
    @on(Gallery.Chosen)
    def action_mistakes(self) -> None:
        """Show the mistakes of the cursor's class."""
        self._open(ToMistakes)

    def action_neurons(self) -> None:
        """Rank the neurons behind them."""
        self._open(ToNeurons)

    def action_whatif(self) -> None:
        """Preview an ablation."""
        self._open(ToWhatIf)

    def action_ends(self) -> None:
        """Show both ends of its images along the direction of its mistakes."""
        self._open(ToKinds)

    def action_plots(self) -> None:
        """Show the plots."""
        self.post_message(ToPlots())

    def action_edit(self) -> None:
        """Edit the decision layer for the cursor's class."""
        self._open(ToEdit)
