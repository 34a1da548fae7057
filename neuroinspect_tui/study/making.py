"""A quiz and its key, put together and written: both whole, or neither."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.features.cache import FeatureCache
from engine.io.atomic import key_of, write_json, write_text
from engine.schema.errors import EngineError, RequestError
from neuroinspect_tui.study.conditions import CONDITIONS
from neuroinspect_tui.study.design import Pair, draw_forms, draw_sides
from neuroinspect_tui.study.material import address_of
from neuroinspect_tui.study.page import page
from neuroinspect_tui.study.records import Key, Question, Quiz, Side, Solution


@dataclass(frozen=True)
class Made:
    """A quiz with its key."""

    quiz: Quiz
    key: Key


def put_together(
    cache: FeatureCache,
    pairs: Sequence[Pair],
    shown: Mapping[str, Mapping[int, tuple[str, ...]]],
    seed: int,
    made_from: Mapping[str, str],
) -> Made:
    """Return a quiz without answers, and its answers.

    Args:
        cache: Of the evaluation split.
        pairs: The questions.
        shown: By condition and neuron, what explains it, as `explained` returns it.
        seed: Of sides, forms, and the order in which the page stores its pictures.
        made_from: What the key is to say of the quiz's origin.

    Raises:
        DataError: An image cannot be read.
    """
    conditions = list(shown)
    lefts = draw_sides(len(pairs), seed)
    rows = sorted({row for pair in pairs for row in (pair.goes, pair.does_not)})
    of_row = {row: address_of(cache, row) for row in rows}
    used = [
        *of_row.values(),
        *(one for by in shown.values() for some in by.values() for one in some),
    ]
    distinct = list(dict.fromkeys(used))
    order = np.random.default_rng((109, seed)).permutation(len(distinct))
    pictures = tuple(distinct[at] for at in order)
    place = {address: at for at, address in enumerate(pictures)}
    questions, solutions = [], []
    for pair, left in zip(pairs, lefts, strict=True):
        goes, does_not = (place[of_row[row]] for row in (pair.goes, pair.does_not))
        explained = {
            name: tuple(place[one] for one in shown[name][pair.neuron]) for name in conditions
        }
        questions.append(
            Question(
                class_name=cache.classes[pair.class_index],
                left=goes if left else does_not,
                right=does_not if left else goes,
                shown=explained,
            )
        )
        solutions.append(_solution(cache, pair, "left" if left else "right"))
    forms = draw_forms(pairs, conditions, seed)
    content = (pictures, questions, forms)
    quiz = Quiz(
        id=key_of(content, 16),
        hints={name: CONDITIONS[name].hint for name in conditions},
        pictures=pictures,
        questions=tuple(questions),
        forms=forms,
    )
    key = Key(
        quiz=quiz.id,
        conditions=tuple(conditions),
        solutions=tuple(solutions),
        forms=forms,
        made_from=dict(made_from),
    )
    return Made(quiz, key)


def _solution(cache: FeatureCache, pair: Pair, side: Side) -> Solution:
    more, less = pair.activations
    return Solution(
        side=side,
        neuron=pair.neuron,
        class_name=cache.classes[pair.class_index],
        goes=cache.path(pair.goes),
        does_not=cache.path(pair.does_not),
        goes_activation=more,
        does_not_activation=less,
    )


def check_new(*files: Path) -> None:
    """Refuse files that are there already.

    Raises:
        RequestError: One is.
    """
    for file in files:
        if file.exists():
            raise RequestError(f"{file} exists already; name a new file.")


def write(made: Made, out: Path, key: Path) -> None:
    """Write the page and the key.

    Raises:
        StorageError: One cannot be written; then neither is there.
    """
    write_json(key, made.key)
    try:
        write_text(out, page(made.quiz))
    except EngineError:
        key.unlink(missing_ok=True)
        raise
