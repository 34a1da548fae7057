"""The last linear map, whatever it is called and however it is built."""

import pytest
import timm
import torch
from torch import nn

from engine.models.classifier import split_model
from engine.models.head import find_head
from engine.schema.errors import ModelError

CPU = torch.device("cpu")
HEADS = {
    "dla46_c": ("fc",),  # a 1x1 convolution after pooling
    "resnetv2_18": ("head.fc",),
    "levit_128s": ("head.linear", "head_dist.linear"),  # the mean of two, each after its norm
    "efficientformer_l1": ("head", "head_dist"),
    "test_resnet": ("fc",),
}


def made(name, classes=7):
    torch.manual_seed(0)
    return timm.create_model(name, num_classes=classes).eval()


@pytest.mark.parametrize("name", HEADS)
def test_the_head_on_the_features_is_the_model(name):
    body = made(name)
    classifier = split_model(body, CPU)
    assert classifier.head.names == HEADS[name]
    images = torch.randn(2, *classifier.input_config["input_size"])
    with torch.no_grad():
        logits = body(images)
        features = classifier.features(images)
        assert features.shape == (2, classifier.width)
        assert torch.allclose(classifier.decision(features), logits, rtol=1e-3, atol=1e-3)
        by_hand = features @ classifier.head.weight().T + classifier.head.bias()
        assert torch.allclose(by_hand, logits, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", HEADS)
def test_another_head_is_put_back_into_the_model(name):
    body = made(name)
    classifier = split_model(body, CPU)
    weight = torch.randn(7, classifier.width)
    bias = torch.randn(7) if classifier.has_bias else torch.zeros(7)
    body.load_state_dict(body.state_dict() | classifier.head.state(weight, bias))
    images = torch.randn(2, *classifier.input_config["input_size"])
    with torch.no_grad():
        wanted = classifier.features(images) @ weight.T + bias
        assert torch.allclose(body(images), wanted, rtol=1e-3, atol=1e-2)


def test_heads_that_begin_at_zero_are_told_apart_and_left_as_they_were():
    body = made("levit_128s")
    for head in (body.head.linear, body.head_dist.linear):
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    before = {key: value.clone() for key, value in body.state_dict().items()}
    found = find_head(body, torch.randn(1, 3, 224, 224))
    assert found is not None
    assert found.names == ("head.linear", "head_dist.linear")
    assert all(torch.equal(before[key], value) for key, value in body.state_dict().items())


def test_gradients_reach_the_images_through_a_captured_head():
    classifier = split_model(made("dla46_c"), CPU)
    images = torch.randn(1, 3, 224, 224, requires_grad=True)
    classifier.features(images).sum().backward()
    assert float(images.grad.abs().sum()) > 0


def test_weights_that_give_nan_are_said_to():
    body = made("test_resnet")
    with torch.no_grad():
        body.bn1.running_var.fill_(-1.0)
    with pytest.raises(ModelError, match="NaN or infinite logits"):
        split_model(body, CPU)
