"""The state of What-if: the question, its answers, and the work in threads that answers it."""

from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from engine.ablation.interactive import Answer, InteractiveAblation, Question
from engine.attribution.query import check_neurons
from engine.schema.records import CurvePoint, Outcome
from engine.schema.requests import Rows
from screens.guarded import while_open
from screens.latest import LatestTask
from screens.ports import Workspace

PAUSE = 0.15
"""Seconds without a key before slower answers are computed: the curve and the random control."""
Line = tuple[str, float, Rows]
Loaded = tuple[InteractiveAblation, tuple[int, ...]]


class WhatIfController:
    """Computes in threads and posts messages; only answers to the newest question count.

    Args:
        screen: Gets the messages.
        workspace: The workspace.
        class_index: The class.
        neurons: The neurons to begin with; none: those selected for the class.
    """

    class FeaturesMissing(Message):
        """There is no feature cache yet."""

    class Opened(Message):
        """The feature cache is open."""

    class Answered(Message):
        """There is an answer."""

        def __init__(self, answer: Answer) -> None:
            super().__init__()
            self.answer = answer

    class Updated(Message):
        """The random control or the curve was computed."""

    class Failed(Message):
        """An expected failure; `error` is its sentence."""

        def __init__(self, error: str) -> None:
            super().__init__()
            self.error = error

    def __init__(
        self,
        screen: Screen[None],
        workspace: Workspace,
        class_index: int,
        neurons: tuple[int, ...],
    ) -> None:
        self._screen, self._workspace = screen, workspace
        self.class_index, self._initial = class_index, neurons
        self.question = Question()
        self.ablation: InteractiveAblation | None = None
        """None before the feature cache is open."""
        self.listed: tuple[int, ...] = ()
        """The neurons that may be switched on and off."""
        self.answer: Answer | None = None
        """The last answer, perhaps to an older question."""
        self._random: tuple[Question, Outcome] | None = None
        self._curve: tuple[Line, tuple[CurvePoint, ...]] | None = None
        self._pause: Timer | None = None
        self._open_task = LatestTask(screen, self._open, self._opened, self._fail)
        self._answer_task = LatestTask(screen, self._compute, self._answered, self._fail)
        self._random_task = LatestTask(screen, self._sample, self._sampled, self._fail)
        self._curve_task = LatestTask(screen, self._trace, self._traced, self._fail)

    @property
    def name(self) -> str:
        """The class's."""
        return self.ablation.cache.classes[self.class_index] if self.ablation else ""

    @property
    def answered(self) -> bool:
        """Whether it is known if there is a feature cache."""
        return self._open_task.answered

    @property
    def fresh(self) -> bool:
        """Whether the last answer is to the newest question."""
        return self.answer is not None and self.answer.question == self.question

    @property
    def random(self) -> Outcome | None:
        """The random-neuron control for the newest question, once it is computed."""
        known = self._random is not None and self._random[0] == self.question
        return self._random[1] if self._random is not None and known else None

    @property
    def curve(self) -> tuple[CurvePoint, ...] | None:
        """The curve of this ranking, scale and rows, once it is computed."""
        known = self._curve is not None and self._curve[0] == self.question.line
        return self._curve[1] if self._curve is not None and known else None

    @property
    def neurons(self) -> tuple[int, ...]:
        """The neurons of the newest question."""
        return tuple(self.ablation.neurons(self.question).tolist()) if self.ablation else ()

    @property
    def rankings(self) -> tuple[str, ...]:
        """The rankings that say something of this class."""
        return self.ablation.rankings if self.ablation else ()

    def most(self, by: str) -> int:
        """Return how many neurons a ranking has."""
        return len(self.ablation.order(by)) if self.ablation else 0

    def open(self) -> None:
        """Open the feature cache."""
        self._open_task.start()

    def ask(self, question: Question) -> None:
        """Answer a question at once; the curve and the random control when no key is pressed."""
        self.question = question
        self._answer_task.start(question)
        if self._pause is not None:
            self._pause.stop()
        self._pause = self._screen.set_timer(PAUSE, while_open(self._screen, self.compute_slower))

    def compute_slower(self) -> None:
        """Compute the curve and the random control where they are not known."""
        if self.random is None:
            self._random_task.start(self.question)
        if self.curve is None:
            self._curve_task.start(self.question.line)

    def _fail(self, error: str) -> None:
        self._screen.post_message(self.Failed(error))

    def _open(self) -> Loaded | None:
        cache = self._workspace.cache()
        if cache is None:
            return None
        selected = self._initial or self._workspace.selected(self.class_index)
        listed = check_neurons(selected, cache.meta.width).tolist()
        return InteractiveAblation(cache, self.class_index), tuple(listed)

    def _opened(self, loaded: Loaded | None) -> None:
        if loaded is None:
            self._screen.post_message(self.FeaturesMissing())
        else:
            self.ablation, self.listed = loaded
            self._screen.post_message(self.Opened())

    def _compute(self, question: Question) -> Answer:
        assert self.ablation is not None  # nothing is asked before
        return self.ablation.answer(question)

    def _answered(self, answer: Answer) -> None:
        self.answer = answer
        self._screen.post_message(self.Answered(answer))

    def _sample(self, question: Question) -> tuple[Question, Outcome]:
        assert self.ablation is not None
        return question, self.ablation.random(question)

    def _sampled(self, sampled: tuple[Question, Outcome]) -> None:
        self._random = sampled
        self._screen.post_message(self.Updated())

    def _trace(self, line: Line) -> tuple[Line, tuple[CurvePoint, ...]]:
        assert self.ablation is not None
        return line, self.ablation.curve(*line)

    def _traced(self, traced: tuple[Line, tuple[CurvePoint, ...]]) -> None:
        self._curve = traced
        self._screen.post_message(self.Updated())
