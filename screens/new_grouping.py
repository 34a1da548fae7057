"""A dialog that makes a grouping: it asks for a name, and for what splits and classes."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from engine.features.cache import FeatureCache
from engine.grouping.store import check_new
from engine.schema.errors import EngineError, RequestError
from engine.schema.jobs import Request
from engine.schema.requests import FeaturesRequest
from screens.base import command_text
from screens.grouping_sources import GroupingSource, Made
from screens.guarded import Dialog
from screens.job_line import JobLine, newest
from screens.latest import LatestTask
from screens.messages import Copied
from screens.ports import Workspace
from screens.widgets.choice import Choice
from screens.widgets.text import Static, Text
from screens.words import counted


@dataclass(frozen=True)
class _Training:
    """The training split, as far as a grouping can take it in."""

    images: int = 0
    ready: bool = False
    """Whether its features are there."""
    problem: str = ""
    """Why it cannot be grouped at all."""


class NewGrouping(Dialog[Made | None]):
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
        & .title { width: 11; }
        & Horizontal > Input { width: 1fr; }
        & Horizontal > Choice { width: 1fr; max-width: 48; }
        & #about { padding-bottom: 1; }
        & .note { color: $text-muted; display: none; }
        & .note.-said { display: block; }
        & .wrong { color: $text-error; }
        & .keys { color: $text-muted; padding-top: 1; }
    }
    """

    def __init__(self, workspace: Workspace, source: GroupingSource) -> None:
        super().__init__()
        self.workspace, self._source = workspace, source
        self.job_line = JobLine(workspace)
        self._training: _Training | None = None
        self._touched = False
        """Whether something was chosen: then it stays."""
        self._left = threading.Event()
        used, train = workspace.source.eval_split, workspace.source.train_split
        self._splits = (f"{used} and {train}", f"{used} alone")
        self._look = LatestTask(self, self._look_around, self._seen, self._fail)
        self._make = LatestTask(self, self._made_of, self._done, self._fail)

    def compose(self) -> ComposeResult:
        """Put the fields under what will be made."""
        with Vertical():
            yield Static(self._source.about, id="about")
            with Horizontal():
                yield Static("name", classes="title")
                yield Input(self._source.suggested, compact=True, select_on_focus=False)
            for title, words in self._source.choices.items():
                yield from self._line(title, words)
            yield Static(id="note", classes="note")
            if self._two_splits:
                yield from self._line("splits", self._splits[::-1])
                yield Static(id="splits-note", classes="note")
            yield Static(classes="wrong")
            yield self.job_line
            copies = "   ctrl+y: copy command" if self._command() else ""
            fields = "   ↑ ↓: fields" if self.query(Choice) or self._choices else ""
            yield Static(f"enter: make{fields}{copies}   esc: back", classes="keys")

    def _line(self, title: str, words: Sequence[str]) -> ComposeResult:
        with Horizontal():
            yield Static(title, classes="title")
            choice = Choice(words, id=_id(title))
            choice.value = words[0]
            yield choice

    @property
    def _choices(self) -> bool:
        return bool(self._source.choices) or self._two_splits

    @property
    def _two_splits(self) -> bool:
        source = self.workspace.source
        return source.train_split != source.eval_split

    @property
    def _trains(self) -> bool:
        return self._two_splits and self._source.trains(self._chosen())

    @property
    def _both(self) -> bool:
        return self._trains and self.query_one("#splits", Choice).value == self._splits[0]

    def _chosen(self) -> dict[str, str]:
        titles = self._source.choices
        return {title: self.query_one(f"#{_id(title)}", Choice).value for title in titles}

    # the training split

    def on_mount(self) -> None:
        """Look what there is already, and whether the training split can be grouped too."""
        self._look.start()

    def _look_around(self) -> tuple[Mapping[str, str], _Training | None]:
        return self._source.look(), self._look_at_training() if self._two_splits else None

    def _look_at_training(self) -> _Training:
        name = self.workspace.source.train_split
        try:
            split = self.workspace.split(name)
            return _Training(len(split.samples), self.workspace.cache(name) is not None)
        except EngineError as error:
            return _Training(problem=str(error))

    def _seen(self, found: tuple[Mapping[str, str], _Training | None]) -> None:
        better, self._training = found
        for title, word in better.items() if not self._touched else ():
            self.query_one(f"#{_id(title)}", Choice).value = word
        if self._training is not None:
            choice = self.query_one("#splits", Choice)
            choice.disabled = bool(self._training.problem)
            if self._training.ready and not self._touched:
                choice.value = self._splits[0]
        self._explain()

    @on(Choice.Changed)
    def _changed(self) -> None:
        self._touched = True
        self._explain()

    def _explain(self) -> None:
        """Say what has to be made first, and what becomes of the training split."""
        self._note("#note", self._source.note(self._chosen()))
        for line in self.query("#splits").results():
            if line.parent is not None:
                line.parent.display = self._trains
        if not self._trains or (training := self._training) is None:
            self.query("#splits-note").remove_class("-said")
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
        self._note("#splits-note", note)

    def _note(self, place: str, sentence: str) -> None:
        line = self.query_one(place, Static)
        line.update(sentence)
        line.set_class(bool(sentence), "-said")

    # making it

    @on(Input.Submitted)
    def action_make(self) -> None:
        """Make it, or first extract the training split's features."""
        if self._make.busy or self.job_line.running:
            return
        self._say("")
        self.query_one(".keys", Static).update("finding …   esc: back, and make none")
        self._make.start(self.query_one(Input).value.strip(), self._chosen(), self._both)

    def _made_of(self, name: str, chosen: dict[str, str], both: bool) -> Made | Request | None:
        """Return the grouping, or the job that must be done first."""
        check_new(self.workspace.home, name)
        cache = self.workspace.cache()
        if cache is None:
            raise RequestError("The features of these images are gone; go back to extract them.")
        caches: list[FeatureCache] = [cache]
        if both:
            train = self.workspace.source.train_split
            training = self.workspace.cache(train)
            if training is None:
                return FeaturesRequest(split=train)
            caches.append(training)
        return self._source.make(name, chosen, caches, self._left)

    def _done(self, made: Made | Request | None) -> None:
        if isinstance(made, Made):
            self.dismiss(made)
        elif made is not None:
            job = newest(self.workspace, made)
            if job is None:
                self.job_line.submit(made)
            else:
                self.job_line.track(job.id)
            self.query_one(".keys", Static).update("esc: back; the job goes on, g asks again")

    def _fail(self, sentence: str) -> None:
        self._say(f"✗ {sentence}")
        self.query_one(".keys", Static).update("enter: try again   esc: back")

    def _say(self, sentence: str) -> None:
        self.query_one(".wrong", Static).update(Text(sentence))

    def on_job_line_done(self, message: JobLine.Done) -> None:
        """Go on: what was missing is there."""
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


def _id(title: str) -> str:
    return title.replace(" ", "-")
