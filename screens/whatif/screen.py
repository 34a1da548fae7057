"""What scaling neurons would do, answered while the key is held."""

from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from engine.ablation.interactive import Answer, Question
from engine.attribution.rankings import RANKINGS
from engine.schema.errors import EngineError
from screens.base import Base
from screens.changes import Changes
from screens.command import Command, bindings
from screens.messages import ToEdit
from screens.ports import Workspace
from screens.whatif.controller import Inquiry
from screens.whatif.words import show_curve, spoken, supposed, words_of
from screens.widgets.chart import Chart
from screens.widgets.table import Column, Table
from screens.words import counted

START = 40
"""Neurons a person begins with."""
MOST = 10.0
NEED_ANSWERS = ("slide", "scale", "switch", "mode", "order", "rows", "pictures", "select", "edit")


class WhatIfScreen(Base):
    """Toggle or scale neurons, or slide along their order; nothing is trained."""

    NAME = "What-if"
    TABLE: ClassVar = (
        Command("whatif.fewer", "left,h", "slide(-1)", "Fewer", "One neuron fewer", show=False),
        Command("whatif.more", "right,l", "slide(1)", "More", "One neuron more", show=False),
        Command("whatif.fewer10", "shift+left,H,pageup", "slide(-10)", "10 fewer",
                "Ten neurons fewer", show=False),
        Command("whatif.more10", "shift+right,L,pagedown", "slide(10)", "10 more",
                "Ten neurons more", show=False),
        Command("whatif.lower", "left_square_bracket", "scale(-0.1)", "Lower",
                "Scale them by 0.1 less; 0 silences", show=False),
        Command("whatif.higher", "right_square_bracket", "scale(0.1)", "Higher",
                "Scale them by 0.1 more; 1 changes nothing", show=False),
        Command("whatif.switch", "space", "switch", "On/off", "Switch the cursor's neuron"),
        Command("whatif.mode", "m", "mode", "Mode",
                "The first N of the order, or the neurons that are ticked"),
        Command("whatif.order", "s", "order", "Order",
                "Order by contrast, votes or contribution"),
        Command("whatif.rows", "r", "rows", "Rows",
                "Scale for the class and its confusions, or for all classes", show=False),
        Command("whatif.pictures", "i", "pictures", "Images", "Look at the images won and lost"),
        Command("whatif.tick", "t", "select", "Tick", "Tick these neurons, and no others"),
        Command("whatif.edit", "e", "edit", "Edit", "Edit the decision layer with these"),
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
        &.-failed #above, &.-failed #below { display: none; }
        #neurons { width: 26; margin-right: 1; display: none; }
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
        self.inquiry = Inquiry(
            self, workspace, class_index, neurons,
            opened=self._opened, answered=self._answered, told=self._say, fail=self._sorry,
        )  # fmt: skip

    def body(self) -> ComposeResult:
        """Return the answer, the curve over N, and what changes."""
        yield Static("reading…", id="answer")
        with Horizontal(id="above"):
            yield Table(Column("neuron", 8, "right"), Column("", 12), id="neurons")
            with Vertical():
                yield Static(id="title")
                yield Chart(empty="reading…", id="curve")
        yield Changes(id="below")

    def on_mount(self) -> None:
        """Open the feature cache; the rest follows."""
        self.say_where("what if")
        self.query_one(Changes).focus_table()
        self.inquiry.open()

    def on_resize(self) -> None:
        """Say it again at the new width."""
        self._say()

    def _opened(self) -> None:
        inquiry = self.inquiry
        top = min(START, inquiry.most("contrast"))
        self._ask(Question(top=top, picked=inquiry.listed or None))
        inquiry.ask_slowly()
        if inquiry.listed:
            self.query_one("#neurons").focus()

    def _sorry(self, sentence: str) -> None:
        self.query_one("#answer", Static).update(Text(f"✗ {sentence}"))
        self.add_class("-failed")

    def _answered(self, answer: Answer) -> None:
        self.query_one(Changes).show(answer.whatif)
        self._say()

    def _ask(self, question: Question) -> None:
        self.inquiry.ask(question)
        if (question.picked is not None) != self.has_class("-picked"):
            self.toggle_class("-picked")
            self.refresh_bindings()
        self._show_neurons()
        self._say()

    def _say(self) -> None:
        inquiry = self.inquiry
        if inquiry.ablation is None:
            return
        said = spoken(inquiry, self.size.width - 2)
        self.query_one("#answer", Static).update(said)
        self.say_where(inquiry.name, supposed(inquiry))
        title = f"accuracy of {inquiry.name} over N, by {inquiry.question.by}"
        self.query_one("#title", Static).update(Text(title, no_wrap=True, overflow="ellipsis"))
        show_curve(self.query_one(Chart), inquiry, self.app.theme_variables)

    def _show_neurons(self) -> None:
        listed, off, scale = self.inquiry.listed, self._off, self.inquiry.question.scale

        def row(index: int) -> tuple[str, str]:
            neuron = listed[index]
            return str(neuron), "[ ] as is" if neuron in off else f"[x] ×{scale:g}"

        self.query_one("#neurons", Table).show(len(listed), row, keys=listed)

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what cannot be done now."""
        if self.inquiry.ablation is None and action in NEED_ANSWERS:
            return False
        picked = self.inquiry.question.picked is not None
        possible = {"switch": picked, "order": not picked, "slide": not picked}
        return possible.get(action, True)

    def action_slide(self, places: int) -> None:
        """Move N."""
        question = self.inquiry.question
        top = self._held(question.top + places, question.by)
        if top != question.top:
            self._ask(replace(question, top=top))

    def _held(self, top: int, by: str) -> int:
        most = self.inquiry.most(by)
        return max(min(1, most), min(top, most))

    def action_scale(self, more: float) -> None:
        """Scale by more or less."""
        question = self.inquiry.question
        scale = round(min(MOST, max(0.0, question.scale + more)), 1)
        if scale != question.scale:
            self._ask(replace(question, scale=scale))

    def action_switch(self) -> None:
        """Switch the cursor's neuron."""
        neuron = self.query_one("#neurons", Table).key
        if neuron is not None:
            self._off ^= {neuron}
            self._ask(replace(self.inquiry.question, picked=self._on()))

    def _on(self) -> tuple[int, ...]:
        return tuple(neuron for neuron in self.inquiry.listed if neuron not in self._off)

    def action_mode(self) -> None:
        """Change between the top N and the ticked."""
        question = self.inquiry.question
        if question.picked is None and not self.inquiry.listed:
            self.notify("No neuron is ticked: t ticks the top N.", severity="warning")
            return
        picked = self._on() if question.picked is None else None
        self._ask(replace(question, picked=picked))
        self.query_one("#changes" if picked is None else "#neurons").focus()

    def action_order(self) -> None:
        """Change the order."""
        question, ways = self.inquiry.question, RANKINGS.names()
        by: str = ways[(ways.index(question.by) + 1) % len(ways)]
        self._ask(replace(question, by=by, top=self._held(question.top, by)))

    def action_rows(self) -> None:
        """Change whom it concerns."""
        question = self.inquiry.question
        self._ask(replace(question, rows="affected" if question.rows == "all" else "all"))

    def action_pictures(self) -> None:
        """Show the images, or the classes again."""
        self.query_one(Changes).switch()

    def action_select(self) -> None:
        """Tick these."""
        these = self.inquiry.neurons
        try:
            self.workspace.select(self.class_index, these)
        except EngineError as error:
            self.notify(str(error), severity="error")
            return
        self.inquiry.listed, self._off = these, set()
        self._show_neurons()
        self.notify(f"{counted(len(these), 'neuron')} ticked for {self.inquiry.name}.")

    def action_edit(self) -> None:
        """Edit with these; of an order that is not the usual one, neuron by neuron."""
        question = self.inquiry.question
        if question.picked is None and question.by == "contrast":
            self.post_message(ToEdit(self.class_index, top=str(question.top)))
        else:
            self.post_message(ToEdit(self.class_index, neurons=self.inquiry.neurons))

    def command_line(self) -> tuple[str, ...]:
        """Return `whatif` with these."""
        inquiry = self.inquiry
        return words_of(inquiry.question, inquiry.name) if inquiry.ablation else ()
