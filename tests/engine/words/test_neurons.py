from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.cluster import KMeans

from engine.words.clarity import clarities, polysemanticities, two_clusters
from engine.words.competence import stands_out
from engine.words.dissection import correlation, evidence, log_mean, margin, top_rows
from engine.words.naming_neurons import name_neurons
from tests.engine.words.planted import space, unit


def finished(job):
    while True:
        try:
            next(job)
        except StopIteration as end:
            return end.value


def test_soft_wpmi_is_the_published_formula():
    rng = np.random.default_rng(0)
    images, texts = unit(rng.normal(size=(40, 8))), unit(rng.normal(size=(5, 8)))
    activations = rng.normal(size=(40, 6))
    found = np.concatenate(list(evidence(images, texts, top_rows(activations, 10))))
    p = np.exp(10 * images @ texts.T)
    p /= p.sum(axis=1, keepdims=True)
    expected = np.zeros((6, 5))
    for j in range(6):
        for i, row in enumerate(np.argsort(-activations[:, j])[:10]):
            surely = 0.998 - i / 10 * (0.998 - 0.97)
            expected[j] += np.log(1 + surely * (p[row] - 1) + 1e-7)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    mean = np.log(np.exp(expected).mean(axis=0))
    np.testing.assert_allclose(log_mean(found), mean, rtol=1e-4)


def test_top_rows_in_parts_are_those_of_a_whole_sort(monkeypatch):
    monkeypatch.setattr("engine.words.dissection.ROWS_AT_ONCE", 7)
    activations = np.random.default_rng(0).integers(0, 9, size=(50, 4)).astype(np.float32)
    expected = np.argsort(-activations, axis=0, kind="stable")[:5].T
    np.testing.assert_array_equal(top_rows(activations, 5), expected)
    assert top_rows(activations, 99).shape == (4, 50)


def test_parts_of_neurons_are_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    images, texts = unit(rng.normal(size=(40, 8))), unit(rng.normal(size=(5, 8)))
    tops = top_rows(rng.normal(size=(40, 6)), 10)
    [whole] = evidence(images, texts, tops)
    monkeypatch.setattr("engine.words.dissection.NUMBERS_AT_ONCE", 100)
    parts = list(evidence(images, texts, tops))
    assert len(parts) == 3
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_correlation_and_margin_are_numpys(monkeypatch):
    monkeypatch.setattr("engine.words.dissection.ROWS_AT_ONCE", 16)
    rng = np.random.default_rng(0)
    activations, images = rng.normal(size=(50, 3)), unit(rng.normal(size=(50, 8)))
    activations[:, 2] = 4  # never varies
    texts = unit(rng.normal(size=(4, 8)))
    cosines = images @ texts.T
    found = correlation(activations, cosines)
    for j in range(2):
        for w in range(4):
            assert found[j, w] == pytest.approx(np.corrcoef(activations[:, j], cosines[:, w])[0, 1])
    assert found[2].tolist() == [0, 0, 0, 0]
    expected = found[:, :1].max(axis=1) - found[:, 1:].max(axis=1)
    np.testing.assert_allclose(
        margin(activations, images, texts[:1], texts[1:]), expected, atol=1e-5
    )


def test_neurons_that_see_a_place_are_called_by_it_and_others_are_not():
    base = space(per_class=200, mistakes=100)
    rng = np.random.default_rng(0)
    axes = base.images.astype(float)
    activations = np.stack([axes[:, -2], axes[:, -1], *rng.normal(size=(200, 400))], axis=1)
    found = finished(name_neurons(base, activations))
    assert found.why_not == ""
    assert found.neurons[0].words[0].word == "land"
    assert found.neurons[1].words[0].word == "water"
    assert found.neurons[0].confidence > 0.99
    assert sum(bool(neuron.words) for neuron in found.neurons[2:]) <= binom.ppf(0.999, 200, 0.05)


