from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from engine.words.longer import without_longer
from engine.words.naming_mistakes import name_all, name_mistakes
from engine.words.separating import effects
from tests.engine.words.planted import space


def test_what_its_mistakes_look_like_is_found_and_what_the_others_do():
    found = name_mistakes(space(), 0)
    assert found.looks_like[0] == "land"
    assert found.others_like[0] == "water"
    assert found.why_not == ""
    assert found.mistakes == 20
    assert found.right == 100
    assert all(word.p <= 0.05 for word in found.words)
    strengths = [abs(word.effect) for word in found.words]
    assert strengths == sorted(strengths, reverse=True)


def test_effect_is_in_standard_deviations_within_the_class():
    rng = np.random.default_rng(0)
    cosines, wrong = rng.normal(size=(50, 3)), np.arange(50) < 12
    cosines[:, 1] = cosines[:, 1] / cosines[:, 1].std() * 2  # varies most: the floor is below it
    cosines[wrong, 1] += 1
    found = effects(cosines, wrong)
    one = cosines[:, 1]
    assert found.effect[1] == pytest.approx(
        (one[wrong].mean() - one[~wrong].mean()) / one.std(), rel=1e-3
    )
    assert found.difference[1] == pytest.approx(one[wrong].mean() - one[~wrong].mean(), rel=1e-3)


def test_effects_are_the_same_whichever_side_is_larger():
    rng = np.random.default_rng(0)
    cosines, wrong = rng.normal(size=(30, 5)), np.arange(30) < 8
    few, many = effects(cosines, wrong), effects(cosines, ~wrong)
    np.testing.assert_allclose(few.effect, -many.effect, atol=1e-5)
    np.testing.assert_array_equal(few.p, many.p)


def test_p_is_exact_where_all_deals_can_be_counted():
    """One mistake in ten images, the largest of all: one deal in ten is as extreme, or two."""
    cosines = np.array([9.0, *range(9)])[:, None] - 4
    wrong = np.arange(10) == 0
    p = effects(cosines, wrong, permutations=20_000).p[0]
    centred = np.abs(cosines[:, 0] - cosines.mean())
    assert p == pytest.approx((centred >= centred[0] - 1e-9).mean(), abs=0.01)


def test_labels_dealt_at_random_show_a_word_in_at_most_one_class_in_twenty():
    """Without the competence check, which would only hide more; words correlate as real ones do."""
    rng = np.random.default_rng(1)
    trials, shown = 400, 0
    axes = rng.normal(size=(8, 60))
    for trial in range(trials):
        n = int(rng.integers(12, 60))
        cosines = rng.normal(size=(n, 8)) @ axes + rng.standard_t(4, size=(n, 60))
        wrong = rng.permutation(n) < rng.integers(3, n // 2)
        shown += bool((effects(cosines, wrong, trial, 199).p <= 0.05).any())
    assert shown <= binom.ppf(0.999, trials, 0.05)
    assert shown >= binom.ppf(0.001, trials, 0.05)  # a test that never rejects is no test


def test_permuted_labels_show_no_words_over_all_classes():
    base = space(classes=tuple(f"class {i}" for i in range(40)), per_class=30, mistakes=6)
    rng = np.random.default_rng(2)
    predicted = base.labels.copy()
    for k in range(40):
        rows = rng.permutation(np.flatnonzero(base.labels == k))[:6]
        predicted[rows] = (k + 1) % 40
    dealt = replace(base, predicted=predicted)
    one_by_one = sum(bool(name_mistakes(dealt, k).words) for k in range(40))
    assert one_by_one <= binom.ppf(0.999, 40, 0.05)
    assert sum(bool(each.words) for each in name_all(dealt)) <= one_by_one


def test_over_all_classes_the_planted_words_are_found_in_each():
    base = space(classes=tuple(f"class {i}" for i in range(30)), per_class=30, mistakes=8)
    found = name_all(base)
    assert len(found) == 30
    assert sum("land" in each.looks_like for each in found) >= 27


def test_two_mistakes_show_no_word():
    found = name_mistakes(space(per_class=12, mistakes=1), 0)
    assert found.words == ()
    assert found.why_not == "no word separates this mistake"


def test_a_class_without_mistakes_or_without_right_images_says_so():
    one = space()
    assert name_mistakes(replace(one, predicted=one.labels), 0).why_not == "no mistakes to look at"
    none_right = replace(one, predicted=1 - one.labels)
    assert name_mistakes(none_right, 0).why_not == "no right images to compare with"


def test_a_confusion_looks_at_its_own_mistakes_only():
    base = space(classes=("finch", "gull", "owl"), mistakes=40)
    predicted = base.predicted.copy()
    wrong = np.flatnonzero((base.labels == 0) & (predicted != 0))
    predicted[wrong[:15]] = 2
    found = name_mistakes(replace(base, predicted=predicted), 0, other=2)
    assert found.mistakes == 15
    assert found.other.name == "owl"
    assert found.looks_like[0] == "land"


def test_names_of_classes_are_marked_and_no_cause():
    base = space()
    towards = base.images[base.predicted != base.labels].astype(float).mean(axis=0)
    texts = base.texts.copy()
    texts[2] = towards / np.linalg.norm(towards)  # the name of a class lies among the mistakes
    found = name_mistakes(replace(base, texts=texts), 0)
    [own] = [word for word in found.words if word.word == "finch"]
    assert own.is_class
    assert "finch" not in found.looks_like


def test_a_longer_word_that_holds_a_shorter_one_is_left_out():
    base = space()
    words = ("land", "water", *base.words[2:4], "land rover", *base.words[5:])
    texts = base.texts.copy()
    texts[4] = texts[0] + 0.1 * texts[4]
    texts[4] /= np.linalg.norm(texts[4])
    found = name_mistakes(replace(base, words=words, texts=texts), 0)
    assert "land" in found.looks_like
    assert "land rover" not in found.looks_like


def test_rows_limit_what_is_looked_at():
    base = space()
    half = base.among(np.arange(0, len(base.labels), 2))
    assert name_mistakes(half, 0).mistakes == 10


@pytest.mark.parametrize(
    ("shorter", "longer", "left_out"),
    [("sea", "sea lion", True), ("land", "Grassland", True), ("sea", "disease", False),
     ("ant", "Dandie Dinmont", False), ("land", "land", False)],
)  # fmt: skip
def test_what_counts_as_holding_a_word(shorter, longer, left_out):
    words, difference = (shorter, longer), np.array([0.8, 1.0])
    kept = without_longer(np.arange(2), words, difference)
    assert (1 not in kept) == left_out
    assert 1 in without_longer(np.arange(2), words, np.array([0.5, 1.0]))
    assert 1 in without_longer(np.arange(2), words, np.array([-0.8, 1.0]))
