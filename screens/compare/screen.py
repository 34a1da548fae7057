"""An edit compared with every control; applied, undone, built on or exported."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult

from engine.data.stored import PictureFinder
from engine.editing.store import find_edit, made_on, read_edit
from engine.features.cache import FeatureCache
from engine.schema.edits import Comparison, Edit
from engine.schema.errors import EngineError
from engine.schema.jobs import OVER, JobView
from engine.schema.records import Exported
from engine.schema.requests import ExportRequest
from screens.base import Base
from screens.changes import Changes
from screens.command import Command, bindings
from screens.compare.dialogs import ENDING, EditList, ExportDialog
from screens.compare.words import about, calibrated, controls, experiment, exported, target
from screens.ensure_features import FAILED, ensure_features
from screens.job_line import JobLine
from screens.latest import LatestTask
from screens.messages import ToCompare, ToEdit
from screens.ports import Workspace
from screens.widgets.text import Static, Text, stacked


@dataclass(frozen=True)
class View:
    """What is shown."""

    edit: Edit
    comparison: Comparison
    picture_of: PictureFinder
    """Finds the compared images by their paths."""
    applied: str | None
    classes: int
    exporting: JobView | None
    """An export of this edit that is in progress."""


@dataclass(frozen=True)
class Missing:
    """The feature cache that a comparison needs and that does not exist yet."""

    split: str
    on: str | None


class CompareScreen(Base):
    """Before, every control and the edit, with the images it fixed and broke."""

    NAME = "Compare"
    PARTS: ClassVar = {"export": ExportDialog, "edits": EditList}
    OPENED_BY = ToCompare
    TABLE: ClassVar = (
        Command("compare.apply", "K", "apply", "Apply", "Apply this edit; the classes show it"),
        Command("compare.undo", "u", "undo", "Undo", "Undo it: the original decision layer counts"),
        Command("compare.stack", "plus", "stack", "Stack",
                "Make another edit that starts from this one"),
        Command("compare.export", "x", "export", "Export", "Write a checkpoint with this edit"),
        Command("compare.list", "L", "list", "Edits", "List all edits, to show another"),
        Command("compare.pictures", "i", "pictures", "Images", "Show the fixed and broken images"),
    )  # fmt: skip
    BINDINGS = bindings(TABLE)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    DEFAULT_CSS = """
    CompareScreen {
        #about, #variants, #controls, #verdict, #exported { height: auto; padding: 0 1; }
        #variants { margin-top: 1; }
        #controls { color: $text-muted; }
        #verdict { max-height: 6; margin-bottom: 1; }
        #exported { display: none; background: $panel; }
        #below { height: 1fr; min-height: 4; }
        &.-exported #exported { display: block; }
        &.-narrow.-exported #controls { display: none; }
        &.-exported #below { min-height: 0; }
        &.-failed #about { color: $text-error; }
        &.-instead #below { display: none; }
        &.-narrow Gallery { display: none; }
        &.-narrow.-pictures Gallery { display: block; }
        &.-narrow.-pictures #changes, &.-narrow.-pictures #variants { display: none; }
        &.-narrow.-pictures #controls, &.-narrow.-pictures #verdict { display: none; }
    }
    """

    def __init__(self, workspace: Workspace, edit: Edit | str) -> None:
        super().__init__(workspace)
        self.edit = edit if isinstance(edit, str) else edit.id
        """The id of the edit shown."""
        self._given = edit
        self.view: View | None = None
        self._out: str | None = None
        self._load = LatestTask(self, self._read, self._opened, self._fail)
        self._load_list = LatestTask(self, self._list, self._listed, self._fail)
        self._load_applied = LatestTask(self, workspace.applied, self._update_applied, self._fail)

    def body(self) -> ComposeResult:
        """Return the experiment above the changes."""
        yield Static("loading…", id="about")
        yield Static(id="variants")
        yield Static(id="controls")
        yield Static(id="verdict")
        yield Static(id="exported")
        yield Changes(id="below")

    def on_mount(self) -> None:
        """Load the edit."""
        self.set_breadcrumb("compare", self.edit)
        self.query_one(Changes).focus_table()
        self._load.start(self._given)

    def on_screen_resume(self) -> None:
        """Check again which edit is applied: that may have changed."""
        if self.view is not None:
            self._load_applied.start()

    def on_resize(self) -> None:
        """Fit the experiment to the new width."""
        self._show()

    def _read(self, edit: Edit | str) -> View | Missing:
        record = edit
        if isinstance(record, str):
            record = read_edit(find_edit(self.workspace.home / "edits", record))
        cache = self._cache(record)
        if isinstance(cache, Missing):
            return cache
        comparison = self.workspace.compare(record)
        jobs = (job for job in self.workspace.jobs() if _exports(job, record.id))
        classes = len(self.workspace.split(self.workspace.source.eval_split).classes)
        applied = self.workspace.applied()
        return View(record, comparison, cache.picture_of, applied, classes, next(jobs, None))

    def _cache(self, record: Edit) -> FeatureCache | Missing:
        usual = self.workspace.source.eval_split
        split = record.provenance.get("reporting_split", usual)
        if split == self.workspace.split(usual).name:
            split = usual  # as other screens ask for it: one job for all
        on = made_on(record)
        return self.workspace.cache(split, on=on) or Missing(split, on)

    def _opened(self, view: View | Missing) -> None:
        if isinstance(view, Missing):
            self._say_instead(ensure_features(self.workspace, self.job_line, view.split, view.on))
            return
        self.view, self._given, self.edit = view, view.edit, view.edit.id
        self.remove_class("-failed", "-instead")
        self.query_one(Changes).show(view.comparison, view.picture_of)
        self._show()
        if view.exporting is not None:
            self.job_line.track(view.exporting.id)

    def _update_applied(self, applied: str | None) -> None:
        if self.view is not None and applied != self.view.applied:
            self.view = replace(self.view, applied=applied)
            self._show()

    def _fail(self, sentence: str) -> None:
        self._say_instead(f"✗ {sentence}", "  L lists all edits.")
        self.add_class("-failed")

    def _say_instead(self, *sentences: str) -> None:
        self.view = None
        self.remove_class("-failed")
        self.add_class("-instead")
        self.query_one("#about", Static).update(stacked(sentences))
        for part in ("#variants", "#controls", "#verdict"):
            self.query_one(part, Static).update("")
        self.refresh_bindings()

    def _show(self) -> None:
        view = self.view
        if view is None:
            return
        edit = view.edit
        width = self.size.width - 2 - self.styles.scrollbar_size_vertical  # it may come
        self.set_breadcrumb(target(edit), f"edit {edit.id}")
        self.query_one("#about", Static).update(about(edit, view.applied == edit.id))
        self.query_one("#variants", Static).update(experiment(edit, width))
        self.query_one("#controls", Static).update(controls(edit))
        moved = self.query_one(Changes).images
        counts = f"fixed {len(moved.fixed):,} · broken {len(moved.broken):,}"
        verdict: list[Text | str] = [
            Text.assemble(("verdict: ", "bold"), (edit.verdict, "bold")),
            f"{counts}   {calibrated(view.comparison)}   {moved.by_class()}",
            *(Text(note, "dim") for note in edit.notes),
        ]
        self.query_one("#verdict", Static).update(stacked(verdict))
        self.refresh_bindings()

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what cannot be done now."""
        applied = self.view is not None and self.view.applied == self.edit
        there = self.view is not None
        possible = {
            "apply": there and not applied, "undo": applied, "stack": there, "pictures": there,
            "export": there and not self.job_line.running,
        }  # fmt: skip
        return possible.get(action, True)

    def action_apply(self) -> None:
        """Apply it."""
        self._apply(self.edit, "Applied: the list of classes shows what it changes.")

    def action_undo(self) -> None:
        """Undo."""
        self._apply(None, "Undone: the original decision layer counts again.")

    def _apply(self, edit: str | None, done: str) -> None:
        if self.view is None:
            return
        try:
            self.workspace.apply(edit)
        except EngineError as error:
            self.notify(str(error), severity="error")
            return
        self.view = replace(self.view, applied=edit)
        self._show()
        self.notify(done)

    def action_stack(self) -> None:
        """Start another edit from this one."""
        if self.view is not None:
            self.post_message(ToEdit(self.view.edit.classes[0].index, on=self.edit))

    def action_pictures(self) -> None:
        """Show the images, or the classes again."""
        self.query_one(Changes).switch()

    def action_list(self) -> None:
        """List all edits."""
        self._load_list.start()

    def _list(self) -> tuple[list[Edit], str | None]:
        return self.workspace.edits(), self.workspace.applied()

    def _listed(self, listed: tuple[list[Edit], str | None]) -> None:
        self.app.push_screen(EditList(*listed, self.edit), self._show_other)

    def _show_other(self, edit: Edit | None) -> None:
        if edit is not None and (edit.id != self.edit or self.view is None):
            self.job_line.forget()
            self.remove_class("-exported")
            self._out = None
            self._given, self.edit = edit, edit.id
            self._load.start(edit)

    def action_export(self) -> None:
        """Ask for the file, then write it."""
        suggested = self.workspace.home / f"{self.edit}{ENDING}"
        self.app.push_screen(ExportDialog(suggested), self._export)

    def _export(self, out: Path | None) -> None:
        if out is None:
            return
        self._out = str(out)
        self.remove_class("-exported")
        self.job_line.submit(ExportRequest(edit=self.edit, out=self._out))
        self.refresh_bindings()

    def on_job_line_done(self, message: JobLine.Done) -> None:
        """Show where the checkpoint is and how to load it; or compare with the new features."""
        self.refresh_bindings()
        if self.view is None:
            self._load.start(self._given)
        if isinstance(message.record, Exported) and self.view is not None:
            self._out = message.record.checkpoint
            text = exported(
                message.record, self.workspace.source.model, self.view.classes,
                target(self.view.edit),
            )  # fmt: skip
            self.query_one("#exported", Static).update(text)
            self.add_class("-exported")

    def on_job_line_failed(self) -> None:
        """Allow another export, or say what can be done."""
        if self.view is None:
            self._say_instead(FAILED)
        self.refresh_bindings()

    def command_line(self) -> tuple[str, ...]:
        """Return `compare`, or `export` once it was exported."""
        if self._out is not None:
            return ("export", self.edit, "--out", self._out)
        return ("compare", self.edit)


def _exports(job: JobView, edit: str) -> bool:
    same = isinstance(job.request, ExportRequest) and job.request.edit == edit
    return same and job.state not in OVER
