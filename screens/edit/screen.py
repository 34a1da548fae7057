"""An edit of the decision layer, from form to finish."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.css.query import NoMatches
from textual.events import DescendantFocus
from textual.widgets import Button, Input, Static

from engine.data.splits import Split
from engine.editing.planning import make_plan
from engine.schema.edits import Edit, EditEpoch
from engine.schema.jobs import JobView
from engine.schema.requests import EditRequest
from screens.base import Base
from screens.command import Command, bindings
from screens.edit.ahead import ahead
from screens.edit.fields import Choice, Line
from screens.edit.form import (
    begin,
    field_of,
    fields,
    filled,
    matters,
    options,
    problems,
    request_of,
    suggested,
    words_of,
)
from screens.edit.live import Live
from screens.edit.log import Log
from screens.job_line import JobLine
from screens.latest import Asker
from screens.messages import ToCompare
from screens.ports import Workspace


class EditScreen(Base):
    """A form with values that suit, the run live, then the comparison."""

    NAME = "Edit"
    TABLE: ClassVar = (
        Command("edit.run", "ctrl+r", "run", "Run", "Start the edit"),
        Command("edit.next", "down,j", "field(1)", "Next field", "The next field", show=False),
        Command("edit.before", "up,k", "field(-1)", "Field before", "The field before", show=False),
        Command("edit.cancel", "x", "cancel", "Cancel", "Stop the running edit for good"),
    )
    BINDINGS = bindings(TABLE)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    DEFAULT_CSS = """
    EditScreen {
        #what { height: auto; max-height: 2; padding: 0 1; text-style: bold; }
        #help { height: 2; padding: 0 1; color: $text-muted; }
        #run { margin: 0 0 0 12; min-width: 16; }
        #form { width: 1fr; }
        #lines { height: auto; max-height: 85%; }
        #ahead { width: 1fr; padding: 0 1; display: none; }
        #side { width: 2fr; display: none; }
        Log { display: none; }
        &.-wide #form { width: 60; }
        &.-wide #ahead, &.-running #side { display: block; }
        &.-running #ahead, &.-running #help, &.-narrow.-running #form { display: none; }
        &.-running #lines { max-height: 50%; }
        &.-running Log { display: block; }
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
        self.values = begin(neurons, top)
        self._split: Split | None = None
        self._made: str | None = None
        self._opens = Asker(self, self._open, self._opened, self._sorry)
        self._checks = Asker(self, self._check, self._start, self._sorry)

    def body(self) -> ComposeResult:
        """Return the form; beside it what will happen; once it runs, the live curves."""
        yield Static("reading…", id="what")
        with Horizontal():
            with Vertical(id="form"):
                yield VerticalScroll(id="lines", can_focus=False)
                yield Static(id="help")
                yield Log(self.workspace)
            yield Static(id="ahead")
            yield Live(id="side")

    def on_mount(self) -> None:
        """Ask for the classes, and for a run already under way."""
        self.say_where("edit")
        self._opens.ask()

    # what threads do

    def _open(self) -> tuple[Split, JobView | None]:
        split = self.workspace.split(self.workspace.source.eval_split)
        running = (job for job in self.workspace.jobs() if self._is_mine(job))
        return split, next(running, None)

    def _is_mine(self, job: JobView) -> bool:
        asked = job.request
        if not isinstance(asked, EditRequest) or asked.classes != (self.class_index,):
            return False
        same = asked.neurons == self.neurons and self.top in ("auto", asked.top)
        return same and job.may_go_on and asked.on == self.on_edit

    def _check(self, request: EditRequest) -> EditRequest:
        if request.test_split is not None:
            self.workspace.split(request.test_split)
        cache = None if request.on else self.workspace.cache()
        if cache is not None:
            make_plan(cache, request, tested=request.test_split is not None)
        return request

    # the form

    @property
    def name_of_class(self) -> str:
        """The class's name, once it is known."""
        return self._split.classes[self.class_index] if self._split else ""

    def _opened(self, found: tuple[Split, JobView | None]) -> None:
        self._split, job = found
        self.call_later(self._lay_out, bool(self._split.groups), job)

    async def _lay_out(self, grouped: bool, job: JobView | None) -> None:
        await self.query_one("#lines").mount(
            *(Line(some, options(some, grouped)) for some in fields()),
            Button("Run", id="run", compact=True, variant="primary"),
        )
        if job is not None and isinstance(job.request, EditRequest):
            self.values = filled(job.request)
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
        """Show what matters to the method, what empty fields come to, and what is wrong."""
        wrong = problems(self.values)
        for line in self.query(Line):
            some = line.field
            line.display = matters(some, self.values)
            line.complain(wrong.get(some.name, ""))
            if isinstance(line.control, Input):
                line.control.placeholder = suggested(some, self.values)
        if self._split is not None and not wrong:
            images = (self._split.name, len(self._split.samples))
            train = self.workspace.source.train_split
            self.query_one("#ahead", Static).update(ahead(self.values, images, train, self.on_edit))
        method = self.values["method"]
        start = f", on {self.on_edit}" if self.on_edit else ""
        what = field_of("method").choices[method]
        said = f"edit {self.name_of_class}{start} by {method}: {what}"
        self.query_one("#what", Static).update(Text(said))
        self.say_where(self.name_of_class, "edit" + (" on an edit" if self.on_edit else ""))

    @on(Input.Changed)
    @on(Choice.Turned)
    def _changed(self) -> None:
        for line in self.query(Line):
            self.values[line.field.name] = line.control.value
        self._arrange()
        self._explain()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Explain the field."""
        self._explain()

    def _explain(self) -> None:
        self.remove_class("-failed")
        some = next((one for one in fields() if one.name == self._focused_id), None)
        if some is None:
            words = "enter runs it; ↑ ↓ go to the fields, ← → turn a choice"
        elif some.choices:
            words = some.choices[self.values[some.name]]
        else:
            words = some.help
        self.query_one("#help", Static).update(Text(words))

    @property
    def _focused_id(self) -> str:
        return (self.focused.id or "") if self.focused else ""

    def _sorry(self, sentence: str) -> None:
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
        """Go to the next field, or the one before."""
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
        """Check the form and start."""
        if self._split is None or self._checks.busy:
            return
        wrong = problems(self.values)
        for name in wrong:
            self.query_one(f"#{name}").focus()
            return
        self._checks.ask(request_of(self.values, self.class_index, self.on_edit))

    def _start(self, request: EditRequest) -> None:
        self.query_one(Live).begin(self.name_of_class)
        self.job_line.submit(request)
        if self.job_line.running:
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
        except NoMatches:  # the answer that mounts it is still to come
            return
        run.disabled = shown
        self.set_focus(None if shown else run)
        self.refresh_bindings()

    def action_cancel(self) -> None:
        """Stop the running edit for good."""
        self.job_line.cancel()

    def action_retry(self) -> None:
        """Try again what failed."""
        self.job_line.retry()
        if self.job_line.running:
            self._run_shown(True)

    def on_job_line_said(self, message: JobLine.Said) -> None:
        """Draw an epoch, and show what is logged by now."""
        if isinstance(message.record, EditEpoch):
            self.query_one(Live).add(message.record)
        if self.has_class("-wide"):
            self.query_one(Log).look(message.job)

    def on_job_line_done(self, message: JobLine.Done) -> None:
        """Go on to the comparison."""
        self._run_shown(False)
        if isinstance(message.record, Edit):
            self._made = message.record.id
            self._go_on()

    def on_screen_resume(self) -> None:
        """Go on to what was made while another screen was looked at."""
        self._go_on()

    def _go_on(self) -> None:
        if self._made is not None and self.app.screen is self:
            made, self._made = self._made, None
            self.post_message(ToCompare(made))

    def on_job_line_failed(self) -> None:
        """Show the form again; the line says what happened."""
        self._run_shown(False)

    def command_line(self) -> tuple[str, ...]:
        """Return `edit` with the form's options."""
        return words_of(self.values, self.name_of_class, self.on_edit) if self._split else ()
