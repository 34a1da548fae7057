import pytest
import timm
import torch
from torch import nn

from engine.models.classifier import pick_device, split_model
from engine.schema.errors import ModelError
from tests.making import NARROW, make_model

CPU = torch.device("cpu")
SMALL_IMAGES = {"pretrained_cfg_overlay": {"input_size": (3, 96, 96)}}
FAMILIES = {
    "test_resnet": {},
    "test_vit": {},
    "test_convnext": {},
    "test_efficientnet": {},
    "mobilenetv3_small_050": {},
    "densenet121": SMALL_IMAGES,
    "vgg11": NARROW["vgg11"],
    "swin_tiny_patch4_window7_224": {"embed_dim": 24, "depths": (1, 1, 1, 1)},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_head_on_the_features_is_the_model(name):
    torch.manual_seed(0)
    body = timm.create_model(name, num_classes=7, **FAMILIES[name]).eval()
    classifier = split_model(body, CPU)
    images = torch.randn(2, *classifier.input_config["input_size"])
    with torch.inference_mode():
        features = classifier.features(images)
        assert features.shape == (2, classifier.width)
        assert float((classifier.decision(features) - body(images)).abs().max()) < 1e-5
        assert torch.equal(classifier.pool(classifier.feature_map(images)), features)
    assert body.get_submodule(classifier.head.names[0]) is classifier.decision


def test_neurons_are_the_heads_inputs_not_num_features():
    classifier = split_model(make_model("mobilenetv3_small_050"), CPU)
    assert classifier.width == classifier.decision.in_features == 1024
    assert classifier.body.num_features == 288


def test_nothing_trains_or_drifts():
    classifier = split_model(make_model().train(), CPU)
    assert not classifier.body.training
    assert not any(p.requires_grad for p in classifier.body.parameters())


def test_normalising_is_undone():
    classifier = split_model(make_model(), CPU)
    images = torch.rand(2, 3, 8, 8)
    assert torch.allclose(classifier.denormalise(classifier.normalise(images)), images, atol=1e-6)


def test_a_head_that_is_not_one_linear_layer_is_named():
    with pytest.raises(ModelError, match=r"unsupported head Identity; a linear"):
        split_model(timm.create_model("test_resnet", num_classes=0), CPU)


def test_a_model_that_does_more_after_its_layer_is_refused():
    body = make_model()
    body.forward = lambda x: body.forward_head(body.forward_features(x)).tanh()
    with pytest.raises(ModelError, match="not a fixed linear map"):
        split_model(body, CPU)


def test_a_model_of_another_library_is_refused():
    with pytest.raises(ModelError, match="forward_features"):
        split_model(nn.Linear(3, 2), CPU)


@pytest.mark.parametrize("name", ["cuda:99", "tpu-ish", "meta"])
def test_a_device_that_is_not_here_is_refused(name):
    with pytest.raises(ModelError, match="evice"):
        pick_device(name)


def test_auto_finds_a_device():
    assert pick_device("auto").type in ("cpu", "cuda", "mps")
