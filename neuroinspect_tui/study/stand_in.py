"""CLIP in a person's place: it takes the image that is more like what explains the neuron."""

import base64
import binascii
from collections.abc import Sequence
from functools import partial

from PIL import Image

from engine.data.images import decode
from engine.schema.arrays import Array
from engine.schema.errors import DataError
from neuroinspect_tui.study.records import Answer, Answers, Quiz

PREFIX = "data:image/webp;base64,"


def openers(quiz: Quiz) -> list[partial[Image.Image]]:
    """Return what opens each picture of a quiz; it raises DataError where it cannot be read."""
    return [partial(_picture, address) for address in quiz.pictures]


def _picture(address: str) -> Image.Image:
    if not address.startswith(PREFIX):
        raise DataError("A picture of the quiz is no WebP.")
    try:
        content = base64.b64decode(address.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise DataError(f"A picture of the quiz is damaged: {error}.") from error
    return decode(content)


def answer(quiz: Quiz, embedded: Array, name: str) -> Answers:
    """Answer every question in every condition that shows something.

    Of the two images, that with the larger mean cosine with the pictures that are shown; the left
    one where both are equally like them.

    Args:
        quiz: The questions.
        embedded: (pictures, E), of length 1.
        name: Which CLIP it is.
    """
    answers = [
        Answer(
            question=number,
            condition=condition,
            choice="left"
            if _likeness(embedded, question.left, shown)
            >= _likeness(embedded, question.right, shown)
            else "right",
        )
        for number, question in enumerate(quiz.questions)
        for condition, shown in question.shown.items()
        if shown
    ]
    return Answers(quiz=quiz.id, observer="CLIP", stand_in=name, answers=tuple(answers))


def _likeness(embedded: Array, image: int, shown: Sequence[int]) -> float:
    return float((embedded[list(shown)] @ embedded[image]).mean())
