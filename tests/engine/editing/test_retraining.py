"""Retraining on the selection images, as a method, as a control, and in NeuronTune and AFR."""

import numpy as np
import pytest
import torch

from engine.editing.heads import EDIT, ORIGINAL, RETRAIN, Head
from engine.editing.methods.afr import STEPS, weights
from engine.editing.methods.neurontune import biased_neurons
from engine.editing.planning import make_plan
from engine.editing.retraining import NEVER, balanced
from engine.editing.run import Caches, edit
from engine.editing.store import read_head
from engine.features.halves import two_halves
from engine.schema.edits import Edit, EditEpoch
from engine.schema.errors import RequestError
from engine.schema.requests import EditRequest
from tests.making import BIRD_GROUPS, biased_birds_caches, birds_cache, planted_cache


@pytest.fixture(scope="module")
def balanced_birds(tmp_path_factory):
    """Half of the evaluation images are of the rarer kinds."""
    return birds_cache(tmp_path_factory.mktemp("birds"))[0]


@pytest.fixture(scope="module")
def biased_birds(tmp_path_factory):
    """The evaluation images are as biased as the training images; the test split is not."""
    valid, test = biased_birds_caches(tmp_path_factory.mktemp("biased"), 600)
    return Caches(valid, [], test)


def run(caches, root, **asked):
    asked = {"classes": (0, 1), "seeds": 2} | asked
    *records, record = edit(caches, EditRequest(**asked), root, torch.device("cpu"))
    assert isinstance(record, Edit)
    return records, record


def worst(record):
    return {some.name: some.worst_group.mean for some in record.variants}


def test_both_halves_have_every_class():
    labels = np.array([0] * 7 + [1] * 4 + [2])
    rows = np.arange(12)
    first, second = two_halves(labels, rows, np.random.default_rng(0))
    assert sorted([*first, *second]) == list(rows)
    assert np.bincount(labels[first]).tolist() == [4, 2, 1]
    assert np.bincount(labels[second], minlength=3).tolist() == [3, 2, 0]


def test_the_retrained_layer_is_where_the_balanced_loss_is_least(balanced_birds):
    cache = balanced_birds
    rows = np.flatnonzero((cache.labels == 0) | (np.arange(len(cache.labels)) % 3 == 0))
    head = balanced(cache, rows, 0.01)
    x = np.asarray(cache.features[rows], dtype=np.float64)
    scale = torch.from_numpy(x.std(axis=0) + 1e-6)
    labels = torch.from_numpy(cache.labels[rows])
    w = torch.from_numpy((head.weight[1] - head.weight[0]).astype(np.float64)).requires_grad_()
    b = torch.tensor(float(head.bias[1] - head.bias[0]), dtype=torch.float64, requires_grad=True)
    counts = torch.bincount(labels)
    share = (len(rows) / (2 * counts.double()))[labels]
    margin = (torch.from_numpy(x) @ w + b) * (2 * labels - 1)
    entropy = (share * torch.nn.functional.softplus(-margin)).sum()
    loss = entropy + (w * scale).square().sum() / (2 * 0.01)
    loss.backward()
    assert (w.grad / scale).abs().max() < 2e-3 * len(rows)
    with torch.no_grad():
        flat = share.sum() * np.log(2)
    assert loss.item() < 0.9 * flat


def test_a_class_without_images_is_never_predicted_and_it_is_said(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 40)
    features = rng.normal(size=(80, 12)) + 2 * np.eye(2, 12)[labels]
    cache = planted_cache(tmp_path / "f", features, labels, rng.normal(size=(3, 12)), np.zeros(3))
    assert balanced(cache, np.arange(80), 1.0).bias[2] == NEVER
    _, record = run(Caches(cache, []), tmp_path / "e", method="retrain")
    assert any("class 2: no selection images" in note for note in record.notes)


def test_images_of_one_class_cannot_be_retrained_on(tmp_path):
    rng = np.random.default_rng(0)
    cache = planted_cache(
        tmp_path / "f", rng.normal(size=(40, 12)), np.zeros(40, int),
        rng.normal(size=(2, 12)), [0, 0],
    )  # fmt: skip
    with pytest.raises(RequestError, match="two classes or more"):
        run(Caches(cache, []), tmp_path / "e", classes=(0,), method="retrain")
    _, record = run(Caches(cache, []), tmp_path / "e", classes=(0,))
    by_name = {some.name: some for some in record.variants}
    assert by_name[RETRAIN].overall.mean == by_name[ORIGINAL].overall.mean


def test_the_control_is_the_method_and_is_told_live(balanced_birds, tmp_path):
    caches = Caches(balanced_birds, [])
    records, zero = run(caches, tmp_path)
    _, plain = run(caches, tmp_path, method="retrain")
    assert worst(zero)[RETRAIN] == worst(plain)[EDIT]
    assert RETRAIN not in worst(plain)
    told = [some.controls[RETRAIN] for some in records if isinstance(some, EditEpoch)]
    assert told
    assert all(some == told[0] for some in told)
    assert 0.5 < told[0].worst_group < 1  # of images that the fit did not see


def test_the_held_out_images_choose_nothing(balanced_birds, tmp_path):
    cache = balanced_birds
    request = EditRequest(classes=(0, 1), seeds=1)
    held_out = make_plan(cache, request, tested=False).held_out
    spoilt = np.array(cache.features)
    spoilt[held_out] = np.random.default_rng(0).permutation(spoilt[held_out])
    other = Caches(planted_cache(
        tmp_path / "spoilt", np.array(cache.features), cache.labels, cache.weight, cache.bias,
        groups=cache.groups, group_names=BIRD_GROUPS,
    ), [])  # fmt: skip
    np.save(other.evaluation.directory / "features.npy", spoilt.astype(np.float32))
    assert not np.array_equal(other.evaluation.features, cache.features)
    for method in ("retrain", "neurontune", "afr"):
        heads = [
            read_head(root / run(some, root, method=method, seeds=1)[1].id, 200, 2)[0]
            for some, root in ((Caches(cache, []), tmp_path / "a"), (other, tmp_path / "b"))
        ]
        assert np.array_equal(heads[0].weight, heads[1].weight), method


