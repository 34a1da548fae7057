"""A dialog that makes a grouping: it asks for a name, and for what splits and classes."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from engine.features.cache import FeatureCache
from engine.grouping.store import check_new
from engine.schema.errors import EngineError, RequestError
from screens.base import command_text
from screens.ensure_features import ensure_features
from screens.grouping_sources import GroupingSource, Made
from screens.job_line import JobLine
from screens.latest import LatestTask
from screens.messages import Copied
from screens.ports import Workspace
from screens.widgets.choice import Choice
from screens.words import counted


@dataclass(frozen=True)
class _Training:
    """The training split, as far as a grouping can take it in."""

    images: int = 0
    ready: bool = False
    """Whether its features are there."""
    problem: str = ""
    """Why it cannot be grouped at all."""


class NewGrouping(ModalScreen[Made | None]):
    """Makes a grouping, off the app's thread; closed, it returns what was made.

    Args:
        workspace: Where.
        source: What it is made from.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="grouping.back", tooltip="Make no grouping"),
        Binding("down", "app.focus_next", "Next", show=False, id="grouping.next",
                tooltip="Go to the next field"),
        Binding("up", "app.focus_previous", "Previous", show=False, id="grouping.previous",
                tooltip="Go to the previous field"),
        Binding("ctrl+r", "make", "Make", id="grouping.make", tooltip="Make the grouping"),
        Binding("y,ctrl+y", "copy", "Copy", id="grouping.copy",
                tooltip="Copy the equivalent `groups make` command (in the name: ctrl+y)"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    NewGrouping {
        align: center middle;
        & > Vertical {
            width: 90%; max-width: 100; height: auto; max-height: 90%; padding: 1 2;
            background: $panel;
        }
        & Static { height: auto; }
        & Horizontal { height: 1; }
        & .title { width: 10; }
        & Horizontal > Input { width: 1fr; }
        & Horizontal > Choice { width: 1fr; max-width: 48; }
        & #about { padding-bottom: 1; }
        & #splits-note { color: $text-muted; }
        & .wrong { color: $text-error; }
        & .keys { color: $text-muted; padding-top: 1; }
    }
    """

    def __init__(self, workspace: Workspace, source: GroupingSource) -> None:
        super().__init__()
        self.workspace, self._source = workspace, source
        self.job_line = JobLine(workspace)
        self._training: _Training | None = None
        self._left = threading.Event()
        used, train = workspace.source.eval_split, workspace.source.train_split
        self._splits = (f"{used} and {train}", f"{used} alone")
        self._look = LatestTask(self, self._look_at_training, self._seen, self._fail)
        self._make = LatestTask(self, self._made_of, self._done, self._fail)

    def compose(self) -> ComposeResult:
        """Put the fields under what will be made."""
        with Vertical():
            yield Static(self._source.about, id="about", markup=False)
            with Horizontal():
                yield Static("name", classes="title")
                yield Input(self._source.suggested, compact=True, select_on_focus=False)
            for title, words in self._source.choices.items():
                yield from self._line(title, words)
            if self._trains:
                yield from self._line("splits", self._splits[::-1])
                yield Static(id="splits-note", markup=False)
            yield Static(classes="wrong", markup=False)
            yield self.job_line
            copies = "   ctrl+y: copy command" if self._command() else ""
            fields = "   ↑ ↓: fields" if self.query(Choice) or self._choices else ""
            yield Static(f"enter: make{fields}{copies}   esc: back", classes="keys")

    def _line(self, title: str, words: Sequence[str]) -> ComposeResult:
        with Horizontal():
            yield Static(title, classes="title")
            choice = Choice(words, id=title)
            choice.value = words[0]
            yield choice

    @property
    def _choices(self) -> bool:
        return bool(self._source.choices) or self._trains

    @property
    def _trains(self) -> bool:
        source = self.workspace.source
        return self._source.training and source.train_split != source.eval_split

    @property
    def _both(self) -> bool:
        return self._trains and self.query_one("#splits", Choice).value == self._splits[0]

    def _chosen(self) -> dict[str, str]:
        return {title: self.query_one(f"#{title}", Choice).value for title in self._source.choices}

    # the training split

    def on_mount(self) -> None:
        """Look whether the training split can be grouped too."""
        if self._trains:
            self._look.start()

    def _look_at_training(self) -> _Training:
        name = self.workspace.source.train_split
        try:
            split = self.workspace.split(name)
            return _Training(len(split.samples), self.workspace.cache(name) is not None)
        except EngineError as error:
            return _Training(problem=str(error))

    def _seen(self, training: _Training) -> None:
        first = self._training is None
        self._training = training
        choice = self.query_one("#splits", Choice)
        choice.disabled = bool(training.problem)
        if first and training.ready:
            choice.value = self._splits[0]
        self._explain()

    @on(Choice.Changed)
    def _explain(self) -> None:
        """Say what becomes of the training split."""
        if not self._trains or (training := self._training) is None:
            return
        train = self.workspace.source.train_split
        if training.problem:
            note = f"{train} gets no groups: {training.problem}"
        elif training.ready:
            note = "" if self._both else f"{train} gets no groups; edits that train on it need them"
        elif self._both:
            many = counted(training.images, "image")
            note = f"the features of {train} ({many}) are extracted first, by a job"
        else:
            note = (
                f"the features of {train} are not extracted, so it gets no groups; edits that "
                "train on it need them (→ extracts them)"
            )
        self.query_one("#splits-note", Static).update(note)

    # making it

    @on(Input.Submitted)
    def action_make(self) -> None:
        """Make it, or first extract the training split's features."""
        if self._make.busy or self.job_line.running:
            return
        self._say("")
        self.query_one(".keys", Static).update("finding …   esc: back, and make none")
        self._make.start(self.query_one(Input).value.strip(), self._chosen(), self._both)

    def _made_of(self, name: str, chosen: dict[str, str], both: bool) -> Made | bool | None:
        """Return the grouping; False where the training split's features are missing."""
        check_new(self.workspace.home, name)
        cache = self.workspace.cache()
        if cache is None:
            raise RequestError("The features of these images are gone; go back to extract them.")
        caches: list[FeatureCache] = [cache]
        if both:
            training = self.workspace.cache(self.workspace.source.train_split)
            if training is None:
                return False
            caches.append(training)
        return self._source.make(self.workspace.home, name, chosen, caches, self._left)

    def _done(self, made: Made | bool | None) -> None:
        if isinstance(made, Made):
            self.dismiss(made)
        elif made is False:
            train = self.workspace.source.train_split
            ensure_features(self.workspace, self.job_line, split=train)
            self.query_one(".keys", Static).update("esc: back; the job goes on, g asks again")

    def _fail(self, sentence: str) -> None:
        self._say(f"✗ {sentence}")
        self.query_one(".keys", Static).update("enter: try again   esc: back")

    def _say(self, sentence: str) -> None:
        self.query_one(".wrong", Static).update(Text(sentence))

    def on_job_line_done(self, message: JobLine.Done) -> None:
        """Go on: the training split's features are there."""
        message.stop()
        self.job_line.forget()
        self.action_make()

    def on_job_line_failed(self, message: JobLine.Failed) -> None:
        """Say what can be done."""
        message.stop()
        self.query_one(".keys", Static).update("enter: try again   esc: back")

    def on_job_line_reported(self, message: JobLine.Reported) -> None:
        """Keep it from the screen below."""
        message.stop()

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Copy only what there is a command for."""
        return bool(self._command()) if action == "copy" and self.is_mounted else True

    def action_leave(self) -> None:
        """Go back; what is not saved yet never is."""
        self._left.set()
        self.dismiss(None)

    def _command(self) -> list[str]:
        if not self.is_mounted:
            return self._source.command("", {t: w[0] for t, w in self._source.choices.items()})
        name = self.query_one(Input).value.strip()
        words = self._source.command(name, self._chosen())
        if words and self._trains and not self._both:
            words += ["--split", self.workspace.source.eval_split]
        return words

    def action_copy(self) -> None:
        """Copy the command that makes the same."""
        if words := self._command():
            self.post_message(Copied(command_text(words, self.workspace)))
