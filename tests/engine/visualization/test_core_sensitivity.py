"""Core sensitivity: equal to its definition, from a drawing to a ranking."""

import numpy as np
import pytest

from engine.ablation.interactive import InteractiveAblation
from engine.attribution.evidence import gather
from engine.attribution.query import rank_neurons
from engine.attribution.ranking import order, rank
from engine.editing.planning import make_plan
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest, IllusionRequest, Source
from engine.session import TorchEngine
from engine.visualization.core_sensitivity import class_means, core_sensitivity
from tests.making import birds_cache, make_checkpoint, make_images


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return birds_cache(tmp_path_factory.mktemp("birds"))[0]


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_it_is_the_quotient_of_its_definition():
    rng = np.random.default_rng(0)
    means, drawn, masked = rng.random((30, 8)), rng.random(8), rng.random(8)
    kept = {c: cosine(masked, means[c]) / cosine(drawn, means[c]) for c in range(30)}
    alike = sorted(kept, key=lambda c: -cosine(drawn, means[c]))[:20]
    wanted = kept[3] / np.mean([kept[c] for c in alike])
    assert core_sensitivity(drawn, masked, means, 3) == pytest.approx(wanted)


def test_a_mask_that_leaves_only_what_another_class_has_is_low():
    means = np.array([[1.0, 0.2, 0.0], [0.0, 0.2, 1.0]])
    drawn, masked = np.array([1.0, 0.0, 1.0]), np.array([0.1, 0.0, 1.0])
    assert core_sensitivity(drawn, masked, means, 0) < 0.5
    assert core_sensitivity(drawn, masked, means, 1) > 1.5
    assert core_sensitivity(drawn, drawn, means, 0) == pytest.approx(1.0)


def test_where_a_likeness_is_not_positive_it_says_nothing():
    means = np.array([[1.0, 0.0], [0.0, 1.0], [np.nan, np.nan]])
    assert core_sensitivity(np.array([-1.0, 1.0]), np.array([1.0, 1.0]), means, 0) is None
    assert core_sensitivity(np.array([1.0, 1.0]), np.array([-1.0, 1.0]), means, 0) is None
    assert core_sensitivity(np.zeros(2), np.zeros(2), means, 0) is None
    assert core_sensitivity(np.ones(2), np.ones(2), means, 2) is None  # a class without images


def test_means_are_those_of_each_class(cache, monkeypatch):
    monkeypatch.setattr("engine.features.parts.ROWS_AT_ONCE", 100)
    wanted = [cache.features[cache.labels == k].mean(axis=0) for k in range(len(cache.classes))]
    assert class_means(cache) == pytest.approx(np.array(wanted), abs=1e-5)


def test_neurons_are_ranked_by_it_in_one_of_two_lists(cache):
    sensed = {7: 0.4, 11: 0.9, 20: 1.3}
    evidence = gather(cache, 1, core_sensitivity=sensed)
    assert order(evidence, "core-sensitivity").tolist() == [7, 11]
    found = rank(cache, evidence, by="core-sensitivity", top=200)
    listed = {some.neuron: some for some in (*found.insufficient, *found.excessive)}
    assert {j: some.score for j, some in listed.items()} == pytest.approx({7: 0.6, 11: 0.1})
    assert {j: some.core_sensitivity for j, some in listed.items()} == {7: 0.4, 11: 0.9}
    for some in found.excessive:
        assert cache.weight[0, some.neuron] > cache.weight[1, some.neuron]
    assert "Of 200 neurons, 3 were drawn" in found.note


def test_without_drawings_it_is_a_sentence_and_no_choice(cache):
    with pytest.raises(RequestError, match="draw some with `illusion`"):
        order(gather(cache, 0), "core-sensitivity")
    assert "core-sensitivity" not in InteractiveAblation(cache, 0).rankings
    with pytest.raises(RequestError, match="by --neuron"):
        make_plan(cache, EditRequest(classes=(0,), by="core-sensitivity"), tested=False)


def test_a_drawing_has_it_and_the_newest_one_ranks(tmp_path):
    data = make_images(tmp_path / "data")
    checkpoint = make_checkpoint(tmp_path / "model.pth")
    source = Source(model="test_resnet", checkpoint=str(checkpoint), data=str(data), device="cpu")
    engine = TorchEngine(source, tmp_path / "ws")
    job = engine.ready_cache("valid")
    while True:
        try:
            next(job)
        except StopIteration as stop:
            cache = stop.value
            break
    k = int(cache.labels[np.asarray(cache.array("mistake_rows"))[0]])
    folder = tmp_path / "ws" / "illusions"
    request = IllusionRequest(class_index=k, neurons=(0, 3), steps=8, size=64)
    *_, drawn = engine.illusion(request, str(folder))
    values = {some.neuron: some.core_sensitivity for some in drawn.illusions}
    assert all(value is None or value > 0 for value in values.values())
    known = {j: value for j, value in values.items() if value is not None}
    assert known
    found = rank_neurons(cache, k, by="contrast", top=200, seed=0, drawn=folder)
    listed = {some.neuron: some for some in (*found.insufficient, *found.excessive)}
    for j, some in listed.items():
        assert some.core_sensitivity == known.get(j)