def test_a_clip_that_knows_nothing_names_no_neuron():
    blind = space(knows=False, per_class=200, mistakes=100)
    activations = blind.images.astype(float)[:, -4:]
    found = finished(name_neurons(blind, activations))
    assert all(neuron.words == () for neuron in found.neurons)
    assert found.why_not.startswith("this CLIP does not know these classes")


def test_without_words_there_is_a_reason():
    base = space()
    bare = replace(base, words=(), texts=base.texts[:0], is_class=base.is_class[:0])
    assert finished(name_neurons(bare, np.zeros((240, 3)))).why_not == "no words to try"


def test_clarity_is_the_mean_cosine_of_pairs():
    several = np.random.default_rng(0).normal(size=(3, 7, 5))
    for rows, found in zip(several, clarities(several), strict=True):
        assert found == pytest.approx(((unit(rows) @ unit(rows).T).sum() - 7) / 42)
    assert clarities(np.ones((1, 4, 3))) == pytest.approx([1])


def some_kinds(apart):
    """Twenty neurons of 30 images that lean, by so much, towards one of two axes."""
    images = np.random.default_rng(0).normal(size=(20, 30, 16))
    return unit3(images + apart * np.eye(16)[np.arange(20 * 30).reshape(20, 30) % 2])


def unit3(images):
    return images / np.linalg.norm(images, axis=2, keepdims=True)


def published(images):
    """SemanticLens' own polysemanticity of (k, E), and the sum of squares of its clusters."""
    found = KMeans(n_clusters=2, n_init=10, random_state=123).fit(images)
    if np.bincount(found.labels_, minlength=2).min() >= 2:
        first, second = found.cluster_centers_
        others = [(first, second)]
    else:
        others = [(images.mean(axis=0), image) for image in images[:10]]
    cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in others]
    return 1 - np.mean(cosines), found.inertia_


def spread(images, second):
    return sum(
        ((images[half] - images[half].mean(axis=0)) ** 2).sum() for half in (second, ~second)
    )


def test_polysemanticity_is_the_published_one_where_there_are_two_kinds():
    images = some_kinds(apart=6)
    found = polysemanticities(images)
    assert found == pytest.approx([published(each)[0] for each in images], abs=1e-9)
    assert found.min() > 0.6


def test_the_clusters_are_as_tight_as_the_published_ones_where_there_are_none():
    images = some_kinds(apart=0)
    products = images @ images.transpose(0, 2, 1)
    tight = [spread(each, half) for each, half in zip(images, two_clusters(products), strict=True)]
    theirs = np.array([published(each)[1] for each in images])
    assert (tight / theirs).max() < 1.02
    assert (tight / theirs).mean() < 1.002
    differs = np.abs(polysemanticities(images) - [published(each)[0] for each in images])
    assert np.median(differs) < 0.1  # of some .9: where nothing divides images, any halves do


def test_polysemanticity_of_one_kind_a_lone_image_and_the_same_images():
    rng = np.random.default_rng(0)
    one = np.eye(16)[0] + 0.1 * rng.normal(size=(30, 16))
    assert polysemanticities(one[None])[0] < 0.1
    lone = np.concatenate([one[:29], -one[29:]])
    assert polysemanticities(lone[None])[0] == pytest.approx(published(lone)[0])
    assert polysemanticities(np.ones((2, 5, 4))).tolist() == [0, 0]
    assert polysemanticities(np.zeros((1, 5, 4))).tolist() == [0]
    two = np.stack([np.eye(4)[0], np.eye(4)[1]])[None]
    assert np.isfinite(polysemanticities(two)).all()


def test_neurons_at_once_stand_out_as_one_by_one():
    rng = np.random.default_rng(0)
    differences, reference = rng.standard_t(2, (7, 300)), rng.normal(size=(7, 200))
    found = stands_out(differences, reference)
    assert found.any()
    for row in range(7):
        np.testing.assert_array_equal(found[row], stands_out(differences[row], reference[row]))
    assert not stands_out(differences, reference[:, :10]).any()
