"""Answers: what is right is counted, and what does not fit the quiz is refused."""

import json

import numpy as np
import pytest

from engine.evaluation.scores import wilson
from engine.io.atomic import write_json
from engine.schema.errors import DataError
from neuroinspect_tui.study.reading import read_answers, read_key
from neuroinspect_tui.study.records import Answer, Answers, Key, Question, Quiz, Solution
from neuroinspect_tui.study.scoring import PEOPLE, score
from neuroinspect_tui.study.stand_in import answer

SIDES = ("left", "right", "right", "left")
FORMS = (
    ((0, "none"), (1, "images"), (2, "none"), (3, "images")),
    ((3, "none"), (2, "images"), (1, "none"), (0, "images")),
)


def key():
    solutions = [
        Solution(side=side, neuron=at, class_name="a", goes="g.png", does_not="d.png",
                 goes_activation=1.0, does_not_activation=0.0)
        for at, side in enumerate(SIDES)
    ]  # fmt: skip
    return Key(quiz="q1", conditions=("none", "images"), solutions=tuple(solutions), forms=FORMS,
               made_from={})  # fmt: skip


def given(observer, asked, choices, **fields):
    answers = tuple(
        Answer(question=at, condition=condition, choice=choice, seconds=2.0 + place)
        for place, ((at, condition), choice) in enumerate(
            zip(FORMS[asked - 1], choices, strict=False)
        )
    )
    said = {"quiz": "q1", "observer": observer, "form": asked, "answers": answers}
    return Answers(**said | fields)


@pytest.fixture
def read(tmp_path):
    def reading(*several):
        paths = [tmp_path / f"{number}.json" for number in range(len(several))]
        for path, one in zip(paths, several, strict=True):
            write_json(path, one)
        return read_answers(paths, key())

    return reading


def test_right_answers_are_counted_by_condition(read):
    first = given("anna", 1, ["left", "right", "left", "left"])  # none 1 of 2, images 2 of 2
    second = given("ben", 2, ["left", "left"])  # none 1 of 1, images 0 of 1
    found = score(read(first, second), key())
    none, images, together = found.by[PEOPLE]
    assert (none.condition, none.answered, none.right) == ("none", 3, 2)
    assert (images.answered, images.right, images.accuracy) == (3, 2, pytest.approx(2 / 3))
    assert (together.answered, together.right, together.ci) == (6, 4, wilson(4, 6))
    assert none.title == "no explanation (control)"
    assert none.seconds == 2.0
    assert [(one.observer, one.asked, one.score.answered) for one in found.observers] == [
        ("anna", 4, 4), ("ben", 4, 2),
    ]  # fmt: skip
    assert found.forms == (1, 1)


def test_a_stand_in_is_never_added_to_people(read):
    clip = Answers(
        quiz="q1", observer="CLIP", stand_in="CLIP x",
        answers=tuple(Answer(question=at, condition="images", choice=SIDES[at]) for at in range(4)),
    )  # fmt: skip
    found = score(read(given("anna", 1, ["right"] * 4), clip), key())
    assert list(found.by) == [PEOPLE, "CLIP x"]
    assert found.by[PEOPLE][-1].answered == 4
    assert found.by[PEOPLE][-1].right == 2
    assert [one.answered for one in found.by["CLIP x"]] == [0, 4, 4]
    assert found.by["CLIP x"][0].accuracy is None
    assert found.observers[1].asked == 4
    assert found.forms == (1, 0)


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (given("a", 1, ["left"], quiz="q2"), "answers the quiz q2, the key is of q1"),
        (given("a", 1, ["left"], form=3), "answers form 3; the quiz has 2"),
        (given("a", 1, ["left"], form=None), "does not say which form"),
        (given("a", 2, ["left"], form=1), "question 3 with condition 'none', which its form"),
        (
            given("a", 1, [], answers=(Answer(question=0, condition="none", choice="left"),) * 2),
            "answers question 0 2 times",
        ),
        (
            given("a", 1, [], answers=(Answer(question=9, condition="none", choice="left"),)),
            "question 9",
        ),
    ],
)
def test_answers_that_do_not_fit_are_refused(read, one, why):
    with pytest.raises(DataError, match=why):
        read(one)


def test_an_observer_answers_once(read):
    twice = [given("anna", form, ["left"] * 4) for form in (1, 2)]
    with pytest.raises(DataError, match="is of anna, whose answers another file has"):
        read(*twice)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"observer"', '"watcher"'),
        lambda text: text.replace('"left"', '"middle"'),
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: json.dumps(json.loads(text) | {"more": 1}),
        lambda text: text.replace('"seconds": 2.0', '"seconds": -2.0'),
        lambda text: "[" * 100_000,
        lambda text: "\x00\xff",
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path, spoil):
    path = tmp_path / "a.json"
    write_json(path, given("anna", 1, ["left"] * 4))
    path.write_text(spoil(path.read_text()), encoding="latin-1")
    with pytest.raises(DataError, match="is not answers to a quiz"):
        read_answers([path], key())


def test_a_missing_key_and_one_of_another_shape_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"Cannot read .*No such file"):
        read_key(tmp_path / "none.json")
    write_json(tmp_path / "key.json", key())
    assert read_key(tmp_path / "key.json") == key()
    text = (tmp_path / "key.json").read_text().replace('"none",\n  "images"', '"none"')
    (tmp_path / "key.json").write_text(text)
    with pytest.raises(DataError, match="asks what it has no answer to"):
        read_key(tmp_path / "key.json")


def test_clip_takes_the_image_that_is_more_like_what_is_shown():
    embedded = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, 0.6]])
    questions = (
        Question(class_name="a", left=0, right=1, shown={"none": (), "images": (2, 3)}),
        Question(class_name="a", left=0, right=1, shown={"none": (), "images": (2,)}),
        Question(class_name="a", left=1, right=0, shown={"none": (), "images": (3,)}),
    )
    quiz = Quiz(id="q1", hints={}, pictures=("",) * 4, questions=questions, forms=())
    found = answer(quiz, embedded, "CLIP x")
    assert [(one.question, one.condition, one.choice) for one in found.answers] == [
        (0, "images", "left"), (1, "images", "right"), (2, "images", "right"),
    ]  # fmt: skip
    assert (found.stand_in, found.form) == ("CLIP x", None)
