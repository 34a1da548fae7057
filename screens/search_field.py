"""A field for a text, by which CLIP finds images or neurons; and what screens with one share."""

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.events import Key
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from engine.clip.image_features import ClipFeatures
from engine.schema.arrays import Array
from engine.schema.requests import ClipRequest
from screens.base import Base
from screens.guarded import LONG_SECONDS, while_open
from screens.job_line import JobLine
from screens.latest import LatestTask
from screens.ports import Workspace
from screens.widgets.text import Static

LONGEST = 300
WITHOUT_CLIP = (
    "Searching needs a CLIP: set clip in workspace.toml to local-dir:DIR or to MODEL/TAG, as "
    "open_clip lists them."
)


@dataclass(frozen=True)
class TextQuery:
    """A text, as CLIP sees it, and the images' features that it is compared with."""

    text: str
    embedding: Array
    """(E,), of length 1."""
    features: ClipFeatures


@dataclass(frozen=True)
class _Read:
    """What is there of a text; `rested` where the typing has come to rest."""

    text: str
    rested: bool
    query: TextQuery | None


class SearchField(Widget):
    """Looks up every text at once, and has a job make what is missing once the typing rests.

    There is one job at a time; the newest text is looked up when it is done.
    """

    DEFAULT_CSS = """
    SearchField { height: auto; display: none; }
    SearchField.-open { display: block; }
    SearchField Static { height: auto; padding: 0 1; color: $text-warning; display: none; }
    SearchField Static.-said { display: block; }
    """
    REST = 0.7
    """Seconds the typing rests before a job is submitted."""

    class Found(Message):
        """A text can be compared with the images now."""

        def __init__(self, query: TextQuery) -> None:
            super().__init__()
            self.query = query

    class Cleared(Message):
        """There is no text any more."""

    class Left(Message):
        """The person goes from the field down to what is found."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(disabled=True)  # else a screen gives it the keys as it opens
        self._workspace = workspace
        self._job_line = JobLine(workspace)
        self._rest: Timer | None = None
        self._asked = ""
        """The text of the last job: it is not asked for twice."""
        self._look = LatestTask(self, self._read, self._take, self._say)

    def compose(self) -> ComposeResult:
        """Put the job that makes what is missing below the field."""
        yield Input(
            placeholder="what is shown: a word or a sentence", compact=True, max_length=LONGEST
        )
        yield Static()
        yield self._job_line

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self.has_class("-open")

    def open(self) -> None:
        """Show it, and ask for a text."""
        self.disabled = False
        self.add_class("-open")
        self.query_one(Input).focus()

    def close(self) -> None:
        """Forget the text, and hide; a job goes on."""
        self.query_one(Input).value = ""
        self._job_line.forget()
        self.remove_class("-open")
        self.disabled = True
        self.post_message(self.Cleared())

    @property
    def _text(self) -> str:
        return " ".join(self.query_one(Input).value.split())

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._rest is not None:
            self._rest.stop()
        if not self._text:
            self._say("")
            self.post_message(self.Cleared())
            return
        self._look.start(self._text, rested=False)
        self._rest = self.set_timer(self.REST, while_open(self, self._rested))

    def _rested(self) -> None:
        if self._text:
            self._look.start(self._text, rested=True)

    def _read(self, text: str, rested: bool) -> _Read:
        features, found = self._workspace.clip_features(), self._workspace.texts([text])
        if features is None or found is None:
            return _Read(text, rested, None)
        return _Read(text, rested, TextQuery(text, found[0], features))

    def _take(self, read: _Read) -> None:
        if read.text != self._text:
            return
        if read.query is not None:
            self._say(f"Among {read.query.features.note}." if read.query.features.note else "")
            self.post_message(self.Found(read.query))
        elif read.rested and not self._job_line.running and read.text != self._asked:
            self._asked = read.text
            split = self._workspace.source.eval_split
            self._job_line.submit(ClipRequest(split=split, texts=(read.text,)))

    def _say(self, sentence: str) -> None:
        note = self.query_one(Static)
        note.update(sentence)
        note.set_class(bool(sentence), "-said")

    @on(JobLine.Done)
    def _made(self, event: JobLine.Done) -> None:
        event.stop()  # the screen's own job is another
        self._rested()

    @on(JobLine.Failed)
    def _failed(self, event: JobLine.Failed) -> None:
        event.stop()
        self._asked = ""  # enter asks again

    @on(JobLine.Reported)
    def _reported(self, event: JobLine.Reported) -> None:
        event.stop()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._rested()
        self.post_message(self.Left())

    def on_key(self, event: Key) -> None:
        """Go down to what is found."""
        if event.key == "down":
            event.stop()
            self.post_message(self.Left())


class Searchable(Base):
    """A screen whose images or neurons are ordered by a text, while there is one.

    Its body has a `SearchField`, and its table a command with the action `search`.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.text_query: TextQuery | None = None
        """What is searched for."""
        self._anew = False

    def ordered_anew(self) -> bool:
        """Tell once whether what is shown now is in another order than before."""
        anew, self._anew = self._anew, False
        return anew

    def order_anew(self) -> None:
        """Show what there is in the order of `text_query`, or in its own."""
        raise NotImplementedError

    def focus_found(self) -> None:
        """Give what is found the keys."""
        raise NotImplementedError

    def action_search(self) -> None:
        """Ask for a text."""
        if self.workspace.source.has_clip:
            self.query_one(SearchField).open()
        else:
            self.notify(WITHOUT_CLIP, severity="warning", timeout=LONG_SECONDS)

    def action_back(self) -> None:
        """End the search; then, go back."""
        field = self.query_one(SearchField)
        if not field.is_open:
            super().action_back()
            return
        field.close()
        self.focus_found()

    @on(SearchField.Found)
    def _search(self, event: SearchField.Found) -> None:
        event.stop()
        self.text_query, self._anew = event.query, True
        self.order_anew()

    @on(SearchField.Cleared)
    def _clear(self, event: SearchField.Cleared) -> None:
        event.stop()
        if self.text_query is not None:
            self.text_query, self._anew = None, True
            self.order_anew()

    @on(SearchField.Left)
    def _leave(self, event: SearchField.Left) -> None:
        event.stop()
        self.focus_found()
