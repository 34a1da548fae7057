import numpy as np
import pytest

from engine.clip.image_features import ClipFeatures
from engine.schema.errors import RequestError
from engine.words.search import (
    best,
    correlations,
    cosines,
    find_images,
    image_likeness,
    neuron_likeness,
)
from tests.making import planted_cache

N, WIDTH, E = 400, 30, 8
SEA = np.eye(E)[0].astype(np.float32)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Half of the images show the sea; neuron 7 activates on it, neuron 8 never changes."""
    rng = np.random.default_rng(0)
    sea = np.arange(N) % 2 == 0
    features = rng.normal(1, 1, (N, WIDTH))
    features[:, 7] += 3 * sea
    features[:, 8] = 0.7
    labels = (np.arange(N) // 200).astype(int)
    head = rng.normal(0, 1, (2, WIDTH)), np.zeros(2)
    cache = planted_cache(tmp_path_factory.mktemp("p") / "c", features, labels, *head)
    shown = rng.normal(0, 0.1, (N, E))
    shown[:, 0] += 2 * sea
    shown[:, 1] += 2 * ~sea
    shown /= np.linalg.norm(shown, axis=1, keepdims=True)
    rows = np.delete(np.arange(N), [0, 5])
    return cache, ClipFeatures(rows, shown[rows].astype(np.float16), False, "some"), sea


def test_the_images_of_a_text_come_first(planted):
    cache, clip, sea = planted
    found = find_images(cache, clip, SEA, top=100)
    rows = [int(image.image.split("/")[-1].removesuffix(".png")) for image in found]
    assert sea[rows].all()
    assert 0 not in rows
    scores = [image.score for image in found]
    assert scores == sorted(scores, reverse=True)
    assert 0.9 < scores[0] <= 1.001
    assert found[0].class_ == cache.classes[cache.labels[rows[0]]]
    assert found[0].predicted == cache.classes[cache.predicted[rows[0]]]


def test_a_class_and_the_image_itself(planted):
    cache, clip, _ = planted
    found = find_images(cache, clip, SEA, top=N, class_index=1)
    assert len(found) == 200
    assert {image.class_ for image in found} == {"class 1"}
    first = int(found[0].image.split("/")[-1].removesuffix(".png"))
    without = find_images(cache, clip, SEA, top=N, class_index=1, but=first)
    assert [image.image for image in without] == [image.image for image in found[1:]]


def test_images_without_a_feature_have_no_score(planted):
    cache, clip, _ = planted
    scores = image_likeness(cache, clip, SEA)
    assert np.flatnonzero(np.isnan(scores)).tolist() == [0, 5]
    assert np.allclose(scores[clip.rows], cosines(clip, SEA))
    assert len(best(scores, 10_000)) == N - 2


def test_the_neuron_that_goes_with_a_text_is_found(planted):
    cache, clip, _ = planted
    found = neuron_likeness(cache, clip, SEA)
    assert found.images == N - 2
    assert best(found.scores, 1).tolist() == [7]
    assert found.scores[7] > 0.7
    assert np.isnan(found.scores[8])
    assert 8 not in best(found.scores, WIDTH)
    others = np.delete(found.scores, [7, 8])
    assert np.abs(others).max() < found.chance + 0.05
    assert 0.1 < found.chance < 0.25
    expected = np.corrcoef(cache.features[clip.rows, 3], cosines(clip, SEA))[0, 1]
    assert found.scores[3] == pytest.approx(expected, abs=1e-6)
    assert neuron_likeness(cache, clip, SEA, 1).images == 200


def test_chance_is_what_unrelated_neurons_reach():
    rng = np.random.default_rng(0)
    features, rows = rng.normal(0, 1, (100, 40)), np.arange(100)
    over = [
        correlations(features, rows, rng.normal(0, 1, 100)).max() > 0.3037  # as for D=40, n=100
        for _ in range(400)
    ]
    assert 0.02 < np.mean(over) < 0.09


def test_too_few_images_are_refused(planted):
    cache, clip, _ = planted
    few = ClipFeatures(clip.rows[:9], clip.features[:9], False, "few")
    with pytest.raises(RequestError, match="There are 9 images to correlate"):
        neuron_likeness(cache, few, SEA)


def test_features_kept_in_memory_and_read_in_parts_give_the_same_cosines(planted, monkeypatch):
    _, clip, _ = planted
    kept = cosines(clip, SEA)
    monkeypatch.setattr("engine.words.search.NUMBERS_KEPT", 0)
    monkeypatch.setattr("engine.words.search.ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(cosines(clip, SEA), kept, atol=1e-6)


@pytest.mark.parametrize("rows", [np.arange(300), np.delete(np.arange(300), [3, 100, 200])])
@pytest.mark.parametrize("at_once", [50, 4096])
def test_correlations_in_one_pass_are_numpys(rows, at_once, monkeypatch):
    monkeypatch.setattr("engine.words.search.ROWS_AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (300, 5)).astype(np.float32)
    features[:, 1] += 1000  # far from 0, where a sum of squares alone would lose it
    features[:60, 2] = 0  # constant in the first part, from whose mean differences are taken
    features[:, 3] = 0.7
    features[250:, 4] += 50  # sorted by class
    values = rng.normal(size=len(rows)) + features[rows, 0]
    found = correlations(features, rows, values)
    for j in (0, 1, 2, 4):
        expected = np.corrcoef(features[rows, j].astype(float), values)[0, 1]
        assert found[j] == pytest.approx(expected, abs=1e-9)
    assert np.isnan(found[3])