def test_retraining_collapses_where_the_validation_images_are_biased(
    balanced_birds, biased_birds, tmp_path
):
    _, fair = run(Caches(balanced_birds, []), tmp_path, method="retrain")
    _, biased = run(biased_birds, tmp_path, method="retrain", test_split="test")
    _, grouped = run(biased_birds, tmp_path, method="dfr", test_split="test")
    assert worst(fair)[EDIT] > worst(fair)[ORIGINAL] + 0.2
    assert worst(biased)[EDIT] < worst(fair)[EDIT] - 0.15
    assert worst(grouped)[EDIT] > worst(biased)[EDIT] + 0.1
    assert "over every control" in grouped.verdict


def naive_biased_neurons(cache, rows):
    found = []
    for j in range(cache.meta.width):
        higher = []
        for k in range(len(cache.classes)):
            wrong = [float(cache.features[i, j]) for i in rows
                     if cache.labels[i] == k != cache.predicted[i]]  # fmt: skip
            right = [float(cache.features[i, j]) for i in rows
                     if cache.labels[i] == k == cache.predicted[i]]  # fmt: skip
            if wrong and right:
                higher.append(np.median(wrong) > np.median(right))
        if all(higher):
            found.append(j)
    return found


def test_neurontune_ablates_what_a_naive_loop_finds(balanced_birds, tmp_path):
    cache = balanced_birds
    rows = make_plan(cache, EditRequest(classes=(0, 1)), tested=False).selection
    wanted = naive_biased_neurons(cache, rows)
    assert 0 < len(wanted) < 200
    assert biased_neurons(cache, rows).tolist() == wanted
    _, record = run(Caches(cache, []), tmp_path, method="neurontune")
    head, _ = read_head(tmp_path / record.id, 200, 2)
    assert np.flatnonzero((head.weight == 0).all(axis=0)).tolist() == wanted
    assert any(f"{len(wanted)} of the neurons: {wanted[0]}" in note for note in record.notes)


def test_neurontune_without_mistakes_is_a_sentence(balanced_birds):
    cache = balanced_birds
    right = np.flatnonzero(cache.predicted == cache.labels)
    with pytest.raises(RequestError, match="no class has both"):
        biased_neurons(cache, right)


def test_afr_weighs_images_by_the_formula(balanced_birds):
    cache, rows, gamma = balanced_birds, np.arange(0, 300), 4.0
    logits = torch.tensor(np.array(cache.features[rows]) @ cache.weight.T + cache.bias)
    p = logits.softmax(1)[torch.arange(300), torch.from_numpy(cache.labels[rows])].numpy()
    wanted = np.array([
        np.exp(-gamma * p[i]) / (cache.labels[rows] == cache.labels[i]).sum() for i in range(300)
    ])  # fmt: skip
    assert np.allclose(weights(cache, rows, gamma), wanted / wanted.sum(), rtol=1e-4)
    flat = weights(cache, rows, 0.0)
    assert [flat[cache.labels[rows] == k].sum() for k in (0, 1)] == pytest.approx([0.5, 0.5])


def test_settings_of_afr_are_fitted_as_if_alone(balanced_birds):
    from engine.editing.methods.afr import _stacked, _unstacked

    cache, rows = balanced_birds, np.arange(0, 200)
    settings = [(0.0, 1e-3), (8.0, 1e-1)]
    together = _unstacked(_stacked(cache, rows, settings), 2)
    for setting, one in zip(settings, together, strict=True):
        alone = _stacked(cache, rows, [setting])
        assert np.allclose(one.weight, alone.weight, atol=1e-5)
        assert np.allclose(one.bias, alone.bias, atol=1e-5)
        assert np.allclose(one.weight, naive_afr(cache, rows, *setting).weight, atol=1e-4)


def naive_afr(cache, rows, gamma, pull):
    start = Head.of(cache)
    w, b = (torch.from_numpy(a.copy()).requires_grad_() for a in (start.weight, start.bias))
    x = torch.from_numpy(np.array(cache.features[rows], dtype=np.float32))
    share = torch.from_numpy(weights(cache, rows, gamma)).float()
    adam = torch.optim.Adam([w, b], lr=1e-2)
    for _ in range(STEPS):
        adam.zero_grad()
        entropy = torch.nn.functional.cross_entropy(
            x @ w.T + b, torch.from_numpy(cache.labels[rows]), reduction="none"
        )
        apart = (w - torch.from_numpy(start.weight)).square().sum()
        apart = apart + (b - torch.from_numpy(start.bias)).square().sum()
        ((share * entropy).sum() + pull * apart).backward()
        adam.step()
    return Head(w.detach().numpy(), b.detach().numpy())


def test_a_record_from_before_there_was_a_chosen_method_is_read(balanced_birds, tmp_path):
    import json

    from engine.editing.store import read_edit

    _, record = run(Caches(balanced_birds, []), tmp_path, method="retrain")
    path = tmp_path / record.id / "edit.json"
    before = read_edit(path.parent)
    old = json.loads(path.read_text())
    del old["chosen"], old["tried"]
    path.write_text(json.dumps(old))
    assert read_edit(path.parent) == before
