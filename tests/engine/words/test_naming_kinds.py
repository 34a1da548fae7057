"""Words for kinds of images that were found, and whether CLIP knows a text at all."""

from dataclasses import replace

import numpy as np
import pytest

from engine.grouping.finding import Found, Kinds
from engine.words.known import known_classes, why_unknown, why_unknown_texts
from engine.words.naming_kinds import name_kinds
from tests.engine.words.planted import WIDTH, space, unit

VALUES = ("like its mistakes", "like the others")


def found_in(words, classes):
    """Kinds of some classes, as a rule that nobody applies here."""
    kinds = tuple(
        Kinds(index=k, name=words.classes[k], mistakes=20, images=120,
              why_not="" if k in classes else "too few mistakes to group (0)")
        for k in range(len(words.classes))
    )  # fmt: skip
    cuts = {k: (np.zeros(WIDTH), 0.0) for k in classes}
    return Found(VALUES, "clip", np.zeros(WIDTH), np.ones(WIDTH), cuts, kinds)


def by_place(words):
    """The true kind of each image: its mistakes lie on land."""
    return [VALUES[0 if wrong else 1] for wrong in words.labels != words.predicted]


def test_both_kinds_are_called_by_what_they_show():
    words = space()
    found = name_kinds(words, found_in(words, [0]), by_place(words))
    named, other = found.kinds
    assert named.words[VALUES[0]][0] == "land"
    assert named.words[VALUES[1]][0] == "water"
    assert not {"finch", "gull"} & {w for side in named.words.values() for w in side}
    assert named.in_words == "finch  like its mistakes: land | like the others: water"
    assert not other.words
    assert not other.no_words


def test_only_the_images_that_may_be_looked_at_count():
    words = space()
    values = by_place(words)
    some = np.flatnonzero(np.arange(len(values)) % 2 == 0)
    swapped = [
        value if row in some else VALUES[value == VALUES[0]] for row, value in enumerate(values)
    ]
    one, other = (
        name_kinds(words.among(some), found_in(words, [0, 1]), given).kinds
        for given in (values, swapped)
    )
    assert one == other
    assert one[0].words[VALUES[0]][0] == "land"


@pytest.mark.parametrize("seed", range(4))
def test_a_clip_that_knows_nothing_has_no_word_and_says_so(seed):
    words = space(seed, knows=False)
    for kind in name_kinds(words, found_in(words, [0, 1]), by_place(words)).kinds:
        assert not kind.words
        assert "this CLIP does not know these classes" in kind.no_words
        assert kind.in_words.startswith(f"{kind.name}: groups found; this CLIP")


def test_kinds_cut_along_a_line_of_no_meaning_get_hardly_ever_a_word():
    """Cut in CLIP's own space, almost every word passes the permutation test."""
    named = 0
    for seed in range(20):
        words = space(seed, place=0)
        line = np.random.default_rng(seed).normal(size=WIDTH)
        line[:2] = line[-2:] = 0
        along = np.asarray(words.images, dtype=float) @ line
        values = [VALUES[0 if high else 1] for high in along > np.median(along)]
        kinds = name_kinds(words, found_in(words, [0]), values).kinds
        named += bool(kinds[0].words)
        assert kinds[0].words or "no word" in kinds[0].no_words
    assert named <= 3


def test_kinds_without_images_here_are_said():
    words = space()
    [kind, _] = name_kinds(words, found_in(words, [0]), [VALUES[0]] * len(words.labels)).kinds
    assert kind.no_words == "all images looked at are of one kind"


def texts_of(words, *names):
    return words.texts[[words.words.index(name) for name in names]]


def test_texts_that_clip_knows_move_and_others_hardly_do():
    words = space()
    rng = np.random.default_rng(3)
    still = unit(40 * np.eye(WIDTH)[10] + rng.normal(size=(400, WIDTH)))  # never learned
    words = replace(words, reference=still)
    assert not why_unknown_texts(words, texts_of(words, "land", "water"), ("land", "water"), 0)
    assert not why_unknown_texts(words, texts_of(words, "land"), ("land",), 0)
    pairs = [
        why_unknown_texts(words, still[at : at + 2], ("zorb", "blick"), 0)
        for at in range(0, 100, 2)
    ]
    assert sum(not why for why in pairs) <= 6  # of 50: one in twenty by luck
    assert all("does not know “zorb” and “blick”" in why for why in pairs if why)
    alone = [why_unknown_texts(words, still[at : at + 1], ("zorb",), 0) for at in range(50)]
    assert sum(not why for why in alone) <= 6


def test_where_most_words_are_known_a_word_need_not_beat_them():
    words = space()
    moving = unit(np.random.default_rng(4).normal(size=(400, WIDTH)) + 6 * np.eye(WIDTH)[:1])
    known = replace(words, reference=moving)
    assert not why_unknown(known_classes(known, 0))
    assert not why_unknown_texts(known, texts_of(words, "land", "water"), ("land", "water"), 0)


def test_where_the_classes_are_not_known_a_text_must_beat_random_words():
    words = space(knows=False)
    pairs = [
        why_unknown_texts(words, words.reference[at : at + 2], ("zorb", "blick"), 0)
        for at in range(0, 100, 2)
    ]
    assert sum(not why for why in pairs) <= 6  # of 50
    assert all("this CLIP does not know these classes" in why for why in pairs if why)
    true = np.eye(WIDTH)[-2:]  # the places, which move more than all
    assert not why_unknown_texts(words, true, ("a", "b"), 0)
    few = replace(words, reference=words.reference[:10])
    assert "cannot be tried" in why_unknown_texts(few, true, ("a", "b"), 0)
    assert "cannot be tried on these classes" in why_unknown(known_classes(few, 0))


@pytest.mark.parametrize("knows", [True, False])
def test_classes_that_nearly_all_lie_on_their_own_place_are_known_all_the_same(knows):
    """Finches on water but for a few, gulls on land: random words that know places do as well."""
    rng, axes = np.random.default_rng(0), np.eye(WIDTH)
    labels = np.repeat([0, 1], 200)
    minority = np.arange(400) % 200 < 12
    land = (labels == 1) ^ minority
    images = rng.normal(size=(400, WIDTH)) + 1.4 * axes[labels] + 9 * axes[np.where(land, -2, -1)]
    words = space(words=400)
    some = 8.0 * (rng.random(400) < 0.25)  # of the words, places
    mixed = unit(rng.normal(size=(400, WIDTH)) + some[:, None] * axes[rng.integers(-2, 0, 400)])
    names = axes[:2] if knows else unit(rng.normal(size=(2, WIDTH)) + 4 * axes[[-1, -2]])
    words = replace(
        words, rows=np.arange(400), images=unit(images), labels=labels,
        predicted=np.where(land, 1, 0), class_texts=names, reference=mixed,
    )  # fmt: skip
    values = np.where(minority, VALUES[0], VALUES[1])
    if knows:  # else the names tell the places, and with them the classes, nearly always
        assert "words reach" in why_unknown(known_classes(words, 0))
    kinds = name_kinds(words, found_in(words, [0, 1]), values.tolist()).kinds
    assert all(bool(kind.words) == knows for kind in kinds)
    if knows:
        assert kinds[0].words[VALUES[0]][0] == "land"
        assert kinds[1].words[VALUES[0]][0] == "water"
