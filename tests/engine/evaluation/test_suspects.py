"""Suspect labels: as cleanlab finds them, and planted ones found."""

import numpy as np
import pytest
from cleanlab.filter import find_label_issues

from engine.evaluation.scores import mistakes, probabilities, score
from engine.evaluation.suspects import (
    count_suspects,
    disagreements,
    listed_of,
    suspects,
    with_suspects,
)
from tests.making import planted_cache


def noisy(n, classes, seed, share=0.1):
    """Logits, labels of which a share is of another class, and the rows of those."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, n)
    logits = rng.normal(0, 1.5, (n, classes)) + 4 * np.eye(classes)[true]
    swapped = rng.choice(n, round(share * n), replace=False)
    labels = true.copy()
    labels[swapped] = (labels[swapped] + rng.integers(1, classes, len(swapped))) % classes
    return logits, labels, swapped


@pytest.mark.parametrize(("n", "classes"), [(300, 2), (400, 3), (600, 40)])
@pytest.mark.parametrize("seed", range(3))
def test_suspects_are_cleanlabs(n, classes, seed):
    logits, labels, swapped = noisy(n, classes, seed)
    found = [row for row, _, _ in disagreements(logits, logits.argmax(axis=1), labels)]
    theirs = find_label_issues(
        labels, probabilities(logits), filter_by="confident_learning", n_jobs=1
    )
    assert sorted(found) == np.flatnonzero(theirs).tolist()
    assert len(np.intersect1d(found, swapped)) > len(swapped) / 2


def test_a_class_without_images_and_images_that_do_not_count():
    logits, labels, _ = noisy(400, 5, seed=4)
    kept = labels != 3
    labels[~kept] = -1  # as set aside: all that class 3 has
    found = disagreements(logits, logits.argmax(axis=1), labels)
    again = disagreements(logits[kept], logits[kept].argmax(axis=1), labels[kept])
    rows = np.flatnonzero(kept)
    assert found == [(rows[row], k, margin) for row, k, margin in again]
    assert found
    assert all(labels[row] >= 0 and k != 3 for row, k, _ in found)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Labels of a toy of four classes, of which 5% are swapped, and the rows of those."""
    logits, labels, swapped = noisy(1000, 4, seed=7, share=0.05)
    directory = tmp_path_factory.mktemp("suspects") / "features"
    return planted_cache(directory, logits, labels, np.eye(4), np.zeros(4)), swapped


def test_planted_labels_are_found(planted):
    cache, swapped = planted
    found = list(suspects(cache))
    hits = len(np.intersect1d(found, swapped))
    assert hits >= 0.5 * len(swapped)  # measured: 32 of 50
    wrong = cache.array("mistake_rows")
    by_all = len(np.intersect1d(wrong, swapped)) / len(wrong)  # the control: doubt every mistake
    assert hits / len(found) >= by_all + 0.2
    assert np.isin(found, wrong).all()
    assert len(found) < len(wrong)


def test_mistakes_are_marked_and_classes_count_them(planted):
    cache, _ = planted
    known = suspects(cache)
    scored = count_suspects(score(cache), cache)
    assert scored.suspects == len(known)
    for entry in scored.classes:
        marked = with_suspects(mistakes(cache, entry.index), cache)
        doubted = {m.path for m in marked.mistakes if m.suspect is not None}
        rows = [row for row in known if cache.labels[row] == entry.index]
        assert doubted == {cache.path(row) for row in rows}
        assert entry.suspects == len(rows)
    row, one = next(iter(known.items()))
    assert one.looks_like.index != cache.labels[row]
    assert -1 <= one.margin <= 1
    [listed] = listed_of(cache, [row])
    assert (listed.path, listed.split) == (cache.samples[row].path, "valid")
    assert listed.reason == f"looks like {one.looks_like.name}"


def test_what_is_set_aside_is_no_suspect(planted):
    cache, _ = planted
    gone = next(iter(suspects(cache)))
    assert gone not in suspects(cache.without(np.array([gone])))
