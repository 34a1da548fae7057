from dataclasses import replace

import numpy as np

from engine.words.competence import stands_out, zero_shot
from engine.words.naming_mistakes import examine, name_mistakes
from tests.engine.words.planted import space, unit


def test_a_clip_that_knows_nothing_shows_nothing():
    """Its words survive the permutation test all the same: the images do differ."""
    shown, survived = 0, 0
    for seed in range(20):
        blind = space(seed, knows=False)
        survived += bool((examine(blind, 0, None, 0).effects.p <= 0.05).any())
        found = name_mistakes(blind, 0)
        shown += bool(found.words)
        assert found.words or found.why_not
    assert survived == 20
    assert shown == 0


def test_a_clip_that_knows_the_classes_but_no_word_for_it_shows_nothing():
    shown = 0
    for seed in range(20):
        base = space(seed)
        texts = base.texts.copy()
        texts[:2] = unit(np.random.default_rng(100 + seed).normal(size=(2, texts.shape[1])))
        found = name_mistakes(replace(base, texts=texts), 0)
        shown += bool(found.looks_like or found.others_like)
        if not found.words:
            assert "does by luck" in found.why_not
    assert shown <= 4  # 1 in 20 a trial is allowed; 5 of 20 happens once in 400


def test_the_sentence_says_what_chance_is():
    rng = np.random.default_rng(0)
    known = zero_shot(
        unit(rng.normal(size=(400, 32))), np.repeat([0, 1], 200), unit(rng.normal(size=(2, 32))),
        unit(rng.normal(size=(200, 32))),
    )  # fmt: skip
    assert not known.known
    assert known.why_not.startswith("this CLIP does not know these classes: ")
    assert "for 50% by chance" in known.why_not


def test_names_that_do_no_better_than_random_words_are_not_known():
    """Two classes that lie far apart: any two texts tell them apart, half of them rightly."""
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], 100)
    images = unit(
        rng.normal(size=(200, 32)) * 0.1 + np.where(labels, 1, -1)[:, None] * np.eye(32)[0]
    )
    outcomes = [
        zero_shot(
            images, labels, unit(rng.normal(size=(2, 32))), unit(rng.normal(size=(200, 32))), s
        )
        for s in range(40)
    ]
    assert sum(known.low > 0.55 for known in outcomes) > 3  # an interval alone would believe them
    assert sum(known.known for known in outcomes) <= 6


def test_one_class_or_too_few_words_cannot_be_judged():
    images, names = np.eye(4), np.eye(4)
    assert zero_shot(images, np.zeros(4, int), names, np.eye(60, 4)) is None
    assert zero_shot(images, np.arange(4), names, np.eye(4)) is None


def test_words_by_luck_do_not_stand_out_and_one_that_does_is_seen():
    rng = np.random.default_rng(0)
    by_luck = [stands_out(rng.normal(size=800), rng.normal(size=800)).any() for _ in range(100)]
    assert sum(by_luck) <= 15
    assert stands_out(np.array([0.1, 9.0]), rng.normal(size=800)).tolist() == [False, True]
    assert not stands_out(np.array([9.0]), np.zeros(3)).any()  # nothing to compare with
