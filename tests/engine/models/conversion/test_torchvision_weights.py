import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform
from torchvision.models import get_model, get_model_weights

from engine.models.conversion import (
    conversions,
    torchvision_arguments,
    torchvision_transform,
    torchvision_weights,
)
from engine.models.conversion.torchvision_weights import NETWORKS
from tests.engine.models.conversion.making import assert_equal, logits, scrambled


def picture(width, height):
    values = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_preset_gives_torchvisions_pixels(name):
    config = torchvision_transform(name)
    weights = get_model_weights(NETWORKS[name].name)[NETWORKS[name].weights]
    for size in ((150, 113), (260, 301)):
        image = picture(*size)
        ours = create_transform(**config, is_training=False)(image)
        assert torch.equal(ours, weights.transforms()(image))


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(NETWORKS.keys() - {"vit_huge_patch14_224"}))  # 10 GB
def test_every_network_gives_torchvisions_logits(name):
    network = NETWORKS[name]
    size = {"swin": 224, "vit": int(name[-3:]) if name.startswith("vit") else 0}.get(
        name.partition("_")[0], 64
    )
    theirs = get_model(network.name, **({"image_size": 384} if size == 384 else {}))
    wanted = logits(scrambled(theirs, size), size)
    state = theirs.state_dict()
    ours = timm.create_model(name, num_classes=1000, **torchvision_arguments(name, state))
    converted = [found for _, found in conversions(state, ours)] or [state]
    ours.double().eval().load_state_dict(converted[0])
    assert_equal(logits(ours, size), wanted)


def test_a_published_files_name_tells_its_preprocessing():
    assert torchvision_transform("resnet50.tv_in1k")["crop_pct"] == 224 / 256
    newer = torchvision_transform("resnet50", "resnet50-11ad3fa6.pth")
    assert newer["crop_pct"] == pytest.approx(224 / 232)
    assert torchvision_weights("resnet50", "mine.pth") == "ResNet50_Weights.IMAGENET1K_V1"
    assert torchvision_weights("vit_base_patch16_384") == "ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1"


def test_other_models_have_none():
    assert torchvision_transform("tf_efficientnet_b0") is None
    assert torchvision_weights("vit_small_patch16_224") is None
