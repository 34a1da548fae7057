"""What-if: ablation previews, computed while a key is held."""

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from engine.ablation.interactive import Question
from engine.schema.errors import EngineError
from screens.base import Base
from screens.changes import Changes
from screens.command import Command, bindings
from screens.ensure_features import FAILED, ensure_features
from screens.messages import ToEdit, ToWhatIf
from screens.ports import Workspace
from screens.whatif.controller import WhatIfController
from screens.whatif.words import command_words, setting, show_curve, summary
from screens.widgets.chart import Chart
from screens.widgets.table import Column, Table
from screens.widgets.text import Static, Text
from screens.words import counted

START = 40
"""The first N."""
MOST = 10.0
NEED_ANSWERS = ("slide", "scale", "switch", "mode", "order", "rows", "pictures", "select", "edit")


class WhatIfScreen(Base):
    """Ablate or scale neurons, or the first N of a ranking; nothing is trained."""

    NAME = "What-if"
    OPENED_BY = ToWhatIf
    TABLE: ClassVar = (
        Command("whatif.fewer", "left,h", "slide(-1)", "Fewer", "One neuron fewer", show=False),
        Command("whatif.more", "right,l", "slide(1)", "More", "One neuron more", show=False),
        Command("whatif.fewer10", "shift+left,H,pageup", "slide(-10)", "10 fewer",
                "Ten neurons fewer", show=False),
        Command("whatif.more10", "shift+right,L,pagedown", "slide(10)", "10 more",
                "Ten neurons more", show=False),
        Command("whatif.lower", "left_square_bracket", "scale(-0.1)", "Lower",
                "Scale them by 0.1 less; 0 ablates them", show=False),
        Command("whatif.higher", "right_square_bracket", "scale(0.1)", "Higher",
                "Scale them by 0.1 more; 1 changes nothing", show=False),
        Command("whatif.switch", "space", "switch", "On/off", "Switch this neuron on or off"),
        Command("whatif.mode", "m", "mode", "Mode",
                "Switch between the top N and the selected neurons"),
        Command("whatif.order", "s", "order", "Rank",
                "Rank by contrast, votes or contribution"),
        Command("whatif.rows", "r", "rows", "Classes",
                "Scale for the affected classes, or for all", show=False),
        Command("whatif.pictures", "i", "pictures", "Images", "Show the fixed and broken images"),
        Command("whatif.select", "t", "select", "Select", "Select these neurons, and no others"),
        Command("whatif.edit", "e", "edit", "Edit", "Edit the decision layer with these neurons"),
    )  # fmt: skip
    BINDINGS = bindings(TABLE)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    DEFAULT_CSS = """
    WhatIfScreen {
        #answer { height: 4; padding: 0 1; }
        &.-failed #answer { color: $text-error; }
        #above { height: 2fr; }
        #below { height: 3fr; }
        #title { height: 1; padding: 0 1; color: $text-muted; }
        &.-instead #above, &.-instead #below { display: none; }
        #neurons { width: 27; margin-right: 1; display: none; }
        &.-picked #neurons { display: block; }
        &.-narrow Gallery { display: none; }
        &.-narrow.-pictures Gallery { display: block; }
        &.-narrow.-pictures #changes, &.-narrow.-pictures #above { display: none; }
        &.-wide #above { height: 1fr; }
        &.-wide #below { height: 1fr; }
        &.-wide Gallery { margin-left: 1; }
    }
    """

    def __init__(
        self, workspace: Workspace, class_index: int, neurons: tuple[int, ...] = ()
    ) -> None:
        super().__init__(workspace)
        self.class_index = class_index
        self._off: set[int] = set()
        self.controller = WhatIfController(self, workspace, class_index, neurons)

    def body(self) -> ComposeResult:
        """Return the answer, the curve over N, and what changes."""
        yield Static("loading…", id="answer")
        with Horizontal(id="above"):
            yield Table(Column("neuron", 8, "right"), Column("", 13), id="neurons")
            with Vertical():
                yield Static(id="title")
                yield Chart(empty="loading…", id="curve")
        yield Changes(id="below")

    def on_mount(self) -> None:
        """Open the feature cache; the rest follows."""
        self.set_breadcrumb("what-if")
        self.query_one(Changes).focus_table()
        self.controller.open()

    def on_resize(self) -> None:
        """Fit the text to the new width."""
        self._show()

    @property
    def is_loading(self) -> bool:
        """Whether the feature cache is still being opened."""
        return not self.controller.answered

    # what the controller posts

    @on(WhatIfController.FeaturesMissing)
    def _extract(self) -> None:
        self._instead(ensure_features(self.workspace, self.job_line))

    def on_job_line_done(self) -> None:
        """Open the feature cache, which is there now."""
        self.controller.open()

    def on_job_line_failed(self) -> None:
        """Say what can be done."""
        self._instead(FAILED)

    @on(WhatIfController.Opened)
    def _begin(self) -> None:
        controller = self.controller
        self.remove_class("-instead", "-failed")
        top = min(START, controller.most("contrast"))
        self._ask(Question(top=top, picked=controller.listed or None))
        controller.compute_slower()
        if controller.listed:
            self.query_one("#neurons").focus()

    @on(WhatIfController.Failed)
    def _fail(self, message: WhatIfController.Failed) -> None:
        self._instead(f"✗ {message.error}")
        self.add_class("-failed")

    def _instead(self, sentence: str) -> None:
        self.query_one("#answer", Static).update(Text(sentence))
        self.add_class("-instead")

    @on(WhatIfController.Answered)
    def _answered(self, message: WhatIfController.Answered) -> None:
        ablation = self.controller.ablation
        assert ablation is not None  # it answered
        self.query_one(Changes).show(message.answer.whatif, ablation.cache.picture_of)
        self._show()

    @on(WhatIfController.Updated)
    def _updated(self) -> None:
        self._show()

    def _ask(self, question: Question) -> None:
        self.controller.ask(question)
        if (question.picked is not None) != self.has_class("-picked"):
            self.toggle_class("-picked")
            self.refresh_bindings()
        self._show_neurons()
        self._show()

    def _show(self) -> None:
        controller = self.controller
        if controller.ablation is None:
            return
        self.query_one("#answer", Static).update(summary(controller, self.size.width - 2))
        self.set_breadcrumb(controller.name, "what-if", setting(controller))
        title = f"accuracy of {controller.name} over N, ranked by {controller.question.by}"
        self.query_one("#title", Static).update(Text(title, no_wrap=True, overflow="ellipsis"))
        show_curve(self.query_one(Chart), controller, self.app.theme_variables)

    def _show_neurons(self) -> None:
        listed, off, scale = self.controller.listed, self._off, self.controller.question.scale

        def row(index: int) -> tuple[str, str]:
            neuron = listed[index]
            return str(neuron), "[ ] unchanged" if neuron in off else f"[x] ×{scale:g}"

        self.query_one("#neurons", Table).show(len(listed), row, keys=listed)

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what cannot be done now."""
        if self.controller.ablation is None and action in NEED_ANSWERS:
            return False
        picked = self.controller.question.picked is not None
        possible = {"switch": picked, "order": not picked, "slide": not picked}
        return possible.get(action, True)

    def action_slide(self, places: int) -> None:
        """Change N."""
        question = self.controller.question
        top = self._clamped(question.top + places, question.by)
        if top != question.top:
            self._ask(replace(question, top=top))

    def _clamped(self, top: int, by: str) -> int:
        most = self.controller.most(by)
        return max(min(1, most), min(top, most))

    def action_scale(self, more: float) -> None:
        """Scale by more or less."""
        question = self.controller.question
        scale = round(min(MOST, max(0.0, question.scale + more)), 1)
        if scale != question.scale:
            self._ask(replace(question, scale=scale))

    def action_switch(self) -> None:
        """Switch the cursor's neuron on or off."""
        neuron = self.query_one("#neurons", Table).key
        if neuron is not None:
            self._off ^= {neuron}
            self._ask(replace(self.controller.question, picked=self._on()))

    def _on(self) -> tuple[int, ...]:
        return tuple(neuron for neuron in self.controller.listed if neuron not in self._off)

    def action_mode(self) -> None:
        """Switch between the top N and the selected neurons."""
        question = self.controller.question
        if question.picked is None and not self.controller.listed:
            self.notify("No neuron is selected; t selects the top N.", severity="warning")
            return
        picked = self._on() if question.picked is None else None
        self._ask(replace(question, picked=picked))
        self.query_one("#changes" if picked is None else "#neurons").focus()

    def action_order(self) -> None:
        """Rank by the next ranking."""
        question, ways = self.controller.question, self.controller.rankings
        if not ways:
            return
        by: str = ways[(ways.index(question.by) + 1) % len(ways)]
        self._ask(replace(question, by=by, top=self._clamped(question.top, by)))

    def action_rows(self) -> None:
        """Switch between the affected classes and all classes."""
        question = self.controller.question
        self._ask(replace(question, rows="affected" if question.rows == "all" else "all"))

    def action_pictures(self) -> None:
        """Show the images, or the classes again."""
        self.query_one(Changes).switch()

    def action_select(self) -> None:
        """Select these."""
        these = self.controller.neurons
        try:
            self.workspace.select(self.class_index, these)
        except EngineError as error:
            self.notify(str(error), severity="error")
            return
        self.controller.listed, self._off = these, set()
        self._show_neurons()
        self.notify(f"{counted(len(these), 'neuron')} selected for {self.controller.name}.")

    def action_edit(self) -> None:
        """Edit with these; with a ranking other than the default, neuron by neuron."""
        question = self.controller.question
        if question.picked is None and question.by == "contrast":
            self.post_message(ToEdit(self.class_index, top=str(question.top)))
        else:
            self.post_message(ToEdit(self.class_index, neurons=self.controller.neurons))

    def command_line(self) -> tuple[str, ...]:
        """Return `whatif` with these."""
        controller = self.controller
        return command_words(controller.question, controller.name) if controller.ablation else ()
