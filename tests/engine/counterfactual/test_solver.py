import json

import pytest
import torch
from safetensors.torch import load_file

from engine.attribution.evidence import gather
from engine.attribution.ranking import rank
from engine.counterfactual.solver import nudge
from engine.features.summarize import votes
from tests.making import planted_cache


@pytest.fixture(scope="module")
def golden(shared):
    """The published loop's answers on the 73 mistakes, and the classifier's head."""
    found = load_file(shared / "golden/counterfactual_flowers89.safetensors")
    state = load_file(shared / "checkpoints/tf_efficientnet_lite0_flowers89.safetensors")
    return found, state["classifier.weight"], state["classifier.bias"]


@pytest.mark.shared
def test_all_golden_mistakes_at_once(golden):
    found, weight, bias = golden
    nudges = nudge(found["features"], found["labels"], weight, bias)
    assert len(nudges.steps) == 73
    assert float((nudges.delta - found["delta"]).abs().max()) < 1e-6
    assert torch.equal(nudges.steps, found["steps"].long())
    assert bool(nudges.flipped.all())


@pytest.mark.shared
def test_votes_are_the_published_ones_for_every_class(golden, shared, tmp_path):
    found, weight, bias = golden
    published = json.loads((shared / "golden/votes_flowers89_valid.json").read_text())
    cache = planted_cache(
        tmp_path / "features", found["features"], found["labels"].numpy(), weight, bias
    )
    for key, lists in published.items():
        neurons = rank(cache, gather(cache, int(key)), by="votes")
        assert neurons.mistakes == lists["n"]
        ours = [
            {str(entry.neuron): pytest.approx(entry.vote) for entry in side}
            for side in (neurons.insufficient, neurons.excessive)
        ]
        assert [lists["pos"], lists["neg"]] == ours
    assert {int(key) for key in published} == set(found["labels"].tolist())


def made(rows=24, width=30, classes=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(rows, width, generator=generator).relu().double()
    weight = 0.5 * torch.randn(classes, width, generator=generator).double()
    bias = torch.randn(classes, generator=generator).double()
    labels = torch.randint(0, classes, (rows,), generator=generator)
    return features, labels, weight, bias


def published_loop(f, k, weight, bias):
    """The counterfactual as docs/concepts.md writes it: one image, autograd, SGD with momentum."""
    w = torch.zeros_like(f, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.01, momentum=0.9)
    for step in range(2001):
        logits = weight @ (f + w) + bias
        if int(logits.argmax()) == k:
            return w.detach(), step
        loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor([k]))
        loss = loss + 0.1 * w.norm(1) / len(f) + 0.01 * w.norm(2) / len(f)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    raise AssertionError("never flipped")


def test_the_batch_equals_the_published_loop_image_by_image():
    features, labels, weight, bias = made()
    nudges = nudge(features, labels, weight, bias)
    assert len(set(nudges.steps.tolist())) > 3
    for row, (f, k) in enumerate(zip(features, labels.tolist(), strict=True)):
        delta, steps = published_loop(f, k, weight, bias)
        assert int(nudges.steps[row]) == steps
        assert torch.allclose(nudges.delta[row], delta, atol=1e-10)


def test_a_row_does_not_depend_on_its_batch():
    features, labels, weight, bias = made()
    together = nudge(features, labels, weight, bias)
    for row in range(len(labels)):
        alone = nudge(features[row : row + 1], labels[row : row + 1], weight, bias)
        assert torch.allclose(alone.delta[0], together.delta[row], atol=1e-12)
        assert int(alone.steps[0]) == int(together.steps[row])


def test_a_row_that_is_right_already_takes_no_step():
    features, _, weight, bias = made()
    labels = (features @ weight.T + bias).argmax(dim=1)
    nudges = nudge(features, labels, weight, bias)
    assert int(nudges.steps.max()) == 0
    assert float(nudges.delta.abs().max()) == 0
    assert bool(nudges.flipped.all())


def test_the_cap_is_reported():
    features, labels, weight, bias = made()
    weight[1] = weight[0]  # class 1 can never exceed class 0
    bias[1] = bias[0] - 1
    labels[:] = 2
    labels[3] = 1
    nudges = nudge(features, labels, weight, bias, max_steps=300)
    assert not bool(nudges.flipped[3])
    assert int(nudges.steps[3]) == 300
    assert bool(nudges.flipped[labels == 2].all())


def test_no_rows_are_no_trouble():
    features, labels, weight, bias = made()
    nudges = nudge(features[:0], labels[:0], weight, bias)
    assert nudges.delta.shape == (0, 30)
    assert len(nudges.steps) == len(nudges.flipped) == 0


def test_only_raised_neurons_vote_insufficient_and_only_lowered_ones_excessive():
    delta = torch.tensor([[0.5, -0.1, 0.0, 0.2, 0.0, 0.0, 0.0]])
    up, down = votes(delta)
    assert up.tolist() == [[0, 3, -1, -1, -1]]
    assert down.tolist() == [[1, -1, -1, -1, -1]]
