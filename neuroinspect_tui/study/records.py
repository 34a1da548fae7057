"""What the quiz, its key and its answers are, as JSON. Strict: an unknown field is an error."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Side = Literal["left", "right"]
Name = Annotated[str, Meta(max_length=200)]
Count = Annotated[int, Meta(ge=0, le=100_000)]


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two pictures, one of which goes with a neuron. Pictures are places in `Quiz.pictures`."""

    class_name: str
    """That both pictures are of."""
    left: Count
    right: Count
    shown: dict[Name, tuple[Count, ...]]
    """By condition, the pictures that explain the neuron."""


class Quiz(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the page knows. It has no answers, and no names of files or neurons."""

    format: Literal[1] = 1
    id: Name
    hints: dict[Name, str]
    """By condition."""
    pictures: tuple[str, ...]
    """`data:` addresses, in random order."""
    questions: tuple[Question, ...]
    forms: tuple[tuple[tuple[Count, Name], ...], ...]
    """By form, (question, condition) in the order in which they are asked."""


class Solution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The right answer to a question, and what it is about."""

    side: Side
    neuron: Count
    class_name: str
    goes: str
    """The image that the neuron activates for."""
    does_not: str
    goes_activation: float
    does_not_activation: float


class Key(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The right answers, kept apart from the quiz."""

    format: Literal[1] = 1
    quiz: Name
    conditions: tuple[Name, ...]
    solutions: tuple[Solution, ...]
    """By question."""
    forms: tuple[tuple[tuple[Count, Name], ...], ...]
    made_from: dict[str, str]
    """The weights, the split, the seed, the CLIP that guided drawings."""


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an observer chose."""

    question: Count
    condition: Name
    choice: Side
    seconds: Annotated[float, Meta(ge=0, le=1e7)] | None = None
    """From seeing the question to the answer; None for a stand-in."""


class Answers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One observer's answers: the file that the page saves."""

    format: Literal[1] = 1
    quiz: Name
    observer: Annotated[str, Meta(min_length=1, max_length=200)]
    form: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Which order of questions, from 1; None for a stand-in, who answers all of them."""
    stand_in: Annotated[str, Meta(max_length=1000)] | None = None
    """What answered in a person's place, such as a CLIP; None for a person."""
    answers: tuple[Answer, ...]
