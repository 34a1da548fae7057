"""The objectives of drawings: what counts, when, and for whom."""

import pytest
import torch

from engine.visualization.objectives import OBJECTIVES
from engine.visualization.objectives.base import Terms


def terms(activation, cosine=0.3, **changes):
    """Of pictures that differ in their activation alone; real images reach 2."""
    values = torch.tensor(activation, requires_grad=True)
    fields = {
        "activation": values,
        "real": torch.full_like(values, 2.0).detach(),
        "logits": torch.tensor([[1.0, 3.0]] * len(activation), requires_grad=True),
        "class_index": 0,
        "cosine": None
        if cosine is None
        else torch.full((len(activation),), cosine).requires_grad_(),
        "gamma": 0.5,
        "epsilon": 0.05,
        "progress": 1.0,
    }
    return Terms(**{**fields, **changes})


@pytest.mark.parametrize("name", OBJECTIVES.names())
@pytest.mark.parametrize("cosine", [0.3, None])
def test_each_picture_is_judged_by_itself_and_a_higher_activation_is_better(name, cosine):
    given = terms([1.0, 2.5, 3.0], cosine)
    values = OBJECTIVES.get(name).value(given)
    assert values.shape == (3,)
    (gradient,) = torch.autograd.grad(values[1], given.activation)
    assert float(gradient[1]) > 0
    assert gradient[[0, 2]].tolist() == [0, 0]


def test_class_and_clip_count_where_the_neuron_activates_as_on_real_images():
    given = terms([1.9, 2.1])
    values = OBJECTIVES.get("neuron-first").value(given)
    logits, cosine = torch.autograd.grad(values.sum(), [given.logits, given.cosine])
    assert logits[0].tolist() == [0, 0]
    assert float(cosine[0]) == 0
    assert float(logits[1, 0]) > 0 > float(logits[1, 1])
    assert float(cosine[1]) == 1
    log_p = float(torch.tensor([1.0, 3.0]).log_softmax(0)[0])
    assert values.tolist() == pytest.approx([0.95, 1.05 + log_p + 0.3])


def test_without_the_class_only_clip_and_neuron_count():
    given = terms([2.1], gamma=0.0)
    (logits,) = torch.autograd.grad(OBJECTIVES.get("neuron-first").value(given).sum(), given.logits)
    assert logits.abs().max() == 0
