"""The questions of a what-if under way: what is asked now, and what came back of it."""

from collections.abc import Callable

from textual.screen import Screen
from textual.timer import Timer

from engine.ablation.interactive import Answer, InteractiveAblation, Question
from engine.attribution.query import check_neurons
from engine.schema.errors import StorageError
from engine.schema.records import CurvePoint, Outcome
from engine.schema.requests import Rows
from screens.latest import Asker
from screens.ports import Workspace

PAUSE = 0.15
"""Seconds without a key before what takes longer is asked: the curve and the random neurons."""
Line = tuple[str, float, Rows]


class Inquiry:
    """Asks in threads; nothing is shown for a question that is not the newest.

    Args:
        screen: Whose questions they are.
        workspace: The workspace.
        class_index: The class.
        neurons: The neurons to begin with; none: those ticked for the class.
        opened: Runs once the feature cache is open.
        answered: Runs with every answer.
        told: Runs when random neurons or a curve came.
        fail: Runs with the sentence of an expected failure.
    """

    def __init__(
        self,
        screen: Screen[None],
        workspace: Workspace,
        class_index: int,
        neurons: tuple[int, ...],
        *,
        opened: Callable[[], None],
        answered: Callable[[Answer], None],
        told: Callable[[], None],
        fail: Callable[[str], None],
    ) -> None:
        self._screen, self._workspace = screen, workspace
        self.class_index, self._begin = class_index, neurons
        self._then_opened, self._then_answered, self._then_told = opened, answered, told
        self.question = Question()
        self.ablation: InteractiveAblation | None = None
        """None before the feature cache is open."""
        self.listed: tuple[int, ...] = ()
        """The neurons that may be switched on and off."""
        self.answer: Answer | None = None
        """The last answer, be it of an older question."""
        self._random: tuple[Question, Outcome] | None = None
        self._curve: tuple[Line, tuple[CurvePoint, ...]] | None = None
        self._pause: Timer | None = None
        self._opens = Asker(screen, self._open, self._opened, fail)
        self._answers = Asker(screen, self._weigh, self._answered, fail)
        self._randoms = Asker(screen, self._draw, self._drew, fail)
        self._curves = Asker(screen, self._trace, self._traced, fail)

    @property
    def name(self) -> str:
        """The class's."""
        return self.ablation.cache.classes[self.class_index] if self.ablation else ""

    @property
    def fresh(self) -> bool:
        """Whether the last answer is of the newest question."""
        return self.answer is not None and self.answer.question == self.question

    @property
    def random(self) -> Outcome | None:
        """What as many random neurons would do, once it is known."""
        known = self._random is not None and self._random[0] == self.question
        return self._random[1] if self._random is not None and known else None

    @property
    def curve(self) -> tuple[CurvePoint, ...] | None:
        """The curve of this order, scale and rows, once it is known."""
        known = self._curve is not None and self._curve[0] == self.question.line
        return self._curve[1] if self._curve is not None and known else None

    @property
    def neurons(self) -> tuple[int, ...]:
        """The neurons the newest question is about."""
        return tuple(self.ablation.neurons(self.question).tolist()) if self.ablation else ()

    def most(self, by: str) -> int:
        """Return how many neurons an order has."""
        return len(self.ablation.order(by)) if self.ablation else 0

    def open(self) -> None:
        """Open the feature cache."""
        self._opens.ask()

    def ask(self, question: Question) -> None:
        """Ask; the curve and the random neurons once the keys rest."""
        self.question = question
        self._answers.ask(question)
        if self._pause is not None:
            self._pause.stop()
        self._pause = self._screen.set_timer(PAUSE, self.ask_slowly)

    def ask_slowly(self) -> None:
        """Ask for the curve and the random neurons where they are not known."""
        if self.random is None:
            self._randoms.ask(self.question)
        if self.curve is None:
            self._curves.ask(self.question.line)

    def _open(self) -> tuple[InteractiveAblation, tuple[int, ...]]:
        cache = self._workspace.cache()
        if cache is None:
            raise StorageError("The images are not read yet; the list of classes does that once.")
        selected = self._begin or self._workspace.selected(self.class_index)
        listed = check_neurons(selected, cache.meta.width).tolist()
        return InteractiveAblation(cache, self.class_index), tuple(listed)

    def _opened(self, found: tuple[InteractiveAblation, tuple[int, ...]]) -> None:
        self.ablation, self.listed = found
        self._then_opened()

    def _weigh(self, question: Question) -> Answer:
        assert self.ablation is not None  # nothing is asked before
        return self.ablation.answer(question)

    def _answered(self, answer: Answer) -> None:
        self.answer = answer
        self._then_answered(answer)

    def _draw(self, question: Question) -> tuple[Question, Outcome]:
        assert self.ablation is not None
        return question, self.ablation.random(question)

    def _drew(self, found: tuple[Question, Outcome]) -> None:
        self._random = found
        self._then_told()

    def _trace(self, line: Line) -> tuple[Line, tuple[CurvePoint, ...]]:
        assert self.ablation is not None
        return line, self.ablation.curve(*line)

    def _traced(self, found: tuple[Line, tuple[CurvePoint, ...]]) -> None:
        self._curve = found
        self._then_told()
