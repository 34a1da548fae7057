"""Logits of torchvision's own networks, and of timm's with the converted weights."""

import pytest
import timm
import torch
import torchvision.models as tv
from torchvision.models.convnext import CNBlockConfig

from engine.models.conversion import conversions, torchvision_arguments
from engine.schema.errors import ModelError
from tests.engine.models.conversion.making import assert_equal, logits, scrambled

C = 5


def tiny_vit():
    return tv.VisionTransformer(32, 8, 2, 4, 32, 48, num_classes=C), timm.create_model(
        "vit_base_patch16_224", num_classes=C, img_size=32, patch_size=8, embed_dim=32, depth=2,
        num_heads=4, mlp_ratio=1.5,
    )  # fmt: skip


def tiny_swin():
    theirs = tv.SwinTransformer([4, 4], 16, [2, 2], [2, 4], [4, 4], 4.0, num_classes=C)
    return theirs, timm.create_model(
        "swin_tiny_patch4_window7_224", num_classes=C, img_size=64, embed_dim=16, depths=(2, 2),
        num_heads=(2, 4), window_size=4,
    )  # fmt: skip


def tiny_convnext(**options):
    blocks = [CNBlockConfig(w, o, 2) for w, o in ((8, 16), (16, 24), (24, 32), (32, None))]
    return tv.ConvNeXt(blocks, layer_scale=0.5, num_classes=C), timm.create_model(
        "convnext_tiny", num_classes=C, depths=(2, 2, 2, 2), dims=(8, 16, 24, 32), **options
    )


def published(theirs, ours, **options):
    return tv.get_model(theirs, num_classes=C), timm.create_model(ours, num_classes=C, **options)


NETWORKS = {
    "ViT": (tiny_vit, 32),
    "Swin": (tiny_swin, 64),
    "ConvNeXt": (tiny_convnext, 64),
    "ConvNeXt of convolutions": (lambda: tiny_convnext(conv_mlp=True), 64),
    "MobileNetV2": (lambda: published("mobilenet_v2", "mobilenetv2_100"), 64),
    "MobileNetV3": (
        lambda: published("mobilenet_v3_small", "mobilenetv3_small_100", bn_eps=1e-3), 64,
    ),
    "EfficientNet": (lambda: published("efficientnet_b0", "efficientnet_b0"), 64),
    "RegNet": (lambda: published("regnet_y_400mf", "regnety_004"), 64),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_converted_weights_give_torchvisions_logits(name):
    build, size = NETWORKS[name]
    theirs, ours = build()
    wanted = logits(scrambled(theirs, size), size)
    [(description, state)] = conversions(theirs.state_dict(), ours)
    assert description.startswith(f"torchvision's {name.partition(' ')[0]}")
    ours.double().eval().load_state_dict(state)
    assert_equal(logits(ours, size), wanted)


def test_arguments_make_timms_network_torchvisions():
    theirs = tv.mobilenet_v3_small(num_classes=C)
    state = {f"module.{key}": value for key, value in theirs.state_dict().items()}
    assert torchvision_arguments("mobilenetv3_small_100.lamb_in1k", state) == {"bn_eps": 1e-3}
    own = timm.create_model("mobilenetv3_small_100").state_dict()
    assert torchvision_arguments("mobilenetv3_small_100", own) == {}
    assert torchvision_arguments("efficientnet_b0", state) == {}


REFUSED = {
    "epsilon": (
        "mobilenet_v3_small", "mobilenetv3_small_100", {},
        r"MobileNetV3, .* add 0.001 to a variance, this model's 1e-05; "
        r"give --model mobilenetv3_small_100 --model-arg bn_eps=0.001",
    ),
    "padding": (
        "efficientnet_b0", "tf_efficientnet_b0", {"bn_eps": 1e-5},
        r"as TensorFlow does; give --model efficientnet_b0,",
    ),
    "activation": (
        "efficientnet_b0", "efficientnet_b0", {"act_layer": "relu"},
        "its activations are silu, this model's relu",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_network_that_computes_something_else_is_refused(name):
    theirs, ours, options, reason = REFUSED[name]
    with torch.device("meta"):
        model = timm.create_model(ours, **options)
        state = tv.get_model(theirs).state_dict()
    with pytest.raises(ModelError, match=reason):
        list(conversions(state, model))


def test_windows_that_do_not_divide_the_image_are_refused():
    theirs, _ = tiny_swin()
    ours = timm.create_model(
        "swin_tiny_patch4_window7_224", num_classes=C, img_size=72, embed_dim=16, depths=(2, 2),
        num_heads=(2, 4), window_size=4,
    )  # fmt: skip
    with pytest.raises(ModelError, match="a margin, which it adds before it shifts"):
        list(conversions(theirs.state_dict(), ours))


def test_a_new_head_and_what_no_rule_knows_keep_their_names():
    theirs, ours = tiny_vit()
    theirs.heads = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Linear(32, C))
    state = {**theirs.state_dict(), "criterion.weight": torch.ones(C)}
    [(_, converted)] = conversions(state, ours)
    assert {"heads.1.weight", "heads.1.bias", "criterion.weight"} == set(converted) - set(
        ours.state_dict()
    )


def test_names_of_timm_and_of_its_twins_are_nobodys():
    for name in ("resnet18", "densenet121", "vit_tiny_patch16_224"):
        with torch.device("meta"):
            model = timm.create_model(name)
        assert not list(conversions(model.state_dict(), model))


def test_older_names_of_densenet():
    with torch.device("meta"):
        model = timm.create_model("densenet121")
    wanted = model.state_dict()
    older = {
        key.replace("norm1.", "norm.1.")
        .replace("norm2.", "norm.2.")
        .replace("conv1.", "conv.1.")
        .replace("conv2.", "conv.2.")
        if "denselayer" in key
        else key: value
        for key, value in wanted.items()
    }
    [(_, converted)] = conversions(older, model)
    assert converted.keys() == wanted.keys()
    assert all(converted[key] is value for key, value in wanted.items())
