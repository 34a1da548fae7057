"""How often observers are right, by condition, with Wilson's intervals."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from engine.evaluation.scores import wilson
from neuroinspect_tui.study.conditions import CONDITIONS
from neuroinspect_tui.study.records import Answer, Answers, Key

PEOPLE = "people"


class Score(Struct, frozen=True, kw_only=True):
    """Right answers of all that were given."""

    condition: str
    """Its name; empty for all together."""
    title: str
    answered: int
    right: int
    accuracy: float | None
    """0 to 1; None where nothing was answered. Chance is .5."""
    ci: tuple[float, float] | None
    """Wilson's 95% interval, which takes answers as independent."""
    seconds: float | None
    """Median time of an answer."""


class ObserverScore(Struct, frozen=True, kw_only=True):
    """One observer, over all conditions."""

    observer: str
    stand_in: str | None
    form: int | None
    asked: int
    """Questions of the form; of a stand-in, all of them in every condition that shows something."""
    score: Score


class Scores(Struct, frozen=True, kw_only=True):
    """By who answered: `people`, or a stand-in. They are never added up."""

    quiz: str
    by: dict[str, tuple[Score, ...]]
    """A score a condition, then one of all together."""
    observers: tuple[ObserverScore, ...]
    forms: tuple[int, ...]
    """How many people answered each form."""


def score(given: Sequence[Answers], key: Key) -> Scores:
    """Score answers that `read_answers` has checked."""
    kinds = dict.fromkeys(one.stand_in or PEOPLE for one in given)
    by = {kind: _by_condition([a for a in given if (a.stand_in or PEOPLE) == kind], key)
          for kind in sorted(kinds, key=lambda kind: kind != PEOPLE)}  # fmt: skip
    people = [one.form for one in given if one.stand_in is None]
    return Scores(
        quiz=key.quiz,
        by=by,
        observers=tuple(
            ObserverScore(
                observer=one.observer,
                stand_in=one.stand_in,
                form=one.form,
                asked=_asked(one, key),
                score=_score("", one.answers, key),
            )
            for one in given
        ),
        forms=tuple(people.count(form) for form in range(1, len(key.forms) + 1)),
    )


def _asked(one: Answers, key: Key) -> int:
    if one.form is not None:
        return len(key.forms[one.form - 1])
    return len({(at, name) for form in key.forms for at, name in form if _shows(name)})


def _shows(name: str) -> bool:
    """Return whether a condition explains anything; else a stand-in has nothing to go by."""
    return name not in CONDITIONS or CONDITIONS[name].shows != "nothing"


def _by_condition(given: Sequence[Answers], key: Key) -> tuple[Score, ...]:
    answers = [answer for one in given for answer in one.answers]
    scores = [
        _score(name, [one for one in answers if one.condition == name], key)
        for name in key.conditions
    ]
    return (*scores, _score("", answers, key))


def _score(condition: str, answers: Iterable[Answer], key: Key) -> Score:
    listed = list(answers)
    right = sum(one.choice == key.solutions[one.question].side for one in listed)
    times = sorted(one.seconds for one in listed if one.seconds is not None)
    known = CONDITIONS.get(condition)
    return Score(
        condition=condition,
        title=known.title if known else condition or "all together",
        answered=len(listed),
        right=right,
        accuracy=right / len(listed) if listed else None,
        ci=wilson(right, len(listed)),
        seconds=times[len(times) // 2] if times else None,
    )
