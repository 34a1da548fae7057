"""An edit weighed against every control; kept, undone, built on or exported."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from engine.editing.store import find_edit, made_on, read_edit
from engine.schema.edits import Comparison, Edit
from engine.schema.errors import EngineError
from engine.schema.jobs import OVER, JobView
from engine.schema.records import Exported
from engine.schema.requests import ExportRequest
from screens.base import Base
from screens.changes import Changes
from screens.command import Command, bindings
from screens.compare.asks import ENDING, AskEdit, AskPath
from screens.compare.words import about, experiment, exported, target
from screens.ensure_features import fill_cache
from screens.job_line import JobLine
from screens.latest import Asker
from screens.messages import ToEdit
from screens.ports import Workspace


@dataclass(frozen=True)
class View:
    """What there is to show."""

    edit: Edit
    comparison: Comparison
    applied: str | None
    classes: int
    exporting: JobView | None
    """An export of this edit that is under way."""


@dataclass(frozen=True)
class Unread:
    """The feature cache that a comparison needs, and that is not there."""

    split: str
    on: str | None


class CompareScreen(Base):
    """Before, every control and the edit, with what it won and what it lost."""

    NAME = "Compare"
    TABLE: ClassVar = (
        Command("compare.keep", "K", "apply", "Keep", "Keep this edit: the classes show it"),
        Command("compare.undo", "u", "undo", "Undo", "Keep it no more: the original counts"),
        Command("compare.stack", "plus", "stack", "Stack",
                "Another edit, starting from this one"),
        Command("compare.export", "x", "export", "Export", "Write a checkpoint with this edit"),
        Command("compare.list", "L", "list", "Edits", "All edits, to look at another"),
        Command("compare.pictures", "i", "pictures", "Images", "Look at the images won and lost"),
    )  # fmt: skip
    BINDINGS = bindings(TABLE)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    DEFAULT_CSS = """
    CompareScreen {
        #about, #arms, #verdict, #exported { height: auto; padding: 0 1; }
        #arms { margin-top: 1; }
        #verdict { max-height: 6; margin-bottom: 1; }
        #exported { display: none; background: $panel; }
        #below { height: 1fr; min-height: 4; }
        &.-exported #exported { display: block; }
        &.-exported #below { min-height: 0; }
        &.-failed #about { color: $text-error; }
        &.-instead #below { display: none; }
        &.-narrow Gallery { display: none; }
        &.-narrow.-pictures Gallery { display: block; }
        &.-narrow.-pictures #changes, &.-narrow.-pictures #arms { display: none; }
        &.-narrow.-pictures #verdict { display: none; }
    }
    """

    def __init__(self, workspace: Workspace, edit: str) -> None:
        super().__init__(workspace)
        self.edit = edit
        self.view: View | None = None
        self._out: str | None = None
        self._opens = Asker(self, self._open, self._opened, self._sorry)
        self._lists = Asker(self, self._list, self._listed, self._sorry)
        self._looks = Asker(self, workspace.applied, self._looked, self._sorry)

    def body(self) -> ComposeResult:
        """Return the experiment over what changed."""
        yield Static("reading…", id="about")
        yield Static(id="variants")
        yield Static(id="verdict")
        yield Static(id="exported")
        yield Changes(id="below")

    def on_mount(self) -> None:
        """Ask for the edit."""
        self.say_where("compare", self.edit)
        self.query_one(Changes).focus_table()
        self._opens.ask(self.edit)

    def on_screen_resume(self) -> None:
        """Look again which edit is kept: another may have been meanwhile."""
        if self.view is not None:
            self._looks.ask()

    def on_resize(self) -> None:
        """Fit the experiment to the new width."""
        self._say()

    def _open(self, edit: str) -> View | Unread:
        record = read_edit(find_edit(self.workspace.home / "edits", edit))
        unread = self._unread(record)
        if unread is not None:
            return unread
        comparison = self.workspace.compare(record.id)
        jobs = (job for job in self.workspace.jobs() if _exports(job, record.id))
        classes = len(self.workspace.split(self.workspace.source.eval_split).classes)
        return View(record, comparison, self.workspace.applied(), classes, next(jobs, None))

    def _unread(self, record: Edit) -> Unread | None:
        usual = self.workspace.source.eval_split
        split = record.provenance.get("reporting_split", usual)
        if split == self.workspace.split(usual).name:
            split = usual  # as other screens ask for it: one job for all
        on = made_on(record)
        return Unread(split, on) if self.workspace.cache(split, on=on) is None else None

    def _opened(self, view: View | Unread) -> None:
        if isinstance(view, Unread):
            self._say_instead(fill_cache(self.workspace, self.job_line, view.split, view.on))
            return
        self.view, self.edit = view, view.edit.id
        self.remove_class("-failed", "-instead")
        found = view.comparison
        self.query_one(Changes).show(found)
        self._say()
        if view.exporting is not None:
            self.job_line.track(view.exporting.id)

    def _looked(self, applied: str | None) -> None:
        if self.view is not None and applied != self.view.applied:
            self.view = replace(self.view, applied=applied)
            self._say()

    def _sorry(self, sentence: str) -> None:
        self._say_instead(f"✗ {sentence}\n  L lists all edits.")
        self.add_class("-failed")

    def _say_instead(self, said: str) -> None:
        self.view = None
        self.remove_class("-failed")
        self.add_class("-instead")
        self.query_one("#about", Static).update(Text(said))
        for part in ("#arms", "#verdict"):
            self.query_one(part, Static).update("")
        self.refresh_bindings()

    def _say(self) -> None:
        view = self.view
        if view is None:
            return
        edit, width = view.edit, self.size.width - 2
        self.say_where(target(edit), f"edit {edit.id}")
        self.query_one("#about", Static).update(about(edit, view.applied == edit.id))
        self.query_one("#arms", Static).update(experiment(edit, width))
        verdict = Text.assemble(("verdict: ", "bold"), (edit.verdict, "bold"))
        moved = self.query_one(Changes).images
        verdict.append(f"\nwon {len(moved.fixed):,} · lost {len(moved.broken):,}   {moved.told()}")
        for note in edit.notes:
            verdict.append(f"\n{note}", "dim")
        self.query_one("#verdict", Static).update(verdict)
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
        """Keep it."""
        self._apply(self.edit, "Kept: the list of classes shows what it changes.")

    def action_undo(self) -> None:
        """Undo."""
        self._apply(None, "Undone: the original counts again.")

    def _apply(self, edit: str | None, done: str) -> None:
        if self.view is None:
            return
        try:
            self.workspace.apply(edit)
        except EngineError as error:
            self.notify(str(error), severity="error")
            return
        self.view = replace(self.view, applied=edit)
        self._say()
        self.notify(done)

    def action_stack(self) -> None:
        """Edit on."""
        if self.view is not None:
            self.post_message(ToEdit(self.view.edit.classes[0].index, on=self.edit))

    def action_pictures(self) -> None:
        """Show the images, or the classes again."""
        self.query_one(Changes).switch()

    def action_list(self) -> None:
        """Choose another edit."""
        self._lists.ask()

    def _list(self) -> tuple[list[Edit], str | None]:
        return self.workspace.edits(), self.workspace.applied()

    def _listed(self, found: tuple[list[Edit], str | None]) -> None:
        self.app.push_screen(AskEdit(*found, self.edit), self._look_at)

    def _look_at(self, edit: str | None) -> None:
        if edit is not None and (edit != self.edit or self.view is None):
            self.job_line.forget()
            self.remove_class("-exported")
            self._out = None
            self._opens.ask(edit)

    def action_export(self) -> None:
        """Ask where to, then write it."""
        suggested = self.workspace.home / f"{self.edit}{ENDING}"
        self.app.push_screen(AskPath(suggested), self._export)

    def _export(self, out: Path | None) -> None:
        if out is None:
            return
        self._out = str(out)
        self.remove_class("-exported")
        self.job_line.submit(ExportRequest(edit=self.edit, out=self._out))
        self.refresh_bindings()

    def on_job_line_done(self, message: JobLine.Done) -> None:
        """Say where the checkpoint is and how to load it; or go on with what was to be read."""
        self.refresh_bindings()
        if self.view is None:
            self._opens.ask(self.edit)
        if isinstance(message.record, Exported) and self.view is not None:
            self._out = message.record.checkpoint
            said = exported(
                message.record, self.workspace.source.model, self.view.classes,
                target(self.view.edit),
            )  # fmt: skip
            self.query_one("#exported", Static).update(said)
            self.add_class("-exported")

    def on_job_line_failed(self) -> None:
        """Let another export be asked for."""
        self.refresh_bindings()

    def command_line(self) -> tuple[str, ...]:
        """Return `compare`, or once it was exported `export`."""
        if self._out is not None:
            return ("export", self.edit, "--out", self._out)
        return ("compare", self.edit)


def _exports(job: JobView, edit: str) -> bool:
    same = isinstance(job.request, ExportRequest) and job.request.edit == edit
    return same and job.state not in OVER
