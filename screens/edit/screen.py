"""An edit of the decision layer, from its form to its end."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.css.query import NoMatches
from textual.events import DescendantFocus
from textual.widgets import Button, Input

from engine.data.splits import Split
from engine.editing.plan import Plan
from engine.grouping.store import names
from engine.schema.edits import Edit, EditEpoch
from engine.schema.jobs import JobView
from engine.schema.requests import EditRequest
from screens.base import Base
from screens.command import Command, bindings
from screens.edit.fields import Line
from screens.edit.form import (
    begin,
    field_of,
    fields,
    filled,
    help_of,
    matters,
    options,
    problems,
    request_of,
    suggested,
    usual_groups,
    words_of,
)
from screens.edit.live import Live
from screens.edit.log import Log
from screens.edit.planning import plan_of
from screens.edit.summary import planned, summarize
from screens.guarded import is_open
from screens.job_line import JobLine
from screens.latest import LatestTask
from screens.messages import ToCompare, ToEdit
from screens.ports import Workspace
from screens.widgets.choice import Choice
from screens.widgets.text import Static, Text


class EditScreen(Base):
    """A form with defaults, the run live, then the comparison."""

    NAME = "Edit"
    PARTS: ClassVar = {"an option": Choice}
    OPENED_BY = ToEdit
    REPLACED_BY = (ToCompare,)
    TABLE: ClassVar = (
        Command("edit.run", "ctrl+r", "run", "Run", "Start the edit"),
        Command("edit.next", "down,j", "field(1)", "Next field",
                "Go to the next field", show=False),
        Command("edit.previous", "up,k", "field(-1)", "Previous field",
                "Go to the previous field", show=False),
        Command("edit.cancel", "x", "cancel", "Cancel", "Cancel the running edit"),
    )  # fmt: skip
    BINDINGS = bindings(TABLE)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    DEFAULT_CSS = """
    EditScreen {
        #what { height: auto; max-height: 2; padding: 0 1; text-style: bold; }
        #plan { height: auto; max-height: 3; padding: 0 1; color: $text-muted; display: none; }
        #help { height: 2; padding: 0 1; color: $text-muted; }
        #run { margin: 0 0 0 12; min-width: 16; }
        #form { width: 1fr; }
        #lines { height: auto; max-height: 85%; }
        #summary { width: 1fr; padding: 0 1; display: none; }
        #side { width: 2fr; display: none; }
        Log { display: none; }
        &.-wide #form { width: 60; }
        &.-wide #summary, &.-running #side { display: block; }
        &.-running #summary, &.-running #help, &.-narrow.-running #form { display: none; }
        &.-running #lines { max-height: 50%; }
        &.-running Log, &.-running #plan { display: block; }
        &.-failed #help { color: $text-error; }
    }
    """

    def __init__(
        self,
        workspace: Workspace,
        class_index: int,
        neurons: tuple[int, ...] = (),
        top: str = "auto",
        on: str | None = None,
    ) -> None:
        super().__init__(workspace)
        self.class_index, self.neurons, self.top, self.on_edit = class_index, neurons, top, on
        self._draft = (class_index, neurons, top, on)
        self.values = begin(neurons, top) | workspace.drafts.get(self._draft, {})
        self._split: Split | None = None
        self._made: Edit | None = None
        self._load = LatestTask(self, self._open, self._opened, self._fail)
        self._make_plan = LatestTask(self, self._planned, self._start, self._fail)

    def body(self) -> ComposeResult:
        """Return the form; beside it what will happen; once it runs, the live curves."""
        yield Static("loading…", id="what")
        yield Static(id="plan")
        with Horizontal():
            with Vertical(id="form"):
                yield VerticalScroll(id="lines", can_focus=False)
                yield Static(id="help")
                yield Log(self.workspace)
            yield Static(id="summary")
            yield Live(id="side")

    def on_mount(self) -> None:
        """Load the classes, and look for a run already in progress."""
        self.set_breadcrumb("edit")
        self._load.start()

    # in threads

    def _open(self) -> tuple[Split, list[str], JobView | None]:
        split = self.workspace.split(self.workspace.source.eval_split)
        running = (job for job in self.workspace.jobs() if self._is_mine(job))
        return split, names(self.workspace.home), next(running, None)

    def _is_mine(self, job: JobView) -> bool:
        asked = job.request
        if not isinstance(asked, EditRequest) or asked.classes != (self.class_index,):
            return False
        same = asked.neurons == self.neurons and self.top in ("auto", asked.top)
        return same and job.may_go_on and asked.on == self.on_edit

    def _planned(self, request: EditRequest) -> tuple[EditRequest, Plan | None]:
        return request, plan_of(self.workspace, request)

    # the form

    @property
    def name_of_class(self) -> str:
        """The class's name, once it is known."""
        return self._split.classes[self.class_index] if self._split else ""

    def _opened(self, found: tuple[Split, list[str], JobView | None]) -> None:
        self._split, stored, job = found
        self.call_later(self._lay_out, self._split, stored, job)

    async def _lay_out(self, split: Split, stored: list[str], job: JobView | None) -> None:
        if not is_open(self):
            return
        grouped = bool(split.groups)
        self.values["group_by"] = usual_groups(grouped)
        if job is not None and isinstance(job.request, EditRequest):
            self.values = filled(job.request)
            if job.request.group_by is None:
                self.values["group_by"] = usual_groups(grouped)
            else:  # it may be gone meanwhile
                stored = sorted({*stored, job.request.group_by})
        await self.query_one("#lines").mount(
            *(Line(some, options(some, grouped, stored)) for some in fields()),
            Button("Run", id="run", compact=True, variant="primary"),
        )
        if not is_open(self):  # closed meanwhile: nothing was mounted
            return
        self._fill()
        self.query_one("#run").focus()
        self.query_one(Live).begin(self.name_of_class)
        if job is not None:
            self._follow(job.id)

    def _fill(self) -> None:
        for line in self.query(Line):
            line.control.value = self.values[line.field.name]
        self._arrange()

    def _arrange(self) -> None:
        """Show the fields of the method, the defaults of empty ones, and what is wrong."""
        wrong = problems(self.values)
        for line in self.query(Line):
            some = line.field
            line.display = matters(some, self.values)
            line.show_problem(wrong.get(some.name, ""))
            if isinstance(line.control, Input):
                line.control.placeholder = suggested(some, self.values)
        if self._split is not None and not wrong:
            images = (self._split.name, len(self._split.samples))
            train = self.workspace.source.train_split
            self.query_one("#summary", Static).update(
                summarize(self.values, images, train, self.on_edit)
            )
        method = self.values["method"]
        start = f", on {self.on_edit}" if self.on_edit else ""
        what = field_of("method").choices[method]
        title = f"edit {self.name_of_class}{start} by {method}: {what}"
        self.query_one("#what", Static).update(Text(title))
        self.set_breadcrumb(self.name_of_class, "edit" + (" on an edit" if self.on_edit else ""))

    @on(Input.Changed)
    @on(Choice.Changed)
    def _changed(self) -> None:
        for line in self.query(Line):
            self.values[line.field.name] = line.control.value
        self._keep()
        self._arrange()
        self._explain()

    def _keep(self) -> None:
        """Keep what differs from a fresh form for when this one is opened again."""
        fresh = begin(self.neurons, self.top)
        typed = {name: value for name, value in self.values.items() if value != fresh[name]}
        self.workspace.drafts.pop(self._draft, None)
        if typed:
            self.workspace.drafts[self._draft] = typed

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Explain the field."""
        self._explain()

    def _explain(self) -> None:
        self.remove_class("-failed")
        some = next((one for one in fields() if one.name == self._focused_id), None)
        if some is None:
            words = "enter runs it; ↑ ↓ go to the fields, ← → change an option"
        else:
            words = help_of(some, self.values)
        self.query_one("#help", Static).update(Text(words))

    @property
    def _focused_id(self) -> str:
        return (self.focused.id or "") if self.focused else ""

    def _fail(self, sentence: str) -> None:
        self.add_class("-failed")
        self.query_one("#help", Static).update(Text(f"✗ {sentence}"))
        if self._split is None:
            self.query_one("#what", Static).update("")

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what cannot be done now."""
        going = self.job_line.running
        return {"cancel": going, "run": not going, "field": not going}.get(action, True)

    def action_field(self, places: int) -> None:
        """Go to the next field, or to the previous one."""
        if places > 0:
            self.focus_next()
        else:
            self.focus_previous()

    @on(Button.Pressed)
    @on(Input.Submitted)
    def _enter(self, event: Button.Pressed | Input.Submitted) -> None:
        if isinstance(event, Button.Pressed):
            self.action_run()
        else:
            self.focus_next()

    def action_run(self) -> None:
        """Check the form, plan the edit and start it."""
        if self._split is None or self._make_plan.busy:
            return
        wrong = problems(self.values)
        for name in wrong:
            self.query_one(f"#{name}").focus()
            return
        self._make_plan.start(request_of(self.values, self.class_index, self.on_edit))

    def _start(self, ready: tuple[EditRequest, Plan | None]) -> None:
        request, plan = ready
        self.query_one("#plan", Static).update(planned(plan) if plan else "")
        self.query_one(Live).begin(self.name_of_class)
        self.job_line.submit(request)
        if self.job_line.running:
            self.workspace.drafts.pop(self._draft, None)
            self._run_shown(True)

    def _follow(self, job: str) -> None:
        self.job_line.track(job)
        self._run_shown(True)

    def _run_shown(self, shown: bool) -> None:
        self.set_class(shown, "-running")
        for line in self.query(Line):
            line.control.disabled = shown
        try:
            run = self.query_one("#run", Button)
        except NoMatches:  # it is mounted once the classes are loaded
            return
        run.disabled = shown
        self.set_focus(None if shown else run)
        self.refresh_bindings()

    def action_cancel(self) -> None:
        """Cancel the running edit."""
        self.job_line.cancel()

    def action_retry(self) -> None:
        """Retry what failed."""
        self.job_line.retry()
        if self.job_line.running:
            self._run_shown(True)

    def on_job_line_reported(self, message: JobLine.Reported) -> None:
        """Draw an epoch, and show the end of the log."""
        if isinstance(message.record, EditEpoch):
            self.query_one(Live).add(message.record)
        if self.has_class("-wide"):
            self.query_one(Log).load(message.job)

    def on_job_line_done(self, message: JobLine.Done) -> None:
        """Open the comparison."""
        self._run_shown(False)
        if isinstance(message.record, Edit):
            self._made = message.record
            self._open_comparison()

    def on_screen_resume(self) -> None:
        """Open the comparison of an edit that ended while another screen was shown."""
        self._open_comparison()

    def _open_comparison(self) -> None:
        if self._made is not None and self.app.screen is self:
            made, self._made = self._made, None
            self.post_message(ToCompare(made))

    def on_job_line_failed(self) -> None:
        """Show the form again; the job's line says what happened."""
        self._run_shown(False)

    def command_line(self) -> tuple[str, ...]:
        """Return `edit` with the form's options."""
        return words_of(self.values, self.name_of_class, self.on_edit) if self._split else ()
